/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drop counters; see drop-counters.h. */
#include "client/bus/drop-counters.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "client/bus/bus-dict.h"
#include "client/bus/daemon-bus.h"
#include "journal/base/amounts.h"

static const struct bus_dict_field fields[] = {
	{ "netns-cookie", BUS_DICT_NUMBER, offsetof(struct drop, netns_cookie) },
	{ "netns-inode", BUS_DICT_NUMBER, offsetof(struct drop, netns_inode) },
	{ "netns", BUS_DICT_STRING, offsetof(struct drop, netns) },
	{ "netns-gone", BUS_DICT_BOOLEAN, offsetof(struct drop, netns_gone) },
	{ "family", BUS_DICT_STRING, offsetof(struct drop, family) },
	{ "table", BUS_DICT_STRING, offsetof(struct drop, table) },
	{ "table-handle", BUS_DICT_NUMBER, offsetof(struct drop, table_handle) },
	{ "chain", BUS_DICT_STRING, offsetof(struct drop, chain) },
	{ "chain-handle", BUS_DICT_NUMBER, offsetof(struct drop, chain_handle) },
	{ "handle", BUS_DICT_NUMBER, offsetof(struct drop, handle) },
	{ "policy", BUS_DICT_BOOLEAN, offsetof(struct drop, policy) },
	{ "rule", BUS_DICT_STRING, offsetof(struct drop, rule) },
	{ "packets", BUS_DICT_NUMBER, offsetof(struct drop, packets) },
	{ "bytes", BUS_DICT_NUMBER, offsetof(struct drop, bytes) },
	{ "first", BUS_DICT_NUMBER, offsetof(struct drop, first) },
	{ "last", BUS_DICT_NUMBER, offsetof(struct drop, last) },
	{ "example", BUS_DICT_STRING, offsetof(struct drop, example) },
};

static const struct bus_dict_field total_fields[] = {
	{ "packets", BUS_DICT_NUMBER, offsetof(struct drop_list, packets) },
	{ "bytes", BUS_DICT_NUMBER, offsetof(struct drop_list, bytes) },
	{ "uncounted", BUS_DICT_NUMBER, offsetof(struct drop_list, uncounted) },
	{ "missed", BUS_DICT_NUMBER, offsetof(struct drop_list, missed) },
};

static void drop_destroy(void *pointer)
{
	struct drop *drop = pointer;

	g_free(drop->netns);
	g_free(drop->family);
	g_free(drop->table);
	g_free(drop->chain);
	g_free(drop->rule);
	g_free(drop->example);
	g_free(drop);
}

static struct drop_list *drop_list_new(void)
{
	struct drop_list *list = g_new0(struct drop_list, 1);

	list->drops = g_ptr_array_new_with_free_func(drop_destroy);
	list->missed = DROP_MISSED_UNKNOWN;
	return list;
}

/* Sets names that are always printed to "" if missing, and an empty name of a namespace to NULL. */
static void drop_complete(struct drop *drop)
{
	char **names[] = { &drop->family, &drop->table, &drop->chain };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (!*names[i])
			*names[i] = g_strdup("");
	}
	if (drop->netns && !*drop->netns)
		g_clear_pointer(&drop->netns, g_free);
}

static int read_drops(sd_bus_message *reply, GPtrArray *drops)
{
	int r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "a{sv}");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_at_end(reply, 0)) == 0) {
		struct drop *drop = g_new0(struct drop, 1);

		g_ptr_array_add(drops, drop);
		r = bus_dict_read(reply, fields, G_N_ELEMENTS(fields), drop);
		if (r < 0)
			return r;
		drop_complete(drop);
	}
	return r < 0 ? r : sd_bus_message_exit_container(reply);
}

int drop_list_read(sd_bus_message *reply, struct drop_list **ret, char **ret_reason)
{
	auto_drop_list *list = drop_list_new();
	int r = read_drops(reply, list->drops);

	if (r >= 0)
		r = bus_dict_read(reply, total_fields, G_N_ELEMENTS(total_fields), list);
	if (r < 0)
		return bus_unreadable(r, ret_reason);
	*ret = g_steal_pointer(&list);
	return 0;
}

