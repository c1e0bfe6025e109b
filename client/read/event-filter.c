/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Selecting events; see event-filter.h. */
#include "client/read/event-filter.h"

#include <errno.h>
#include <string.h>

#include "client/input/name-list.h"
#include "client/read/packet-filter.h"
#include "journal/base/amounts.h"
#include "journal/base/clock.h"
#include "journal/base/escape.h"
#include "journal/event/decode.h"

#define VERDICT_FIRST (-5) /* of the kernel's */
#define VERDICT_LAST  5

/* A network namespace: by its cookie, its inode or its name. */
struct netns {
	enum {
		NETNS_COOKIE,
		NETNS_INODE,
		NETNS_NAME,
	} kind;
	uint64_t number;
	const char *name; /* in netns_names */
};

struct event_filter {
	uint64_t verdicts; /* bit n: VERDICT_FIRST + n; 0: any */
	struct packet_filter *filter;
	GStrv tables, chains;
	GArray *handles; /* uint64_t */
	GArray *netns; /* struct netns */
	GStrv netns_names;
	bool has_since, has_until;
	struct when since, until;
	bool events; /* events are tested for more than their time */
};

static int verdict_bit(const char *name, uint64_t *ret)
{
	for (int32_t code = VERDICT_FIRST; code <= VERDICT_LAST; code++) {
		if (g_strcmp0(event_verdict_name(code), name) != 0)
			continue;
		*ret = 1ULL << (code - VERDICT_FIRST);
		return 0;
	}
	return -EINVAL;
}

static int take_verdicts(struct event_filter *filter, const char *text, char **ret_reason)
{
	g_auto(GStrv) names = NULL;

	if (name_list_parse(text, &names) < 0) {
		*ret_reason = g_strdup("--verdicts takes names, separated by commas");
		return -EINVAL;
	}
	for (char **name = names; *name; name++) {
		uint64_t bit = UINT64_MAX;

		if (!g_str_equal(*name, "all") && verdict_bit(*name, &bit) < 0) {
			g_autofree char *escaped = text_excerpt_dup(*name);

			*ret_reason = g_strdup_printf(
				"unknown verdict \"%s\": it must be accept, break, continue, "
				"drop, goto, jump, queue, repeat, return, stolen or all",
				escaped);
			return -EINVAL;
		}
		filter->verdicts |= bit;
	}
	return 0;
}

static int take_handles(struct event_filter *filter, char *const *texts, char **ret_reason)
{
	filter->handles = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	for (; *texts; texts++) {
		uint64_t handle;

		if (parse_count(*texts, &handle) < 0) {
			*ret_reason = g_strdup("--handle takes the number of a rule");
			return -EINVAL;
		}
		g_array_append_val(filter->handles, handle);
	}
	return 0;
}

/* Digits are an inode, "0x..." is a cookie, anything else a name. -EINVAL. */
static int parse_netns(const char *text, struct netns *ret)
{
	char *end;

	*ret = (struct netns){ .kind = NETNS_INODE };
	if (parse_count(text, &ret->number) == 0)
		return 0;
	if (!g_str_has_prefix(text, "0x")) {
		*ret = (struct netns){ .kind = NETNS_NAME, .name = text };
		return *text ? 0 : -EINVAL;
	}
	errno = 0;
	*ret = (struct netns){
		.kind = NETNS_COOKIE,
		.number = g_ascii_strtoull(text + strlen("0x"), &end, 16),
	};
	return g_ascii_isxdigit(text[strlen("0x")]) && errno == 0 && !*end ? 0 : -EINVAL;
}

static int take_netns(struct event_filter *filter, GStrv texts, char **ret_reason)
{
	filter->netns = g_array_new(FALSE, TRUE, sizeof(struct netns));
	filter->netns_names = g_strdupv(texts);
	for (char **text = filter->netns_names; *text; text++) {
		struct netns netns;

		if (parse_netns(*text, &netns) < 0) {
			*ret_reason =
				g_strdup("--netns takes an inode, a cookie (0x...) or a name");
			return -EINVAL;
		}
		g_array_append_val(filter->netns, netns);
	}
	return 0;
}

static int take_when(const char *option, const char *text, enum when_zone zone, struct when *ret,
	char **ret_reason)
{
	int r = when_parse(text, zone, clock_ns(CLOCK_REALTIME), ret);

	if (r < 0)
		*ret_reason = g_strdup_printf("%s takes " WHEN_FORMS, option);
	return r;
}

static int take_times(struct event_filter *filter, const struct event_filter_options *wanted,
	enum when_zone zone, char **ret_reason)
{
	int r = 0;

	filter->has_since = wanted->since != NULL;
	filter->has_until = wanted->until != NULL;
	if (wanted->since)
		r = take_when("--since", wanted->since, zone, &filter->since, ret_reason);
	if (r >= 0 && wanted->until)
		r = take_when("--until", wanted->until, zone, &filter->until, ret_reason);
	if (r >= 0 && wanted->since && wanted->until &&
		filter->since.clock == filter->until.clock &&
		filter->since.time > filter->until.time) {
		*ret_reason = g_strdup("--since is later than --until");
		return -EINVAL;
	}
	return r;
}

static int take_options(struct event_filter *filter, const struct event_filter_options *wanted,
	enum when_zone zone, char **ret_reason)
{
	int r = take_times(filter, wanted, zone, ret_reason);

