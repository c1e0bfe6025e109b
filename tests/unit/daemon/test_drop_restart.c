/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A daemon that counts drops is killed: the next one has the same counts, and reports to the
 * journal what the first one has not reported. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/drops/drop-summary.h"
#include "tests/unit/kit/fake-pipeline.h"

#define COUNTERS      16
#define INTERVAL_LONG 3600000000ULL /* us: no timer runs out in a test */
#define HOUR          3600000000000ULL /* ns */
#define PATIENCE_USEC 10000000

static struct pipeline *pipeline;
static struct drops *drops;
static struct drop_summary *summary;
static sd_event *event;
static GPtrArray *counters;
static struct drop_totals totals;

static uint64_t told, uncounted_told, interval_told; /* reported by all messages; by the last one */
static unsigned int tried;
static int send_result;

static uint64_t field(const struct drop_message *message, const char *name)
{
	g_autofree char *prefix = g_strconcat(name, "=", NULL);

	for (unsigned int i = 0; i < message->fields->len; i++) {
		const struct iovec *field = &g_array_index(message->fields, struct iovec, i);
		g_autofree char *text = g_strndup(field->iov_base, field->iov_len);

		if (g_str_has_prefix(text, prefix))
			return g_ascii_strtoull(text + strlen(prefix), NULL, 10);
	}
	return 0;
}

static int send_message(const struct drop_message *message)
{
	tried++;
	if (send_result == 0) {
		told += field(message, "PACKETS");
		uncounted_told += field(message, "UNCOUNTED");
		interval_told = field(message, "INTERVAL_USEC");
	}
	return send_result;
}

static int read_counters(void *context, GPtrArray **ret_counters, struct drop_totals *ret_totals)
{
	return drops_read(context, ret_counters, ret_totals);
}

static bool sends(void)
{
	return true;
}

static void summary_set(uint64_t interval)
{
	const struct drop_summary_settings settings = { .interval = interval, .rules = 2 };

	ck_assert_int_ge(drop_summary_set(summary, &settings), 0);
}

/* As a daemon does it. */
static void begin(uint64_t interval)
{
	struct drop_summary_ops ops = {
		.read = read_counters, .sends = sends, .send = send_message
	};

	ck_assert_int_eq(drops_new(COUNTERS, &drops), 0);
	ops.context = ops.drops = drops;
	ck_assert_int_ge(drop_summary_new(event, &ops, &summary), 0);
	summary_set(interval);
	ck_assert_int_eq(drops_attach(drops, pipeline), 0);
	drop_summary_resume(summary);
}

/* Ends without a report. */
static void end(void)
{
	summary = drop_summary_free(summary);
	drops = drops_free(drops);
}

static void begin_again(void)
{
	end();
	begin(INTERVAL_LONG);
}

static void set_up(void)
{
	const struct pipeline_options options = { .drops_max = COUNTERS };
	g_autofree char *reason = NULL;

	fake_drops_reset();
	told = uncounted_told = tried = 0;
	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_eq(pipeline_new(&options, &pipeline, &reason), 0);
	begin(INTERVAL_LONG);
}

static void tear_down(void)
{
	end();
	pipeline = pipeline_free(pipeline);
	event = sd_event_unref(event);
	g_clear_pointer(&counters, g_ptr_array_unref);
}

static struct drop_slot *drop(unsigned int slot, uint64_t rule, uint64_t packets)
{
	const struct drop_key key = { 7, 2, 3, rule, .family = 1 };

	return fake_drop(slot, &key, "filter", "input", packets);
}

/* Ends the interval; asserts that `messages` messages are tried. */
static void tell(unsigned int messages)
{
	int64_t end = g_get_monotonic_time() + PATIENCE_USEC;
	unsigned int now = 0, before = tried;

	/* Drops that are not to be reported are not waited for. */
	summary_set(1);
	while (now < before + messages) {
		ck_assert_int_ge(sd_event_run(event, 20000), 0);
		ck_assert(g_get_monotonic_time() < end);
		now = tried;
	}
	summary_set(INTERVAL_LONG);
}

static uint64_t counted(void)
{
	g_clear_pointer(&counters, g_ptr_array_unref);
	ck_assert_int_eq(drops_read(drops, &counters, &totals), 0);
	return totals.packets;
}

START_TEST(only_unreported_drops_are_reported_after_restart)
{
	drop(0, 11, 5);
	tell(1);
	drop(0, 11, 7);
	drop(1, 12, 2);
	begin_again();
	drop(0, 11, 1);
	tell(2);
	ck_assert_uint_eq(told, 15);
	ck_assert_uint_eq(counted(), 15);
	begin_again();
	drop(1, 12, 1);
	tell(1);
	ck_assert_uint_eq(told, 16);
}
END_TEST

