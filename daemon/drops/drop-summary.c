/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The summary of drops; see drop-summary.h. */
#include "daemon/drops/drop-summary.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/drops/drop-reported.h"
#include "journal/base/clock.h"

/* How late the timer may be, as a part of the interval and at most, so that it can wake the machine
 * together with other timers. Messages state the measured interval. */
#define SLACK_PART 10
#define SLACK_MAX  5000000ULL /* us */

/* Between two tries to send a message that the journal rejected. */
#define RETRY_USEC 50000ULL

/* At the end: the longest wait for the journal, and the pause between two tries. */
#define FINISH_USEC 500000ULL
#define PAUSE_USEC  5000ULL

struct drop_summary {
	sd_event_source *timer;
	sd_event_source *retry; /* while reports are pending */
	struct drop_summary_settings settings;
	struct drop_summary_ops ops;
	GQueue pending; /* of struct pending_report */
	uint32_t home; /* inode of our network namespace */

	GHashTable *reports; /* see drop-reported.h */
	struct drop_reported totals; /* of DROPS_TOTALS: uncounted and missed */
	uint64_t round;
	uint64_t read_at; /* us, CLOCK_MONOTONIC: when the counters were last read */
	uint64_t unsent;
	bool read_failed; /* the last time, which was logged */
};

/* One reading of the counters. */
struct round {
	uint64_t now;
	GArray *deltas; /* of struct counter_delta */
	struct drop_amount totals; /* uncounted and missed that are not reported yet */
};

struct counter_delta {
	struct drop_delta delta;
	struct drop_reported *reported;
};

static uint64_t now_usec(void)
{
	return clock_ns(CLOCK_MONOTONIC) / NSEC_PER_USEC;
}

/* A message that is to be sent, and the drops that it reports. */
struct pending_report {
	struct drop_message *message;
	GArray *parts; /* of struct part */
};

struct part {
	struct drop_reported *reported; /* lives until the next round */
	struct drop_mark mark;
};

static void pending_free(void *pointer)
{
	struct pending_report *report = pointer;

	drop_message_free(report->message);
	g_array_unref(report->parts);
	g_free(report);
}

/* Takes over the message. */
static struct pending_report *pending_new(
	struct drop_summary *summary, struct drop_message *message)
{
	struct pending_report *report = g_new(struct pending_report, 1);

	report->message = message;
	report->parts = g_array_new(FALSE, FALSE, sizeof(struct part));
	g_queue_push_tail(&summary->pending, report);
	return report;
}

static void report_add_part(
	struct pending_report *report, struct drop_reported *reported, const struct drop_mark *mark)
{
	const struct part part = { .reported = reported, .mark = *mark };

	g_array_append_val(report->parts, part);
}

/* The message was sent. Marks the counters at once, so that the next daemon does not report it
 * again. */
static void pending_set_reported(struct drop_summary *summary, const struct pending_report *report)
{
	for (unsigned int i = 0; i < report->parts->len; i++) {
		const struct part *part = &g_array_index(report->parts, struct part, i);

		drops_mark(summary->ops.drops, part->reported->id, &part->mark);
		part->reported->amount =
			(struct drop_amount){ part->mark.first, part->mark.second };
		part->reported->since = part->mark.until;
	}
}

static int pending_send(struct drop_summary *summary, const struct pending_report *report)
{
	if (summary->ops.sends())
		return summary->ops.send(report->message);
	log_escaped(LOG_INFO, report->message->text);
	return 0;
}

/* Sends pending reports as far as the journal takes them. True if none is left. */
static bool send_pending(struct drop_summary *summary)
{
	struct pending_report *report;

	while ((report = g_queue_peek_head(&summary->pending))) {
		int r = pending_send(summary, report);

		if (r == -EAGAIN)
			return false;
		if (r == 0)
			pending_set_reported(summary, report);
		else
			summary->unsent++;
		pending_free(g_queue_pop_head(&summary->pending));
	}
	return true;
}

static void send_or_retry(struct drop_summary *summary)
{
	if (send_pending(summary))
		return;
	sd_event_source_set_time_relative(summary->retry, RETRY_USEC);
	sd_event_source_set_enabled(summary->retry, SD_EVENT_ONESHOT);
}

