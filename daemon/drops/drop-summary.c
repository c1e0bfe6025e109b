/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The summary of drops; see drop-summary.h. */
#include "daemon/drops/drop-summary.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/drops/courier.h"
#include "daemon/drops/drop-reported.h"
#include "journal/base/clock.h"

#define NSEC_PER_USEC 1000ULL

/* How late the timer may be, as a part of the interval and at most: so that it wakes the machine up
 * together with something else that is due. What is told is measured, not assumed. */
#define SLACK_PART 10
#define SLACK_MAX  5000000ULL /* us */

/* At the end the journal is waited for twice at most: for what is on its way, and for the last interval. */
#define FINISH_USEC 250000ULL

struct drop_summary {
	sd_event *event;
	sd_event_source *timer;
	struct drop_summary_settings settings;
	struct drop_summary_ends ends;
	struct courier *courier;
	uint32_t home; /* inode of our network namespace */

	struct drop_tellings *tellings;
	struct drop_told totals; /* uncounted and missed */
	uint64_t round;
	uint64_t read_at; /* us, CLOCK_MONOTONIC: the counters were read last */
	uint64_t unsent;
	bool read_failed; /* the last time; it was logged */
};

/* What a round gathers. */
struct round {
	uint64_t now;
	GArray *news; /* of struct item */
	struct drop_amount totals; /* uncounted and missed, since they were told */
	GPtrArray *messages;
};

struct item {
	struct drop_news news;
	struct drop_told *told;
};

static uint64_t now_usec(void)
{
	return clock_ns(CLOCK_MONOTONIC) / NSEC_PER_USEC;
}

static void message_destroy(void *message)
{
	drop_message_free(message);
}

static void on_sent(void *context, const int *results, unsigned int count)
{
	struct drop_summary *summary = context;

	for (unsigned int i = 0; i < count; i++)
		summary->unsent += results[i] < 0;
	drop_tellings_settle(summary->tellings, results, count);
	drop_told_settle(&summary->totals, results, count);
}

static int by_activity(const void *one, const void *other)
{
	const struct drop_news *a = &((const struct item *)one)->news;
	const struct drop_news *b = &((const struct item *)other)->news;

	if (a->packets != b->packets)
		return a->packets < b->packets ? 1 : -1;
	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return a->counter->handle < b->counter->handle ? -1
						       : a->counter->handle > b->counter->handle;
}

static void gather(struct drop_summary *summary, const GPtrArray *counters, struct round *round)
{
	for (unsigned int i = 0; i < counters->len; i++) {
		const struct drop_counter *counter = g_ptr_array_index(counters, i);
		struct drop_told *told = drop_tellings_of(
			summary->tellings, counter, summary->round, summary->read_at);
		struct drop_amount amount = drop_told_news(
			told, (struct drop_amount){ counter->packets, counter->bytes });
		const struct item item = {
			.told = told,
			.news = {
				.counter = counter,
				.packets = amount.first,
				.bytes = amount.second,
				.usec = round->now - told->since,
				.home = summary->home,
			},
		};

		if (amount.first == 0)
			told->since = round->now;
		else
			g_array_append_val(round->news, item);
	}
	drop_tellings_sweep(summary->tellings, summary->round);
	g_array_sort(round->news, by_activity);
}

/* The counter's news go into the message, which is the next one. */
static void offer(const struct item *item, const struct round *round, struct drop_message *message)
{
	const struct drop_counter *counter = item->news.counter;
	const struct drop_mark mark = { counter->packets, counter->bytes, round->now };

	drop_told_offer(item->told, round->messages->len,
		(struct drop_amount){ mark.first, mark.second }, round->now);
	drop_message_tells(message, counter->id, &mark);
}

/* What was told of the totals. */
static void mark_totals(const struct drop_summary *summary, uint64_t until)
{
	const struct drop_mark mark = {
		.first = summary->totals.told.first,
		.second = summary->totals.told.second,
		.until = until,
	};

	drops_mark(summary->ends.drops, DROPS_TOTALS, &mark);
}

static void message_add(
	struct drop_summary *summary, struct drop_message *message, struct round *round)
{
	message->drops = drops_ref(summary->ends.drops);
	g_ptr_array_add(round->messages, message);
}