int drop_list_get(sd_bus *bus, struct drop_list **ret, char **ret_reason)
{
	auto_bus_message *call = NULL, *reply = NULL;
	int r = bus_call_new(
		bus, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, "GetDropCounters", &call);

	if (r >= 0)
		r = sd_bus_message_append(call, "a{sv}", 0);
	r = bus_call_send(bus, call, r, &reply, ret_reason);
	return r < 0 ? r : drop_list_read(reply, ret, ret_reason);
}

void drop_netns_text(const struct drop *drop, GString *text)
{
	if (drop->netns)
		g_string_append(text, drop->netns);
	else if (drop->netns_inode != 0)
		g_string_append_printf(text, "%" G_GUINT64_FORMAT, drop->netns_inode);
	if (drop->netns_gone)
		g_string_append(text, " (gone)");
}

/* Digits are an inode, "0x..." is a cookie. A namespace that is gone is selected by its cookie
 * only: its name and inode may belong to another one now. */
static bool netns_fits(const struct drop *drop, const char *text)
{
	uint64_t number;

	if (g_str_has_prefix(text, "0x"))
		return drop->netns_cookie == g_ascii_strtoull(text + strlen("0x"), NULL, 16);
	if (drop->netns_gone)
		return false;
	if (parse_count(text, &number) == 0)
		return drop->netns_inode == number;
	return g_strcmp0(drop->netns, text) == 0;
}

static bool any_netns_fits(const struct drop *drop, const GStrv texts)
{
	if (!texts)
		return true;
	for (char **text = texts; *text; text++) {
		if (netns_fits(drop, *text))
			return true;
	}
	return false;
}

static bool any_is(const GStrv texts, const char *name)
{
	return !texts || g_strv_contains((const char *const *)texts, name);
}

static uint64_t rank(const struct drop *drop, enum drop_sort sort)
{
	switch (sort) {
	case DROP_SORT_BYTES:
		return drop->bytes;
	case DROP_SORT_LAST:
		return drop->last;
	case DROP_SORT_PACKETS:
		break;
	}
	return drop->packets;
}

/* The highest first; equal counters in an order that is stable from call to call. */
static int compare_drops(const void *one, const void *other, void *sort)
{
	const struct drop *a = *(struct drop *const *)one;
	const struct drop *b = *(struct drop *const *)other;
	uint64_t left = rank(a, *(enum drop_sort *)sort);
	uint64_t right = rank(b, *(enum drop_sort *)sort);
	int names;

	if (left != right)
		return left < right ? 1 : -1;
	names = strcmp(a->table, b->table);
	if (names == 0)
		names = strcmp(a->chain, b->chain);
	if (names != 0)
		return names;
	return a->handle < b->handle ? -1 : a->handle > b->handle;
}

void drop_list_filter(struct drop_list *list, const struct drop_filter *wanted)
{
	enum drop_sort sort = wanted->sort;

	list->others = list->drops->len;
	for (unsigned int i = list->drops->len; i-- > 0;) {
		const struct drop *drop = g_ptr_array_index(list->drops, i);

		if (!any_is(wanted->tables, drop->table) || !any_is(wanted->chains, drop->chain) ||
			!any_netns_fits(drop, wanted->netns))
			g_ptr_array_remove_index_fast(list->drops, i);
	}
	g_ptr_array_sort_with_data(list->drops, compare_drops, &sort);
	if (wanted->limit > 0 && list->drops->len > wanted->limit)
		g_ptr_array_set_size(list->drops, (int)wanted->limit);
	list->others -= list->drops->len;
}

int drop_sort_parse(const char *text, enum drop_sort *ret)
{
	static const char *const names[] = {
		[DROP_SORT_PACKETS] = "packets",
		[DROP_SORT_BYTES] = "bytes",
		[DROP_SORT_LAST] = "last",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (g_str_equal(text, names[i])) {
			*ret = i;
			return 0;
		}
	}
	return -EINVAL;
}

bool drop_is_same(const struct drop *one, const struct drop *other)
{
	return one->netns_cookie == other->netns_cookie && one->netns_inode == other->netns_inode &&
		one->table_handle == other->table_handle &&
		one->chain_handle == other->chain_handle && one->handle == other->handle &&
		g_str_equal(one->family, other->family) && g_str_equal(one->table, other->table) &&
		g_str_equal(one->chain, other->chain);
}

struct drop_list *drop_list_free(struct drop_list *list)
{
	if (!list)
		return NULL;
	g_ptr_array_unref(list->drops);
	g_free(list);
	return NULL;
}