/* Drops pending reports: the next round reports their packets. */
static void pending_discard(struct drop_summary *summary)
{
	summary->unsent += summary->pending.length;
	g_queue_clear_full(&summary->pending, pending_free);
	sd_event_source_set_enabled(summary->retry, SD_EVENT_OFF);
}

static int compare_activity(const void *one, const void *other)
{
	const struct drop_delta *a = &((const struct counter_delta *)one)->delta;
	const struct drop_delta *b = &((const struct counter_delta *)other)->delta;

	if (a->packets != b->packets)
		return a->packets < b->packets ? 1 : -1;
	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return a->counter->handle < b->counter->handle ? -1
						       : a->counter->handle > b->counter->handle;
}

static void collect_deltas(
	struct drop_summary *summary, const GPtrArray *counters, struct round *round)
{
	for (unsigned int i = 0; i < counters->len; i++) {
		const struct drop_counter *counter = g_ptr_array_index(counters, i);
		struct drop_reported *reported = drop_reports_get(
			summary->reports, counter, summary->round, summary->read_at);
		struct drop_amount amount = drop_reported_delta(
			reported, (struct drop_amount){ counter->packets, counter->bytes });
		const struct counter_delta item = {
			.reported = reported,
			.delta = {
				.counter = counter,
				.packets = amount.first,
				.bytes = amount.second,
				.usec = round->now - reported->since,
				.home = summary->home,
			},
		};

		if (amount.first == 0)
			reported->since = round->now;
		else
			g_array_append_val(round->deltas, item);
	}
	drop_reports_sweep(summary->reports, summary->round);
	g_array_sort(round->deltas, compare_activity);
}

/* Has the report cover a counter. */
static void report_add_delta(
	const struct counter_delta *item, uint64_t now, struct pending_report *report)
{
	const struct drop_counter *counter = item->delta.counter;
	const struct drop_mark mark = { counter->packets, counter->bytes, now };

	report_add_part(report, item->reported, &mark);
}

/* Saves how much of the totals is reported. */
static void mark_totals(const struct drop_summary *summary, uint64_t until)
{
	const struct drop_mark mark = {
		.first = summary->totals.amount.first,
		.second = summary->totals.amount.second,
		.until = until,
	};

	drops_mark(summary->ops.drops, DROPS_TOTALS, &mark);
}

/* Makes the report about everything without a message of its own, if there is any. */
static void make_rest_report(struct drop_summary *summary, const struct drop_totals *totals,
	uint64_t first, struct round *round)
{
	struct drop_rest rest = {
		.uncounted = round->totals.first,
		.missed = round->totals.second,
	};
	const struct drop_mark mark = { totals->uncounted, totals->missed, round->now };
	struct pending_report *report;

	for (uint64_t i = first; i < round->deltas->len; i++) {
		const struct counter_delta *item =
			&g_array_index(round->deltas, struct counter_delta, i);

		rest.rules++;
		rest.packets += item->delta.packets;
		rest.bytes += item->delta.bytes;
		rest.usec = MAX(rest.usec, item->delta.usec);
	}
	if (rest.uncounted == 0 && rest.missed == 0)
		summary->totals.since = round->now;
	else
		rest.usec = MAX(rest.usec, round->now - summary->totals.since);
	if (rest.rules == 0 && rest.uncounted == 0 && rest.missed == 0)
		return;
	report = pending_new(summary, drop_message_rest(&rest));
	for (uint64_t i = first; i < round->deltas->len; i++)
		report_add_delta(
			&g_array_index(round->deltas, struct counter_delta, i), round->now, report);
	report_add_part(report, &summary->totals, &mark);
}

static void make_reports(
	struct drop_summary *summary, const struct drop_totals *totals, struct round *round)
{
	uint64_t own = MIN(round->deltas->len, summary->settings.rules);

	for (uint64_t i = 0; i < own; i++) {
		const struct counter_delta *item =
			&g_array_index(round->deltas, struct counter_delta, i);

		report_add_delta(
			item, round->now, pending_new(summary, drop_message_rule(&item->delta)));
	}
	make_rest_report(summary, totals, own, round);
}

