/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A wall clock that is moved: when that is detected, and that every event keeps the time that the
 * clock showed then, also a time that exists twice. */
#include "client/pcap/capture.h"
#include "client/print/style.h"
#include "client/read/event-filter.h"
#include "client/read/journal-set.h"
#include "daemon/recorder/clock-watch.h"
#include "tests/unit/kit/reading-kit.h"

#define SECOND UINT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define START  kit_here.monotonic
#define REAL   kit_here.realtime

/* The watch. */

static struct clock_reading reading_at(uint64_t seconds)
{
	return (struct clock_reading){
		.realtime = REAL + seconds * SECOND,
		.monotonic = START + seconds * SECOND,
		.boottime = START + seconds * SECOND,
	};
}

static struct clock_watch watch_begun(void)
{
	const struct clock_reading reading = reading_at(0);
	struct clock_watch watch;

	clock_watch_begin(&watch, &reading);
	return watch;
}

START_TEST(unchanged_clock_is_not_recorded)
{
	struct clock_watch watch = watch_begun();
	struct journal_clock clock;

	for (uint64_t second = 1; second < 1000; second++) {
		struct clock_reading reading = reading_at(second);

		/* Nor is one that is set to the time it showed, within the accuracy of
		 * measuring. */
		reading.realtime += second % 2 ? CLOCK_WATCH_NOISE : 0;
		reading.set = second % 3 == 0;
		ck_assert(!clock_watch_take(&watch, &reading, &clock));
	}
}
END_TEST

START_TEST(set_clock_is_recorded_once)
{
	static const int64_t steps[] = { 365 * 24 * (int64_t)HOUR, -(int64_t)HOUR, SECOND / 1000,
		-(int64_t)SECOND / 10000 };
	struct clock_watch watch = watch_begun();
	struct journal_clock clock;
	uint64_t moved = 0;

	for (uint64_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		struct clock_reading reading = reading_at(i + 1);

		moved += (uint64_t)steps[i];
		reading.realtime += moved;
		reading.set = true;
		ck_assert(clock_watch_take(&watch, &reading, &clock));
		ck_assert_uint_eq(clock.cause, CLOCK_SET);
		ck_assert_uint_eq(clock.since, reading.monotonic);
		ck_assert_uint_eq(clock.realtime, reading.realtime);
		ck_assert_int_eq((int64_t)(clock.realtime - clock.before), steps[i]);
		reading.set = false;
		ck_assert(!clock_watch_take(&watch, &reading, &clock));
	}
}
END_TEST

START_TEST(resume_is_recorded_as_resume)
{
	struct clock_watch watch = watch_begun();
	struct clock_reading reading = reading_at(1);
	struct journal_clock clock;

	reading.realtime += HOUR;
	reading.boottime += HOUR;
	reading.set = true;
	ck_assert(clock_watch_take(&watch, &reading, &clock));
	ck_assert_uint_eq(clock.cause, CLOCK_RESUMED);
	ck_assert_uint_eq(clock.realtime - clock.before, HOUR);
	ck_assert(!clock_watch_take(&watch, &reading, &clock));
}
END_TEST

/* 500 ppm is 30 ms a minute. */
START_TEST(slewing_beyond_a_millisecond_is_recorded_once_a_minute)
{
	struct clock_watch watch = watch_begun();
	unsigned int told = 0;

	for (uint64_t second = 1; second <= 600; second++) {
		struct clock_reading reading = reading_at(second);
		struct journal_clock clock;

		reading.realtime -= second * (SECOND / 2000);
		if (!clock_watch_take(&watch, &reading, &clock))
			continue;
		ck_assert_uint_eq(clock.cause, CLOCK_SLEWED);
		ck_assert_int_eq((int64_t)(clock.realtime - clock.before), -30000000);
		told++;
	}
	ck_assert_uint_eq(told, 10);
}
END_TEST

START_TEST(slewing_of_less_adds_up_until_it_is_more_than_a_millisecond)
{
	struct clock_watch watch = watch_begun();
	unsigned int told = 0;

	for (uint64_t minute = 1; minute <= 10; minute++) {
		struct clock_reading reading = reading_at(60 * minute);
		struct journal_clock clock;

		reading.realtime += minute * SECOND / 2500; /* 0.4 ms */
		if (!clock_watch_take(&watch, &reading, &clock))
			continue;
		ck_assert_int_eq((int64_t)(clock.realtime - clock.before), 1200000);
		told++;
	}
	ck_assert_uint_eq(told, 3);
}
END_TEST

