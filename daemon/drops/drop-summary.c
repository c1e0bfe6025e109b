/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The summary of drops; see drop-summary.h. */
#include "daemon/drops/drop-summary.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/drops/drop-reported.h"
#include "journal/base/clock.h"

/* How late the timer may be, as a part of the interval and at most: so that it wakes the machine up
 * together with something else that is due. What is told is measured, not assumed. */
#define SLACK_PART 10
#define SLACK_MAX  5000000ULL /* us */

/* Between two tries to send what the journal does not take. */
#define RETRY_USEC 50000ULL

/* At the end the journal is waited for at most so long, and asked so often. */
#define FINISH_USEC 500000ULL
#define PAUSE_USEC  5000ULL

struct drop_summary {
	sd_event_source *timer;
	sd_event_source *retry; /* while messages wait */
	struct drop_summary_settings settings;
	struct drop_summary_ends ends;
	GQueue waiting; /* of struct outgoing */
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
};

struct item {
	struct drop_news news;
	struct drop_told *told;
};

static uint64_t now_usec(void)
{
	return clock_ns(CLOCK_MONOTONIC) / NSEC_PER_USEC;
}

/* A message, and what is told with it. */
struct outgoing {
	struct drop_message *message;
	GArray *parts; /* of struct part */
};

struct part {
	struct drop_told *told; /* lives until the next round */
	uint64_t id; /* of the counter, or DROPS_TOTALS */
	struct drop_mark mark;
};

static void outgoing_free(void *pointer)
{
	struct outgoing *outgoing = pointer;

	drop_message_free(outgoing->message);
	g_array_unref(outgoing->parts);
	g_free(outgoing);
}

/* Takes over the message. */
static struct outgoing *outgoing_new(struct drop_summary *summary, struct drop_message *message)
{
	struct outgoing *outgoing = g_new(struct outgoing, 1);

	outgoing->message = message;
	outgoing->parts = g_array_new(FALSE, FALSE, sizeof(struct part));
	g_queue_push_tail(&summary->waiting, outgoing);
	return outgoing;
}

static void part_add(struct outgoing *outgoing, struct drop_told *told, uint64_t id,
	const struct drop_mark *mark)
{
	const struct part part = { .told = told, .id = id, .mark = *mark };

	g_array_append_val(outgoing->parts, part);
}

/* The message is sent. The marks are made at once: a daemon that is killed from here on has told of it. */
static void outgoing_sent(struct drop_summary *summary, const struct outgoing *outgoing)
{
	for (unsigned int i = 0; i < outgoing->parts->len; i++) {
		const struct part *part = &g_array_index(outgoing->parts, struct part, i);

		drops_mark(summary->ends.drops, part->id, &part->mark);
		part->told->told = (struct drop_amount){ part->mark.first, part->mark.second };
		part->told->since = part->mark.until;
	}
}

static int outgoing_send(struct drop_summary *summary, const struct outgoing *outgoing)
{
	if (summary->ends.sends())
		return summary->ends.send(outgoing->message);
	log_escaped(LOG_INFO, outgoing->message->text);
	return 0;
}

/* Sends what waits, as far as it is taken. True if nothing waits any more. */
static bool flush(struct drop_summary *summary)
{
	struct outgoing *outgoing;

	while ((outgoing = g_queue_peek_head(&summary->waiting))) {
		int r = outgoing_send(summary, outgoing);

		if (r == -EAGAIN)
			return false;
		if (r == 0)
			outgoing_sent(summary, outgoing);
		else
			summary->unsent++;
		outgoing_free(g_queue_pop_head(&summary->waiting));
	}
	return true;
}

static void send_waiting(struct drop_summary *summary)
{
	if (flush(summary))
		return;
	sd_event_source_set_time_relative(summary->retry, RETRY_USEC);
	sd_event_source_set_enabled(summary->retry, SD_EVENT_ONESHOT);
}

/* What still waits is told by the next messages. */
static void waiting_discard(struct drop_summary *summary)
{
	summary->unsent += summary->waiting.length;
	g_queue_clear_full(&summary->waiting, outgoing_free);
	sd_event_source_set_enabled(summary->retry, SD_EVENT_OFF);
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

/* The counter's news go into the message. */
static void item_add(const struct item *item, uint64_t now, struct outgoing *outgoing)
{
	const struct drop_counter *counter = item->news.counter;
	const struct drop_mark mark = { counter->packets, counter->bytes, now };

	part_add(outgoing, item->told, counter->id, &mark);
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

/* The message about what has none of its own, if there is something. */
static void make_rest(struct drop_summary *summary, const struct drop_totals *totals,
	uint64_t first, struct round *round)
{
	struct drop_rest rest = {
		.uncounted = round->totals.first,
		.missed = round->totals.second,
	};
	const struct drop_mark mark = { totals->uncounted, totals->missed, round->now };
	struct outgoing *outgoing;

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
	outgoing = outgoing_new(summary, drop_message_rest(&rest));
	for (uint64_t i = first; i < round->news->len; i++)
		item_add(&g_array_index(round->news, struct item, i), round->now, outgoing);
	part_add(outgoing, &summary->totals, DROPS_TOTALS, &mark);
}

static void make_messages(
	struct drop_summary *summary, const struct drop_totals *totals, struct round *round)
{
	uint64_t own = MIN(round->news->len, summary->settings.rules);

	for (uint64_t i = 0; i < own; i++) {
		const struct item *item = &g_array_index(round->news, struct item, i);

		item_add(item, round->now, outgoing_new(summary, drop_message_rule(&item->news)));
	}
	make_rest(summary, totals, own, round);
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

/* Tells what is new. */
static void report(struct drop_summary *summary)
{
	struct round round = { .now = now_usec() };
	g_autoptr(GPtrArray) counters = NULL;
	struct drop_totals totals = { 0 };

	if (read_counters(summary, &counters, &totals) < 0)
		return;
	waiting_discard(summary);
	round.news = g_array_new(FALSE, FALSE, sizeof(struct item));
	summary->round++;
	gather(summary, counters, &round);
	round.totals = drop_told_news(
		&summary->totals, (struct drop_amount){ totals.uncounted, totals.missed });
	make_messages(summary, &totals, &round);
	summary->read_at = round.now;
	/* Before any of it is sent: from now on what is new is not older than this. */
	mark_totals(summary, round.now);
	send_waiting(summary);
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
	waiting_discard(summary);
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

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	send_waiting(userdata);
	return 0;
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
	int r;

	summary->ends = *ends;
	summary->home = own_netns();
	summary->tellings = drop_tellings_new();
	r = sd_event_add_time_relative(
		event, &summary->timer, CLOCK_MONOTONIC, 0, 0, on_interval, summary);
	if (r >= 0)
		r = sd_event_source_set_enabled(summary->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(
			event, &summary->retry, CLOCK_MONOTONIC, 0, 0, on_retry, summary);
	if (r >= 0)
		r = sd_event_source_set_enabled(summary->retry, SD_EVENT_OFF);
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
	uint64_t end = now_usec() + FINISH_USEC;

	if (!summary || summary->settings.interval == 0)
		return;
	sd_event_source_set_enabled(summary->timer, SD_EVENT_OFF);
	report(summary);
	while (!flush(summary) && now_usec() < end)
		g_usleep(PAUSE_USEC);
	waiting_discard(summary);
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
	sd_event_source_disable_unref(summary->retry);
	g_queue_clear_full(&summary->waiting, outgoing_free);
	drop_tellings_free(summary->tellings);
	g_free(summary);
	return NULL;
}