	if (r >= 0 && wanted->verdicts)
		r = take_verdicts(filter, wanted->verdicts, ret_reason);
	if (r >= 0 && wanted->filter)
		r = packet_filter_new(wanted->filter, &filter->filter, ret_reason);
	if (r >= 0 && wanted->handles)
		r = take_handles(filter, wanted->handles, ret_reason);
	if (r >= 0 && wanted->netns)
		r = take_netns(filter, wanted->netns, ret_reason);
	filter->tables = g_strdupv(wanted->tables);
	filter->chains = g_strdupv(wanted->chains);
	filter->events = filter->verdicts || filter->filter || filter->handles || filter->netns ||
		filter->tables || filter->chains;
	return r;
}

int event_filter_new(const struct event_filter_options *wanted, enum when_zone zone,
	struct event_filter **ret, char **ret_reason)
{
	auto_event_filter *filter = g_new0(struct event_filter, 1);
	int r = take_options(filter, wanted, zone, ret_reason);

	if (r < 0)
		return r;
	*ret = filter->events || filter->has_since || filter->has_until ? g_steal_pointer(&filter)
									: NULL;
	return 0;
}

/* Compares with the name in the event and with its printed, escaped form. */
static bool name_fits(GStrv wanted, struct event_text name)
{
	char escaped[TEXT_ESCAPED_MAX(EVENT_NAME_MAX)];
	size_t length = text_escape_word(name.bytes, name.length, escaped, sizeof(escaped));

	for (; *wanted; wanted++) {
		size_t size = strlen(*wanted);

		if ((size == name.length && memcmp(*wanted, name.bytes, size) == 0) ||
			(size == length && memcmp(*wanted, escaped, size) == 0))
			return true;
	}
	return false;
}

static bool verdict_fits(const struct event_filter *filter, int32_t verdict)
{
	if (filter->verdicts == UINT64_MAX)
		return true;
	return verdict >= VERDICT_FIRST && verdict <= VERDICT_LAST &&
		(filter->verdicts & (1ULL << (verdict - VERDICT_FIRST)));
}

static bool handle_fits(const GArray *handles, const struct event_nft *nft)
{
	if (!(nft->flags & EVENT_NFT_RULE))
		return false;
	for (guint i = 0; i < handles->len; i++) {
		if (g_array_index(handles, uint64_t, i) == nft->rule_handle)
			return true;
	}
	return false;
}

/* Tests the event's section of nf_tables, which events of other probes do not have. */
static bool nft_fits(const struct event_filter *filter, const struct event *event)
{
	bool chain = event->has_nft && (event->nft.flags & EVENT_NFT_CHAIN);

	if (filter->verdicts && !(event->has_nft && verdict_fits(filter, event->nft.verdict)))
		return false;
	if (filter->handles && !(event->has_nft && handle_fits(filter->handles, &event->nft)))
		return false;
	if (filter->tables && !(chain && name_fits(filter->tables, event->table)))
		return false;
	return !filter->chains || (chain && name_fits(filter->chains, event->chain));
}

static bool netns_fits(
	const struct netns *netns, struct name_table *name_table, const struct event_head *head)
{
	switch (netns->kind) {
	case NETNS_COOKIE:
		return netns->number == head->netns_cookie;
	case NETNS_INODE:
		return netns->number == head->netns_inode;
	case NETNS_NAME:
		return g_strcmp0(netns->name,
			       name_table_netns(
				       name_table, head->netns_cookie, head->netns_inode)) == 0;
	}
	return false;
}

static bool any_netns_fits(const struct event_filter *filter, struct name_table *name_table,
	const struct event_head *head)
{
	for (guint i = 0; i < filter->netns->len; i++) {
		if (netns_fits(&g_array_index(filter->netns, struct netns, i), name_table, head))
			return true;
	}
	return false;
}

static bool packet_fits(const struct packet_filter *filter, const struct event *event)
{
	const struct event_packet *packet = &event->packet;

	return event->has_packet &&
		packet_filter_match(filter, packet->link, event->packet_bytes, packet->captured,
			packet->length);
}

static uint64_t clock_time(
	const struct when *when, const struct journal_set_record *record, uint64_t monotonic)
{
	return when->clock == WHEN_REALTIME ? record->time : monotonic;
}

static bool time_fits(const struct event_filter *filter, const struct journal_set_record *record,
	uint64_t monotonic)
{
	if (filter->has_since && clock_time(&filter->since, record, monotonic) < filter->since.time)
		return false;
	return !filter->has_until ||
		clock_time(&filter->until, record, monotonic) <= filter->until.time;
}

bool event_filter_record(const struct event_filter *filter, struct name_table *name_table,
	const struct journal_set_record *record)
{
	bool swapped = record->entry.byte_order != JOURNAL_BYTE_ORDER;
	struct event event;

	if (!filter || record->entry.type != JOURNAL_EVENT)
		return true;
	if (event_decode(record->entry.data, record->entry.size, swapped, &event) < 0)
		return true;
	if (!time_fits(filter, record, event.head.time))
		return false;
	if (!filter->events)
		return true;
	if (filter->netns && !any_netns_fits(filter, name_table, &event.head))
		return false;
	return nft_fits(filter, &event) && (!filter->filter || packet_fits(filter->filter, &event));
}

struct event_filter *event_filter_free(struct event_filter *filter)
{
	if (!filter)
		return NULL;
	packet_filter_free(filter->filter);
	g_strfreev(filter->tables);
	g_strfreev(filter->chains);
	g_clear_pointer(&filter->handles, g_array_unref);
	g_clear_pointer(&filter->netns, g_array_unref);
	g_strfreev(filter->netns_names);
	g_free(filter);
	return NULL;
}