/* The reader. */

static void add_event(struct kit_recording *recording, uint16_t ring, uint64_t time)
{
	const struct event_packet packet = {
		.length = 20, .captured = 20, .link = EVENT_LINK_RAW, .protocol = 0x0800
	};
	const struct event_head head = kit_head(time, 0);
	static const uint8_t bytes[20] = { 0x45, 0, 0, 20 };
	struct synthetic event;

	synthetic_begin(&event, &head);
	synthetic_packet(&event, &packet, bytes);
	kit_add(recording, ring, &event);
}

/* The clock was moved `seconds` seconds after the start; `by` is the sum of all moves so far. */
static void add_move(struct kit_recording *recording, uint64_t seconds, int64_t by)
{
	const struct journal_clock clock = {
		.cause = CLOCK_SET,
		.since = START + seconds * SECOND,
		.realtime = REAL + seconds * SECOND + (uint64_t)by,
		.before = REAL + seconds * SECOND,
	};
	struct journal_loss lost;

	journal_writer_flush(recording->writer, &lost);
	ck_assert_int_eq(journal_writer_append_clock(recording->writer, &clock), 0);
}

/*
 * Events at each second except those of the moves: at 10 s the clock is set an hour ahead, at 20 s
 * to 5 s before the unmoved clock, so seconds 15 to 20 of the wall clock exist twice. The record of
 * the first move comes late: behind an event of another ring that happened after it.
 */
static struct kit_recording moved_recording(void)
{
	struct kit_recording recording = kit_record(1, "moved");

	for (uint64_t second = 1; second < 10; second++)
		add_event(&recording, 0, START + second * SECOND);
	add_event(&recording, 1, START + 11 * SECOND);
	add_move(&recording, 10, (int64_t)HOUR);
	for (uint64_t second = 12; second < 20; second++)
		add_event(&recording, 0, START + second * SECOND);
	add_move(&recording, 20, -5 * (int64_t)SECOND);
	for (uint64_t second = 21; second < 30; second++)
		add_event(&recording, 0, START + second * SECOND);
	kit_recorded(&recording, &kit_here);
	return recording;
}

static uint64_t wall_time(uint64_t monotonic)
{
	uint64_t time = REAL + monotonic - START;

	if (monotonic >= START + 20 * SECOND)
		return time - 5 * SECOND;
	return monotonic >= START + 10 * SECOND ? time + HOUR : time;
}

START_TEST(each_event_has_the_time_that_the_clock_showed_and_the_order_is_that_of_the_events)
{
	struct kit_recording recording = moved_recording();
	char *paths[] = { recording.path, NULL };
	auto_journal_set *journals = NULL;
	g_autofree char *reason = NULL;
	struct journal_set_record record;
	unsigned int events = 0, moves = 0;
	uint64_t before = 0;

	ck_assert_int_eq(journal_set_open(paths, &journals, &reason), 0);
	while (journal_set_next(journals, &record) > 0) {
		const struct event_head *head = record.entry.data;

		moves += record.entry.type == JOURNAL_CLOCK;
		if (record.entry.type != JOURNAL_EVENT)
			continue;
		ck_assert_uint_eq(record.time, wall_time(head->time));
		ck_assert_uint_eq(record.order, REAL + head->time - START);
		ck_assert_uint_lt(before, record.order);
		before = record.order;
		events++;
	}
	ck_assert_uint_eq(events, 27);
	ck_assert_uint_eq(moves, 2);
	kit_recording_remove(&recording);
}
END_TEST

