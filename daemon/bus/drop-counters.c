/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The method GetDropCounters: thousands of counters make a large reply, so it is built piece by
 * piece, one in each turn of the event loop. Calls wait until the replies before theirs are
 * complete.
 */
#include <errno.h>
#include <limits.h>

#include "daemon/bus/authorise.h"
#include "daemon/bus/bus-private.h"
#include "daemon/bus/pending-call.h"
#include "journal/event/decode.h"

#define WAITING_MAX 64 /* calls */
#define PIECE       64 /* counters that are appended in a turn */

#define CONGESTED_USEC (10 * 1000) /* between two checks whether the sent replies were written */

/* A call that is not answered yet. */
struct waiting {
	struct pending_call call;
	bool examples; /* the caller may read packets: with the example of each counter */
};

struct drop_replies {
	GQueue waiting; /* of struct waiting */
	sd_event_source *timer; /* elapses at once, after other sources that are pending */
	/* For the first one that waits. */
	sd_bus_message *reply; /* NULL: not started */
	GPtrArray *counters;
	unsigned int next;
	struct drop_totals totals;
};

static struct waiting *waiting_new(sd_bus_message *message, struct authorise *authorise)
{
	struct waiting *waiting = g_new(struct waiting, 1);

	pending_call_init(&waiting->call, authorise, message);
	waiting->examples = authorise_may(authorise, ACTION_READ_EVENTS);
	return waiting;
}

static void waiting_free(void *data)
{
	struct waiting *waiting = data;

	pending_call_clear(&waiting->call);
	g_free(waiting);
}

static int append_optional(
	sd_bus_message *reply, const struct drop_counter *counter, const struct waiting *waiting)
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
	if (r >= 0 && counter->example && waiting->examples)
		r = sd_bus_message_append(reply, "{sv}", "example", "s", counter->example);
	return r;
}

static int append_counter(
	sd_bus_message *reply, const struct drop_counter *counter, const struct waiting *waiting)
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
		r = append_optional(reply, counter, waiting);
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

static int start_reply(struct bus *bus, const struct waiting *waiting)
{
	struct drop_replies *replies = bus->drop_replies;
	int r = drops_read(
		engine_drops(manager_engine(bus->manager)), &replies->counters, &replies->totals);

	if (r >= 0)
		r = sd_bus_message_new_method_return(waiting->call.message, &replies->reply);
	if (r >= 0)
		r = sd_bus_message_open_container(replies->reply, 'a', "a{sv}");
	replies->next = 0;
	return r;
}

/* 1: the reply is complete; 0: there is more. */
static int continue_reply(struct drop_replies *replies, const struct waiting *waiting)
{
	unsigned int end = MIN(replies->next + PIECE, replies->counters->len);
	int r = 0;

	for (; r >= 0 && replies->next < end; replies->next++)
		r = append_counter(
			replies->reply, replies->counters->pdata[replies->next], waiting);
	if (r < 0 || replies->next < replies->counters->len)
		return MIN(r, 0);
	r = sd_bus_message_close_container(replies->reply);
	if (r >= 0)
		r = append_totals(replies->reply, &replies->totals);
	return r < 0 ? r : 1;
}

static void clear_reply(struct drop_replies *replies)
{
	replies->reply = sd_bus_message_unref(replies->reply);
	g_clear_pointer(&replies->counters, g_ptr_array_unref);
}

static int on_slice(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct bus *bus = userdata;
	struct drop_replies *replies = bus->drop_replies;
	const struct waiting *waiting = g_queue_peek_head(&replies->waiting);
	int r;

	/* The bus reads the sent replies first. */
	if (!replies->reply && admission_congested(sd_bus_message_get_bus(waiting->call.message)))
		return bus_timer_set(replies->timer, CONGESTED_USEC);
	r = replies->reply ? 0 : start_reply(bus, waiting);
	if (r >= 0)
		r = continue_reply(replies, waiting);
	if (r != 0) {
		pending_call_reply(&waiting->call, g_steal_pointer(&replies->reply), r);
		clear_reply(replies);
		waiting_free(g_queue_pop_head(&replies->waiting));
	}
	return replies->waiting.length > 0 ? bus_timer_set(replies->timer, 0) : 0;
}

static int drop_replies_new(struct bus *bus)
{
	struct drop_replies *replies = g_new0(struct drop_replies, 1);
	int r = sd_event_add_time_relative(
		bus->event, &replies->timer, CLOCK_MONOTONIC, 0, 1, on_slice, bus);

	if (r < 0) {
		g_free(replies);
		return r;
	}
	g_queue_init(&replies->waiting);
	bus->drop_replies = replies;
	return 0;
}

int bus_get_drop_counters(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	int r = bus_options_read(message, NULL, 0, NULL, error);

	if (r < 0)
		return r;
	if (!engine_drops(manager_engine(bus->manager)))
		return sd_bus_error_set(error, BUS_ERROR_NOT_SUPPORTED,
			"drops are not counted: DropCounters=no (see nfttraced.conf(5))");
	if (!bus->drop_replies)
		r = drop_replies_new(bus);
	if (r < 0)
		return r;
	if (bus->drop_replies->waiting.length >= WAITING_MAX)
		return authorise_refuse(bus->authorise, message,
			"too many callers wait for the drop counters: try again", error);
	g_queue_push_tail(&bus->drop_replies->waiting, waiting_new(message, bus->authorise));
	r = bus_timer_set(bus->drop_replies->timer, 0);
	return r < 0 ? r : 1;
}

struct drop_replies *drop_replies_free(struct drop_replies *replies)
{
	if (!replies)
		return NULL;
	sd_event_source_disable_unref(replies->timer);
	clear_reply(replies);
	g_queue_clear_full(&replies->waiting, waiting_free);
	g_free(replies);
	return NULL;
}