/* The message about what has none of its own, if there is something. */
static void make_rest(struct drop_summary *summary, const struct drop_totals *totals,
	uint64_t first, struct round *round)
{
	struct drop_rest rest = {
		.uncounted = round->totals.first,
		.missed = round->totals.second,
	};
	const struct drop_mark mark = { totals->uncounted, totals->missed, round->now };
	struct drop_message *message;

	for (uint64_t i = first; i < round->news->len; i++) {
		const struct item *item = &g_array_index(round->news, struct item, i);

		rest.rules++;
		rest.packets += item->news.packets;
		rest.bytes += item->news.bytes;
		rest.usec = MAX(rest.usec, item->news.usec);
	}
	if (rest.uncounted == 0 && rest.missed == 0)
		summary->totals.since = round->now;
	else
		rest.usec = MAX(rest.usec, round->now - summary->totals.since);
	if (rest.rules == 0 && rest.uncounted == 0 && rest.missed == 0)
		return;
	message = drop_message_rest(&rest);
	for (uint64_t i = first; i < round->news->len; i++)
		offer(&g_array_index(round->news, struct item, i), round, message);
	drop_told_offer(&summary->totals, round->messages->len,
		(struct drop_amount){ totals->uncounted, totals->missed }, round->now);
	drop_message_tells(message, DROPS_TOTALS, &mark);
	message_add(summary, message, round);
}

static void make_messages(
	struct drop_summary *summary, const struct drop_totals *totals, struct round *round)
{
	uint64_t own = MIN(round->news->len, summary->settings.rules);

	for (uint64_t i = 0; i < own; i++) {
		const struct item *item = &g_array_index(round->news, struct item, i);

		struct drop_message *message = drop_message_rule(&item->news);

		offer(item, round, message);
		message_add(summary, message, round);
	}
	make_rest(summary, totals, own, round);
}

/* What is written to the log is there when this returns, or on its way. */
static void log_messages(const GPtrArray *messages)
{
	for (unsigned int i = 0; i < messages->len; i++) {
		const struct drop_message *message = g_ptr_array_index(messages, i);

		log_escaped(LOG_INFO, message->text);
		drop_message_sent(message);
	}
}

/* Takes over the messages. */
static void send_messages(struct drop_summary *summary, GPtrArray *messages)
{
	g_autofree int *results = g_new0(int, messages->len);
	int r = 0;

	if (!summary->ends.sends())
		log_messages(messages);
	else
		r = courier_send(summary->courier, messages);
	if (r >= 0 && courier_busy(summary->courier))
		return;
	for (unsigned int i = 0; i < messages->len; i++)
		results[i] = r;
	on_sent(summary, results, messages->len);
	g_ptr_array_unref(messages);
}

static int read_counters(
	struct drop_summary *summary, GPtrArray **ret_counters, struct drop_totals *ret_totals)
{
	int r = summary->ends.read(summary->ends.context, ret_counters, ret_totals);

	if (r < 0 && !summary->read_failed)
		log_warning("the drop counters can't be read: %s", g_strerror(-r));
	summary->read_failed = r < 0;
	return r;
}

/* Tells what is new. What was told last must have arrived: until then it is not known what is new. */
static void report(struct drop_summary *summary)
{
	struct round round = { .now = now_usec() };
	g_autoptr(GPtrArray) counters = NULL;
	struct drop_totals totals = { 0 };

	if (courier_busy(summary->courier))
		return;
	if (read_counters(summary, &counters, &totals) < 0)
		return;
	round.news = g_array_new(FALSE, FALSE, sizeof(struct item));
	round.messages = g_ptr_array_new_with_free_func(message_destroy);
	summary->round++;
	gather(summary, counters, &round);
	round.totals = drop_told_news(
		&summary->totals, (struct drop_amount){ totals.uncounted, totals.missed });
	make_messages(summary, &totals, &round);
	summary->read_at = round.now;
	/* Before any of it is sent: from now on what is new is not older than this. */
	mark_totals(summary, round.now);
	if (round.messages->len > 0)
		send_messages(summary, g_steal_pointer(&round.messages));
	else
		g_ptr_array_unref(round.messages);
	g_array_unref(round.news);
}

static void skip_counter(
	struct drop_summary *summary, const struct drop_counter *counter, uint64_t now)
{
	const struct drop_mark mark = { counter->packets, counter->bytes, now };
	struct drop_told *told = drop_tellings_of(summary->tellings, counter, summary->round, now);

	told->told = (struct drop_amount){ mark.first, mark.second };
	told->since = now;
	drops_mark(summary->ends.drops, counter->id, &mark);
}

