/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GetDropCounters: thousands of counters make a big reply, so it is put together a piece in each turn of
 * the event loop, one reply after the other; calls wait for their turn.
 */
#include <errno.h>
#include <limits.h>

#include "daemon/bus/authorise.h"
#include "daemon/bus/bus-private.h"
#include "daemon/bus/callers.h"
#include "journal/event/decode.h"

#define WAITING_MAX 64 /* calls */
#define PIECE       64 /* counters put into a reply in a turn */

#define CONGESTED_USEC (10 * 1000) /* between two looks whether the replies before are written */

/* A call that has not its answer. */
struct waiting {
	sd_bus_message *message;
	struct caller *caller; /* NULL: root */
	bool examples; /* of packets: for who may read such */
};

struct drops_bus {
	GQueue waiting; /* of struct waiting */
	/* A timer that is due at once: what else is due by then has its turn before. */
	sd_event_source *source;
	/* Of the first one. */
	sd_bus_message *reply; /* NULL: not begun */
	GPtrArray *counters;
	unsigned int next;
	struct drop_totals totals;
};

static struct waiting *waiting_new(sd_bus_message *message, struct authorise *authorise)
{
	struct waiting *waiting = g_new(struct waiting, 1);

	waiting->message = sd_bus_message_ref(message);
	waiting->caller = authorise_hold(authorise, message);
	waiting->examples = authorise_may(authorise, ACTION_READ_EVENTS);
	return waiting;
}

static void waiting_free(void *data)
{
	struct waiting *waiting = data;

	sd_bus_message_unref(waiting->message);
	caller_release(waiting->caller);
	g_free(waiting);
}

static int append_rest(
	sd_bus_message *reply, const struct drop_counter *counter, const struct waiting *call)
{
	int r = 0;

	if (counter->netns)
		r = sd_bus_message_append(reply, "{sv}", "netns", "s", counter->netns);
	if (r >= 0 && counter->netns_gone)
		r = sd_bus_message_append(reply, "{sv}", "netns-gone", "b", 1);
	if (r >= 0 && !counter->policy)
		r = sd_bus_message_append(reply, "{sv}", "handle", "t", counter->handle);
	if (r >= 0 && counter->rule)
		r = sd_bus_message_append(reply, "{sv}", "rule", "s", counter->rule);
	if (r >= 0 && counter->example && call->examples)
		r = sd_bus_message_append(reply, "{sv}", "example", "s", counter->example);
	return r;
}