START_TEST(repeated_kills_report_each_drop_once)
{
	for (unsigned int i = 1; i <= 8; i++) {
		drop(i % 4, i % 4, i);
		if (i % 3 == 0)
			tell(3);
		begin_again();
	}
	tell(2);
	ck_assert_uint_eq(told, 36);
	ck_assert_uint_eq(counted(), 36);
}
END_TEST

START_TEST(summed_drops_are_reported_once)
{
	for (unsigned int i = 0; i < 5; i++)
		drop(i, i, i + 1);
	fake_uncounted(4);
	tell(3);
	begin_again();
	drop(4, 4, 1);
	fake_uncounted(2);
	tell(2);
	ck_assert_uint_eq(told, 16);
	ck_assert_uint_eq(uncounted_told, 6);
}
END_TEST

START_TEST(undelivered_message_reports_nothing)
{
	drop(0, 11, 5);
	send_result = -ECONNREFUSED;
	tell(1);
	begin_again();
	send_result = 0;
	tell(1);
	ck_assert_uint_eq(told, 5);
}
END_TEST

START_TEST(the_interval_begins_where_the_last_daemon_s_ended)
{
	int64_t before;

	drop(0, 11, 5);
	tell(1);
	before = g_get_monotonic_time();
	begin_again();
	while (g_get_monotonic_time() < before + 20000)
		;
	drop(0, 11, 5);
	tell(1);
	ck_assert_uint_ge(interval_told, 20000);
	ck_assert_uint_lt(interval_told, PATIENCE_USEC);
}
END_TEST

START_TEST(drops_excluded_from_reports_are_never_reported)
{
	end();
	begin(0);
	drop(0, 11, 5);
	begin_again();
	drop(0, 11, 2);
	tell(1);
	ck_assert_uint_eq(told, 2);
	ck_assert_uint_eq(counted(), 7);
}
END_TEST

START_TEST(two_slots_of_a_counter_are_reported_as_one)
{
	drop(0, 11, 5);
	drop(6, 11, 3);
	tell(1);
	begin_again();
	drop(6, 11, 1);
	tell(1);
	ck_assert_uint_eq(told, 9);
	ck_assert_uint_eq(counted(), 9);
	ck_assert_uint_eq(counters->len, 1);
}
END_TEST

/* Fills the table with counters that have been idle for an hour, none of them reported. */
static void fill(void)
{
	for (unsigned int i = 0; i < COUNTERS; i++)
		drop(i, i + 1, 10)->last -= HOUR;
}

START_TEST(evicted_counters_stay_in_the_totals)
{
	fill();
	tell(3);
	drops_refresh(drops);
	ck_assert_uint_eq(counted(), 10 * COUNTERS);
	ck_assert_uint_lt(counters->len, COUNTERS);
	begin_again();
	ck_assert_uint_eq(counted(), 10 * COUNTERS);
	ck_assert_uint_eq(totals.bytes, 10 * COUNTERS * FAKE_DROP_BYTES);
	ck_assert_uint_eq(told, 10 * COUNTERS);
}
END_TEST

START_TEST(unreported_counters_are_not_evicted)
{
	fill();
	drops_refresh(drops);
	counted();
	ck_assert_uint_eq(counters->len, COUNTERS);
	tell(3);
	ck_assert_uint_eq(told, 10 * COUNTERS);
	drops_refresh(drops);
	counted();
	ck_assert_uint_lt(counters->len, COUNTERS);
}
END_TEST

START_TEST(a_slot_that_made_room_leaves_its_count_to_the_counter_s_other_one)
{
	fill();
	tell(3);
	/* It drops again, in another slot, while it is leaving to make room. */
	drop(COUNTERS, 1, 1)->last -= HOUR;
	tell(1);
	drops_refresh(drops);
	begin_again();
	ck_assert_uint_eq(counted(), 10 * COUNTERS + 1);
	ck_assert_uint_eq(told, 10 * COUNTERS + 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("drop restart");
	TCase *cases = tcase_create("drop restart");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_test(cases, only_unreported_drops_are_reported_after_restart);
	tcase_add_test(cases, repeated_kills_report_each_drop_once);
	tcase_add_test(cases, summed_drops_are_reported_once);
	tcase_add_test(cases, undelivered_message_reports_nothing);
	tcase_add_test(cases, the_interval_begins_where_the_last_daemon_s_ended);
	tcase_add_test(cases, drops_excluded_from_reports_are_never_reported);
	tcase_add_test(cases, two_slots_of_a_counter_are_reported_as_one);
	tcase_add_test(cases, evicted_counters_stay_in_the_totals);
	tcase_add_test(cases, unreported_counters_are_not_evicted);
	tcase_add_test(cases, a_slot_that_made_room_leaves_its_count_to_the_counter_s_other_one);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