/* What was counted until now is as good as told. */
static void skip(struct drop_summary *summary)
{
	g_autoptr(GPtrArray) counters = NULL;
	struct drop_totals totals = { 0 };
	uint64_t now = now_usec();

	summary->read_at = summary->totals.since = now;
	if (read_counters(summary, &counters, &totals) < 0)
		return;
	summary->round++;
	for (unsigned int i = 0; i < counters->len; i++)
		skip_counter(summary, g_ptr_array_index(counters, i), now);
	drop_tellings_sweep(summary->tellings, summary->round);
	summary->totals.told = (struct drop_amount){ totals.uncounted, totals.missed };
	mark_totals(summary, now);
}

void drop_summary_resume(struct drop_summary *summary)
{
	g_autoptr(GPtrArray) counters = NULL;
	struct drop_totals totals = { 0 };

	if (summary->settings.interval == 0) {
		mark_totals(summary, 0);
		return;
	}
	if (read_counters(summary, &counters, &totals) < 0)
		return;
	if (totals.told.until == 0) {
		skip(summary);
		return;
	}
	summary->totals.told = (struct drop_amount){ totals.told.first, totals.told.second };
	summary->read_at = summary->totals.since = totals.told.until;
}

/* An interval from `from` on, us, CLOCK_MONOTONIC. */
static int timer_start(struct drop_summary *summary, uint64_t from)
{
	int r = sd_event_source_set_time(summary->timer, from + summary->settings.interval);

	if (r >= 0)
		r = sd_event_source_set_time_accuracy(
			summary->timer, MIN(summary->settings.interval / SLACK_PART, SLACK_MAX));
	return r < 0 ? r : sd_event_source_set_enabled(summary->timer, SD_EVENT_ONESHOT);
}

static int on_interval(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct drop_summary *summary = userdata;
	uint64_t now = now_usec();

	report(summary);
	/* From when it should have been: what it was late adds up to nothing. */
	return timer_start(summary, usec + summary->settings.interval > now ? usec : now);
}

static uint32_t own_netns(void)
{
	struct stat status;

	return stat("/proc/self/ns/net", &status) == 0 ? (uint32_t)status.st_ino : 0;
}

int drop_summary_new(
	sd_event *event, const struct drop_summary_ends *ends, struct drop_summary **ret)
{
	struct drop_summary *summary = g_new0(struct drop_summary, 1);
	const struct courier_ends courier = {
		.deliver = ends->send,
		.done = on_sent,
		.context = summary,
	};
	int r;

	summary->event = sd_event_ref(event);
	summary->ends = *ends;
	summary->home = own_netns();
	summary->tellings = drop_tellings_new();
	summary->totals.message = DROP_TOLD_NONE;
	r = sd_event_add_time_relative(
		event, &summary->timer, CLOCK_MONOTONIC, 0, 0, on_interval, summary);
	if (r >= 0)
		r = sd_event_source_set_enabled(summary->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = courier_new(event, &courier, &summary->courier);
	if (r < 0) {
		drop_summary_free(summary);
		return r;
	}
	*ret = summary;
	return 0;
}

int drop_summary_set(struct drop_summary *summary, const struct drop_summary_settings *settings)
{
	struct drop_summary_settings old = summary->settings;

	if (old.interval == settings->interval && old.rules == settings->rules)
		return 0;
	if (old.interval > 0 && settings->interval == 0)
		report(summary);
	summary->settings = *settings;
	if (settings->interval == 0) {
		mark_totals(summary, 0);
		return sd_event_source_set_enabled(summary->timer, SD_EVENT_OFF);
	}
	if (old.interval == 0)
		skip(summary);
	return timer_start(summary, now_usec());
}

void drop_summary_finish(struct drop_summary *summary)
{
	if (!summary || summary->settings.interval == 0)
		return;
	sd_event_source_set_enabled(summary->timer, SD_EVENT_OFF);
	courier_wait(summary->courier, FINISH_USEC);
	report(summary);
	courier_wait(summary->courier, FINISH_USEC);
	summary->settings.interval = 0;
}

uint64_t drop_summary_unsent(const struct drop_summary *summary)
{
	return summary ? summary->unsent : 0;
}

struct drop_summary *drop_summary_free(struct drop_summary *summary)
{
	if (!summary)
		return NULL;
	sd_event_source_disable_unref(summary->timer);
	courier_free(summary->courier);
	drop_tellings_free(summary->tellings);
	sd_event_unref(summary->event);
	g_free(summary);
	return NULL;
}
