/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Journals on the daemon's disk; see journal-list.h. */
#include "client/bus/journal-list.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "client/bus/bus-dict.h"
#include "client/bus/daemon-bus.h"
#include "client/bus/hidden.h"
#include "journal/base/amounts.h"
#include "journal/base/escape.h"

static const struct bus_dict_field fields[] = {
	{ "Owner", BUS_DICT_NUMBER, offsetof(struct archived, owner) },
	{ "Name", BUS_DICT_STRING, offsetof(struct archived, name) },
	{ "Running", BUS_DICT_BOOLEAN, offsetof(struct archived, running) },
	{ "Bytes", BUS_DICT_NUMBER, offsetof(struct archived, bytes) },
	{ "Started", BUS_DICT_NUMBER, offsetof(struct archived, started) },
	{ "Ended", BUS_DICT_NUMBER, offsetof(struct archived, ended) },
	{ "EndReason", BUS_DICT_STRING, offsetof(struct archived, end_reason) },
};

static void archived_free(void *context)
{
	struct archived *journal = context;

	g_free(journal->name);
	g_free(journal->end_reason);
	g_free(journal);
}

static int read_journals(sd_bus_message *message, GPtrArray *journals)
{
	int r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "(ta{sv})");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(message, SD_BUS_TYPE_STRUCT, "ta{sv}")) > 0) {
		struct archived *journal = g_new0(struct archived, 1);

		g_ptr_array_add(journals, journal);
		r = sd_bus_message_read(message, "t", &journal->id);
		if (r >= 0)
			r = bus_dict_read(message, fields, G_N_ELEMENTS(fields), journal);
		if (r >= 0)
			r = sd_bus_message_exit_container(message);
		if (r < 0)
			return r;
		if (!journal->name)
			journal->name = g_strdup("");
	}
	return r;
}

static int page_call(sd_bus *bus, const struct archive_filter *filter, uint64_t after,
	sd_bus_message **ret, char **ret_reason)
{
	auto_bus_message *call = NULL;
	int r = bus_call_new(
		bus, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, "ListJournalsAfter", &call);

	if (r >= 0)
		r = sd_bus_message_append(call, "t", after);
	if (r >= 0)
		r = sd_bus_message_open_container(call, SD_BUS_TYPE_ARRAY, "{sv}");
	if (r >= 0 && filter->running)
		r = sd_bus_message_append(call, "{sv}", "Running", "b", 1);
	if (r >= 0 && filter->name)
		r = sd_bus_message_append(call, "{sv}", "Name", "s", filter->name);
	if (r >= 0)
		r = sd_bus_message_close_container(call);
	return bus_call_send(bus, call, r, ret, ret_reason);
}

int archive_list(
	sd_bus *bus, const struct archive_filter *filter, GPtrArray **ret, char **ret_reason)
{
	g_autoptr(GPtrArray) journals = g_ptr_array_new_with_free_func(archived_free);
	uint64_t after = 0;
	int more = 1;

	while (more) {
		auto_bus_message *reply = NULL;
		unsigned int before = journals->len;
		int r = page_call(bus, filter, after, &reply, ret_reason);

		if (r < 0)
			return r;
		r = read_journals(reply, journals);
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
		if (r >= 0)
			r = sd_bus_message_read(reply, "b", &more);
		/* A page without progress would be asked for endlessly. */
		if (r >= 0 && more && journals->len == before)
			r = -EBADMSG;
		if (r < 0)
			return bus_unreadable(r, ret_reason);
		if (journals->len > 0)
			after = ((const struct archived *)g_ptr_array_index(
					 journals, journals->len - 1))
					->id;
	}
	*ret = g_steal_pointer(&journals);
	return 0;
}

const struct archived *archive_find(const GPtrArray *journals, uint64_t id)
{
	for (unsigned int i = 0; journals && i < journals->len; i++) {
		const struct archived *journal = g_ptr_array_index(journals, i);

		if (journal->id == id)
			return journal;
	}
	return NULL;
}

int archive_resolve(sd_bus *bus, const char *id_or_name, uint64_t *ret_id, char **ret_reason)
{
	g_autoptr(GPtrArray) journals = NULL;
	const struct archive_filter filter = { .name = id_or_name };
	const struct archived *found = NULL;
	g_autofree char *escaped = NULL;
	g_autofree char *absence = NULL;
	int r;

	if (parse_count(id_or_name, ret_id) == 0)
		return 0;
	/* Names are valid UTF-8. */
	r = g_utf8_validate(id_or_name, -1, NULL)
		? archive_list(bus, &filter, &journals, ret_reason)
		: 0;
	if (r < 0)
		return r;
	for (unsigned int i = journals ? journals->len : 0; i-- > 0;) {
		const struct archived *journal = g_ptr_array_index(journals, i);

		if (g_str_equal(journal->name, id_or_name) &&
			(!found || (journal->owner == geteuid() && found->owner != geteuid())))
			found = journal;
	}
	if (found) {
		*ret_id = found->id;
		return 0;
	}
	escaped = text_escape_dup(id_or_name);
	absence = g_strdup_printf("there is no journal of a session \"%s\"", escaped);
	*ret_reason = hidden_absence(bus, absence, ARCHIVE_REMEDY);
	return -ESRCH;
}