static int read_counters(
	struct drop_summary *summary, GPtrArray **ret_counters, struct drop_totals *ret_totals)
{
	int r = summary->ops.read(summary->ops.context, ret_counters, ret_totals);

	if (r < 0 && !summary->read_failed)
		log_warning("the drop counters can't be read: %s", g_strerror(-r));
	summary->read_failed = r < 0;
	return r;
}

/* Reports everything that is new. */
static void report_deltas(struct drop_summary *summary)
{
	struct round round = { .now = now_usec() };
	g_autoptr(GPtrArray) counters = NULL;
	struct drop_totals totals = { 0 };

	if (read_counters(summary, &counters, &totals) < 0)
		return;
	pending_discard(summary);
	round.deltas = g_array_new(FALSE, FALSE, sizeof(struct counter_delta));
	summary->round++;
	collect_deltas(summary, counters, &round);
	round.totals = drop_reported_delta(
		&summary->totals, (struct drop_amount){ totals.uncounted, totals.missed });
	make_reports(summary, &totals, &round);
	summary->read_at = round.now;
	/* Before the first message is sent: the next round's packets are newer than this. */
	mark_totals(summary, round.now);
	send_or_retry(summary);
	g_array_unref(round.deltas);
}

static void skip_counter(
	struct drop_summary *summary, const struct drop_counter *counter, uint64_t now)
{
	const struct drop_mark mark = { counter->packets, counter->bytes, now };
	struct drop_reported *reported =
		drop_reports_get(summary->reports, counter, summary->round, now);

	reported->amount = (struct drop_amount){ mark.first, mark.second };
	reported->since = now;
	drops_mark(summary->ops.drops, counter->id, &mark);
}

/* Takes everything counted until now as reported. */
static void skip_all(struct drop_summary *summary)
{
	g_autoptr(GPtrArray) counters = NULL;
	struct drop_totals totals = { 0 };
	uint64_t now = now_usec();

	summary->read_at = summary->totals.since = now;
	pending_discard(summary);
	if (read_counters(summary, &counters, &totals) < 0)
		return;
	summary->round++;
	for (unsigned int i = 0; i < counters->len; i++)
		skip_counter(summary, g_ptr_array_index(counters, i), now);
	drop_reports_sweep(summary->reports, summary->round);
	summary->totals.amount = (struct drop_amount){ totals.uncounted, totals.missed };
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
	if (totals.reported.until == 0) {
		skip_all(summary);
		return;
	}
	summary->totals.amount =
		(struct drop_amount){ totals.reported.first, totals.reported.second };
	summary->read_at = summary->totals.since = totals.reported.until;
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

	report_deltas(summary);
	/* From when the timer was due, so that delays do not add up. */
	return timer_start(summary, usec + summary->settings.interval > now ? usec : now);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	send_or_retry(userdata);
	return 0;
}

static uint32_t own_netns(void)
{
	struct stat status;

	return stat("/proc/self/ns/net", &status) == 0 ? (uint32_t)status.st_ino : 0;
}

int drop_summary_new(sd_event *event, const struct drop_summary_ops *ops, struct drop_summary **ret)
{
	struct drop_summary *summary = g_new0(struct drop_summary, 1);
	int r;

	summary->ops = *ops;
	summary->home = own_netns();
	summary->totals.id = DROPS_TOTALS;
	summary->reports = drop_reports_new();
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
		report_deltas(summary);
	summary->settings = *settings;
	if (settings->interval == 0) {
		mark_totals(summary, 0);
		return sd_event_source_set_enabled(summary->timer, SD_EVENT_OFF);
	}
	if (old.interval == 0)
		skip_all(summary);
	return timer_start(summary, now_usec());
}

void drop_summary_finish(struct drop_summary *summary)
{
	uint64_t end = now_usec() + FINISH_USEC;

	if (!summary || summary->settings.interval == 0)
		return;
	sd_event_source_set_enabled(summary->timer, SD_EVENT_OFF);
	report_deltas(summary);
	while (!send_pending(summary) && now_usec() < end)
		g_usleep(PAUSE_USEC);
	pending_discard(summary);
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
	g_queue_clear_full(&summary->pending, pending_free);
	g_hash_table_unref(summary->reports);
	g_free(summary);
	return NULL;
}