static int append_counter(
	sd_bus_message *reply, const struct drop_counter *counter, const struct waiting *call)
{
	const char *family = event_family_name(counter->family);
	int r = sd_bus_message_open_container(reply, 'a', "{sv}");

	if (r >= 0)
		r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "netns-cookie",
			"t", counter->netns_cookie, "netns-inode", "u", counter->netns_inode,
			"family", "s", family ? family : "", "table", "s", counter->table,
			"table-handle", "t", counter->table_handle, "chain", "s", counter->chain,
			"chain-handle", "t", counter->chain_handle);
	if (r >= 0)
		r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}", "policy", "b",
			(int)counter->policy, "packets", "t", counter->packets, "bytes", "t",
			counter->bytes, "first", "t", counter->first, "last", "t", counter->last);
	if (r >= 0)
		r = append_rest(reply, counter, call);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_totals(sd_bus_message *reply, const struct drop_totals *totals)
{
	int r = sd_bus_message_open_container(reply, 'a', "{sv}");

	if (r >= 0)
		r = sd_bus_message_append(reply, "{sv}{sv}{sv}", "packets", "t", totals->packets,
			"bytes", "t", totals->bytes, "uncounted", "t", totals->uncounted);
	if (r >= 0 && totals->missed_known)
		r = sd_bus_message_append(reply, "{sv}", "missed", "t", totals->missed);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int reply_begin(struct bus *bus, const struct waiting *call)
{
	struct drops_bus *drops = bus->drops;
	int r = drops_read(
		engine_drops(manager_engine(bus->manager)), &drops->counters, &drops->totals);

	if (r >= 0)
		r = sd_bus_message_new_method_return(call->message, &drops->reply);
	if (r >= 0)
		r = sd_bus_message_open_container(drops->reply, 'a', "a{sv}");
	drops->next = 0;
	return r;
}

/* 1: it is sent; 0: there is more. */
static int reply_go_on(struct drops_bus *drops, const struct waiting *call)
{
	unsigned int end = MIN(drops->next + PIECE, drops->counters->len);
	int r = 0;

	for (; r >= 0 && drops->next < end; drops->next++)
		r = append_counter(drops->reply, drops->counters->pdata[drops->next], call);
	if (r < 0 || drops->next < drops->counters->len)
		return MIN(r, 0);
	r = sd_bus_message_close_container(drops->reply);
	if (r >= 0)
		r = append_totals(drops->reply, &drops->totals);
	if (r >= 0)
		r = sd_bus_send(NULL, drops->reply, NULL);
	return r < 0 ? r : 1;
}

static void reply_clear(struct drops_bus *drops)
{
	drops->reply = sd_bus_message_unref(drops->reply);
	g_clear_pointer(&drops->counters, g_ptr_array_unref);
}

static int turn_after(struct drops_bus *drops, uint64_t usec)
{
	int r = sd_event_source_set_time_relative(drops->source, usec);

	return r < 0 ? r : sd_event_source_set_enabled(drops->source, SD_EVENT_ONESHOT);
}

static int on_turn(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct bus *bus = userdata;
	struct drops_bus *drops = bus->drops;
	const struct waiting *call = g_queue_peek_head(&drops->waiting);
	int r;

	/* Those that were sent are to be read first. */
	if (!drops->reply && admission_congested(sd_bus_message_get_bus(call->message)))
		return turn_after(drops, CONGESTED_USEC);
	r = drops->reply ? 0 : reply_begin(bus, call);
	if (r >= 0)
		r = reply_go_on(drops, call);
	if (r < 0)
		sd_bus_reply_method_errno(call->message, r, NULL);
	if (r != 0) {
		reply_clear(drops);
		waiting_free(g_queue_pop_head(&drops->waiting));
	}
	return drops->waiting.length > 0 ? turn_after(drops, 0) : 0;
}

static int drops_bus_new(struct bus *bus)
{
	struct drops_bus *drops = g_new0(struct drops_bus, 1);
	int r = sd_event_add_time_relative(
		bus->event, &drops->source, CLOCK_MONOTONIC, 0, 1, on_turn, bus);

	if (r < 0) {
		g_free(drops);
		return r;
	}
	g_queue_init(&drops->waiting);
	bus->drops = drops;
	return 0;
}

int bus_get_drop_counters(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	int r = bus_options_read(message, NULL, 0, NULL, error);

	if (r < 0)
		return r;
	if (!engine_drops(manager_engine(bus->manager)))
		return sd_bus_error_set(error, BUS_ERROR_PREFIX "NotSupported",
			"drops are not counted: DropCounters=no (see nfttraced.conf(5))");
	if (!bus->drops)
		r = drops_bus_new(bus);
	if (r < 0)
		return r;
	if (bus->drops->waiting.length >= WAITING_MAX) {
		r = sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
			"too many callers wait for the drop counters: try again");
		authorise_refused(bus->authorise, message, error->message);
		return r;
	}
	g_queue_push_tail(&bus->drops->waiting, waiting_new(message, bus->authorise));
	r = turn_after(bus->drops, 0);
	return r < 0 ? r : 1;
}

void bus_drops_free(struct drops_bus *drops)
{
	if (!drops)
		return;
	sd_event_source_disable_unref(drops->source);
	reply_clear(drops);
	g_queue_clear_full(&drops->waiting, waiting_free);
	g_free(drops);
}