/* The seconds of the events that fit, by the monotonic clock. */
static char *seconds_selected(const char *since, const char *until)
{
	struct event_filter_options wishes = { .since = (char *)since, .until = (char *)until };
	struct kit_recording recording = moved_recording();
	char *paths[] = { recording.path, NULL };
	g_autoptr(GString) seconds = g_string_new(NULL);
	auto_journal_set *journals = NULL;
	g_autofree char *reason = NULL;
	struct journal_set_record record;
	auto_event_filter *select = NULL;

	ck_assert_int_eq(event_filter_new(&wishes, WHEN_UTC, &select, &reason), 0);
	ck_assert_int_eq(journal_set_open(paths, &journals, &reason), 0);
	while (journal_set_next(journals, &record) > 0) {
		const struct event_head *head = record.entry.data;

		if (record.entry.type == JOURNAL_EVENT &&
			event_filter_record(select, journal_set_names(journals, 0), &record))
			g_string_append_printf(
				seconds, "%u ", (unsigned int)((head->time - START) / SECOND));
	}
	kit_recording_remove(&recording);
	return g_strdup(seconds->str);
}

START_TEST(a_time_that_exists_twice_selects_both)
{
	/* 05:30:17 is second 0. */
	g_autofree char *twice = seconds_selected("2026-11-22 05:30:25", "2026-11-22 05:30:35");
	g_autofree char *ahead = seconds_selected("2026-11-22 06:00", "2026-11-22 07:00");
	g_autofree char *back = seconds_selected("2026-11-22 05:30:33", "2026-11-22 05:30:34");
	g_autofree char *monotonic = seconds_selected("43000000000ns", "46000000000ns");

	ck_assert_str_eq(twice, "8 9 21 22 23 ");
	ck_assert_str_eq(ahead, "11 12 13 14 15 16 17 18 19 ");
	ck_assert_str_eq(back, "21 22 ");
	ck_assert_str_eq(monotonic, "9 11 12 ");
}
END_TEST

static char *render(bool json)
{
	const struct print_form form = { .json = json, .text.time = TEXT_TIME_UTC };
	struct kit_recording recording = moved_recording();
	char *paths[] = { recording.path, NULL };
	auto_journal_set *journals = NULL;
	g_autofree char *reason = NULL;
	struct journal_set_record record;
	struct output output;
	auto_renderer *renderer = NULL;
	char *lines;

	ck_assert_int_eq(journal_set_open(paths, &journals, &reason), 0);
	output_open(&output, OUTPUT_MEMORY);
	renderer = print_renderer_new(&form, &output, journal_set_names(journals, 0));
	while (journal_set_next(journals, &record) > 0)
		renderer_render(renderer, &record.entry);
	lines = output_steal(&output);
	output_close(&output);
	kit_recording_remove(&recording);
	return lines;
}

START_TEST(text_prints_clock_moves_with_times)
{
	g_autofree char *lines = render(false);

	ck_assert_ptr_nonnull(strstr(lines, "2026-11-22 05:30:26.000000 (0) [nc]"));
	ck_assert_ptr_nonnull(strstr(
		lines, "-- 2026-11-22 06:30:27.000000 the wall clock was set 3600.000 s ahead\n"));
	ck_assert_ptr_nonnull(strstr(lines, "2026-11-22 06:30:28.000000 (0) [nc]"));
	ck_assert_ptr_nonnull(strstr(
		lines, "-- 2026-11-22 05:30:32.000000 the wall clock was set 5.000 s back\n"));
	ck_assert_ptr_nonnull(strstr(lines, "2026-11-22 05:30:33.000000 (0) [nc]"));
}
END_TEST

START_TEST(json_prints_clock_moves)
{
	g_autofree char *lines = render(true);

	ck_assert_ptr_nonnull(strstr(lines,
		"{\"common\":{\"timestamp\":44000000000},\"nfttraced\":{\"session\":1,\"clock\":{"
		"\"cause\":\"set\",\"since\":44000000000,\"realtime\":1795329027000000000,"
		"\"moved\":3600000000000,\"missed\":0}}}\n"));
}
END_TEST

START_TEST(a_capture_has_the_times_that_the_clock_showed)
{
	struct kit_recording recording = moved_recording();
	char *paths[] = { recording.path, NULL };
	auto_journal_set *journals = NULL;
	g_autofree char *reason = NULL, *bytes = NULL;
	struct journal_set_record record;
	auto_capture *capture = NULL;
	struct output output;

	ck_assert_int_eq(journal_set_open(paths, &journals, &reason), 0);
	output_open(&output, OUTPUT_MEMORY);
	capture = capture_new(journals, &output);
	while (journal_set_next(journals, &record) > 0) {
		const struct event_head *head = record.entry.data;
		size_t used = output.used;
		uint32_t time[2];
		bool found = false;

		capture_take(capture, &record);
		if (record.entry.type != JOURNAL_EVENT)
			continue;
		time[0] = (uint32_t)(wall_time(head->time) >> 32);
		time[1] = (uint32_t)wall_time(head->time);
		for (size_t at = used; at + sizeof(time) <= output.used; at += 4)
			found = found || memcmp(output.bytes + at, time, sizeof(time)) == 0;
		ck_assert(found);
	}
	output_close(&output);
	kit_recording_remove(&recording);
}
END_TEST

/* A journal from before such records uses the headers of its segments. */
START_TEST(a_segment_begins_with_the_clock_as_it_was_then)
{
	struct journal_segment first = {
		.number = 1, .realtime = 1000 * SECOND, .monotonic = 10 * SECOND
	};
	struct journal_segment second = {
		.number = 2, .realtime = 5000 * SECOND, .monotonic = 20 * SECOND
	};
	struct journal_segment close = {
		.number = 3, .realtime = 5010 * SECOND + 500000, .monotonic = 30 * SECOND
	};
	struct journal_segment other = {
		.number = 1, .boot_id = { 9 }, .realtime = 7 * SECOND, .monotonic = SECOND
	};
	struct clocks *clocks = clocks_new();

	ck_assert_uint_eq(clocks_offset(clocks, &first, 0), 990 * SECOND);
	clocks_note_segment(clocks, &first);
	clocks_note_segment(clocks, &second);
	clocks_note_segment(clocks, &close);
	ck_assert_uint_eq(clocks_offset(clocks, &first, SECOND), 990 * SECOND);
	ck_assert_uint_eq(clocks_offset(clocks, &second, 15 * SECOND), 990 * SECOND);
	ck_assert_uint_eq(clocks_offset(clocks, &first, 20 * SECOND), 4980 * SECOND);
	/* The accuracy of measuring is less than a millisecond. */
	ck_assert_uint_eq(clocks_offset(clocks, &close, 40 * SECOND), 4980 * SECOND);
	ck_assert_uint_eq(clocks_offset(clocks, &other, 40 * SECOND), 6 * SECOND);
	clocks_note_segment(clocks, &other);
	ck_assert_uint_eq(clocks_offset(clocks, &other, 40 * SECOND), 6 * SECOND);
	clocks_free(clocks);
}
END_TEST

START_TEST(number_of_clock_moves_is_limited)
{
	const struct journal_segment segment = { .number = 1, .realtime = 1, .monotonic = 1 };
	struct clocks *clocks = clocks_new();

	for (uint64_t i = 1; i <= CLOCKS_MAX + 10; i++) {
		const struct journal_clock clock = { .since = i, .realtime = 3 * i };

		clocks_note(clocks, &segment, &clock);
	}
	ck_assert_uint_eq(clocks_offset(clocks, &segment, CLOCKS_MAX + 10), 2 * (CLOCKS_MAX + 10));
	ck_assert_uint_eq(clocks_offset(clocks, &segment, 1), 2 * 11);
	clocks_free(clocks);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("clocks");
	TCase *tcase = tcase_create("moves");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, unchanged_clock_is_not_recorded);
	tcase_add_test(tcase, set_clock_is_recorded_once);
	tcase_add_test(tcase, resume_is_recorded_as_resume);
	tcase_add_test(tcase, slewing_beyond_a_millisecond_is_recorded_once_a_minute);
	tcase_add_test(tcase, slewing_of_less_adds_up_until_it_is_more_than_a_millisecond);
	tcase_add_test(tcase,
		each_event_has_the_time_that_the_clock_showed_and_the_order_is_that_of_the_events);
	tcase_add_test(tcase, a_time_that_exists_twice_selects_both);
	tcase_add_test(tcase, text_prints_clock_moves_with_times);
	tcase_add_test(tcase, json_prints_clock_moves);
	tcase_add_test(tcase, a_capture_has_the_times_that_the_clock_showed);
	tcase_add_test(tcase, a_segment_begins_with_the_clock_as_it_was_then);
	tcase_add_test(tcase, number_of_clock_moves_is_limited);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
