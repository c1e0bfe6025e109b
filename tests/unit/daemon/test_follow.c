/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Follow streams: complete, in order, over segments, and with a loss record when the reader is too
 * slow. */
#include "tests/unit/kit/follow-kit.h"

START_TEST(a_stream_from_the_start_has_every_event_over_all_segments)
{
	struct seen seen;
	int fd;

	write_events(5000);
	fd = begin(FOLLOW_FROM_START);
	write_events(15000);
	end_session();
	seen = read_all(fd);
	ck_assert_uint_eq(seen.events, 20000);
	ck_assert(seen.in_order);
	ck_assert_uint_eq(seen.starts, 1);
	ck_assert_uint_eq(seen.ends, 1);
	ck_assert_uint_eq(seen.slow + seen.other_losses, 0);
}
END_TEST

START_TEST(a_stream_from_now_has_the_dictionaries_and_what_comes)
{
	struct seen seen;
	int fd;

	write_events(5000);
	fd = begin(FOLLOW_FROM_NOW);
	write_events(3000);
	end_session();
	seen = read_all(fd);
	ck_assert_uint_eq(seen.starts, 1);
	ck_assert_uint_eq(seen.events, 3000);
	ck_assert_uint_eq(seen.first, 5000);
	ck_assert_uint_eq(seen.ends, 1);
}
END_TEST

START_TEST(a_record_that_is_being_written_is_sent_when_it_is_whole)
{
	uint8_t tail[sizeof(struct event_head) / 2];
	struct stat status;
	struct seen seen;
	off_t cut;
	int fd, segment;

	write_events(3);
	segment = openat(dir_fd, "0000000001.nftj", O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(fstat(segment, &status), 0);
	cut = status.st_size - (off_t)sizeof(tail);
	ck_assert_int_eq(pread(segment, tail, sizeof(tail), cut), sizeof(tail));
	ck_assert_int_eq(ftruncate(segment, cut), 0);
	fd = begin(FOLLOW_FROM_START);
	ck_assert_int_gt(sd_event_run(event, UINT64_MAX), 0);
	ck_assert_int_eq(pwrite(segment, tail, sizeof(tail), cut), sizeof(tail));
	close(segment);
	end_session();
	seen = read_all(fd);
	ck_assert_uint_eq(seen.events, 3);
	ck_assert_uint_eq(seen.ends, 1);
	ck_assert_uint_eq(seen.slow + seen.other_losses, 0);
}
END_TEST

START_TEST(slow_reader_receives_a_loss)
{
	struct seen seen;
	int fd = begin(FOLLOW_FROM_START);

	/* Far more than the journal keeps and a pipe holds. */
	for (unsigned int i = 0; i < 200; i++) {
		write_events(500);
		ck_assert_int_ge(sd_event_run(event, 0), 0);
	}
	end_session();
	seen = read_all(fd);
	ck_assert_uint_lt(seen.events, written);
	ck_assert_uint_gt(seen.events, 0);
	ck_assert_uint_eq(seen.first, 0);
	ck_assert(seen.in_order);
	ck_assert_uint_ge(seen.slow, 1);
	ck_assert_uint_eq(seen.ends, 1);
}
END_TEST

START_TEST(closed_reader_makes_room_for_another)
{
	int one = begin(FOLLOW_FROM_NOW), other = begin(FOLLOW_FROM_NOW), third;
	int64_t end = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
	int r;

	ck_assert_int_eq(
		follow_start(follow, 0, SESSION, dir_fd, FOLLOW_FROM_NOW, NULL, &third), -EMFILE);
	close(one);
	do {
		write_events(1);
		ck_assert_int_ge(sd_event_run(event, 10 * 1000), 0);
		r = follow_start(follow, 0, SESSION, dir_fd, FOLLOW_FROM_NOW, NULL, &third);
		ck_assert_int_lt(g_get_monotonic_time(), end);
	} while (r == -EMFILE);
	ck_assert_int_eq(r, 0);
	close(third);
	close(other);
}
END_TEST

static unsigned int count_descriptors(void)
{
	g_autoptr(GDir) descriptors = g_dir_open("/proc/self/fd", 0, NULL);
	unsigned int count = 0;

	ck_assert_ptr_nonnull(descriptors);
	while (g_dir_read_name(descriptors))
		count++;
	return count;
}

START_TEST(readers_that_leave_a_quiet_session_make_room_and_leave_nothing_open)
{
	int64_t end = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
	unsigned int before = count_descriptors();

	for (unsigned int i = 0; i < 10 * FOLLOWERS_MAX; i++)
		close(begin(FOLLOW_FROM_NOW));
	while (count_descriptors() != before) {
		ck_assert_int_lt(g_get_monotonic_time(), end);
		ck_assert_int_ge(sd_event_run(event, 10 * 1000), 0);
	}
}
END_TEST

static int begin_json(uint64_t session, enum follow_from from)
{
	int fd;

	ck_assert_int_eq(follow_start(follow, 0, session, dir_fd, from, NULL, &fd), 0);
	ck_assert_int_eq(follow_json(&fd, JOURNAL_STREAM_WHOLE, FOLLOW_JSON_LINES), 0);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

START_TEST(a_stream_as_json_has_a_line_for_each_event)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	int fd;

	write_events(5000);
	fd = begin_json(SESSION, FOLLOW_FROM_START);
	write_events(3000);
	end_session();
	text = read_text(fd);
	lines = g_strsplit(text, "\n", -1);
	ck_assert_ptr_nonnull(strstr(lines[0], "\"startup\":"));
	ck_assert_uint_eq(count_lines(lines, "\"kernel\":"), 8000);
	ck_assert_uint_eq(count_lines(lines, "\"end\":{\"matched\":8000"), 1);
	ck_assert_uint_eq(count_lines(lines, "{\"common\":"), 8000 + 3);
	ck_assert_uint_eq(g_strv_length(lines), 8000 + 3 + 1);
}
END_TEST

START_TEST(readers_of_json_that_leave_a_quiet_session_leave_nothing_open)
{
	int64_t end = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
	unsigned int before = count_descriptors();

	for (unsigned int i = 0; i < 10; i++)
		close(begin_json(SESSION + i, FOLLOW_FROM_NOW));
	while (count_descriptors() != before) {
		ck_assert_int_lt(g_get_monotonic_time(), end);
		ck_assert_int_ge(sd_event_run(event, 10 * 1000), 0);
	}
}
END_TEST

START_TEST(streams_as_json_are_limited)
{
	int fds[FOLLOW_JSON_MAX], one_more;

	for (unsigned int i = 0; i < FOLLOW_JSON_MAX; i++)
		fds[i] = begin_json(SESSION + i, FOLLOW_FROM_NOW);
	ck_assert_int_eq(
		follow_start(follow, 0, SESSION - 1, dir_fd, FOLLOW_FROM_NOW, NULL, &one_more), 0);
	ck_assert_int_eq(follow_json(&one_more, JOURNAL_STREAM_WHOLE, FOLLOW_JSON_LINES), -EUSERS);
	ck_assert_int_ge(fcntl(one_more, F_GETFD), 0);
	for (unsigned int i = 0; i < FOLLOW_JSON_MAX; i++)
		close(fds[i]);
	follow_json_drain(10 * G_USEC_PER_SEC);
	ck_assert_int_eq(follow_json(&one_more, JOURNAL_STREAM_WHOLE, FOLLOW_JSON_LINES), 0);
	close(one_more);
}
END_TEST

START_TEST(sessions_have_their_streams_each_for_itself)
{
	int fd, one = begin(FOLLOW_FROM_NOW), other = begin(FOLLOW_FROM_NOW);

	ck_assert_int_eq(
		follow_start(follow, 0, SESSION + 1, dir_fd, FOLLOW_FROM_NOW, NULL, &fd), 0);
	close(fd);
	close(one);
	close(other);
}
END_TEST

/* What a reader that keeps up receives: the number of events, and of those removed by retention. */
struct kept_up {
	unsigned int events, losses;
	uint64_t lost;
};

static int take_available(struct journal_reader *reader, struct kept_up *kept)
{
	struct journal_entry entry;
	int r;

	while ((r = journal_reader_next(reader, &entry)) > 0) {
		kept->events += entry.type == JOURNAL_EVENT;
		if (entry.type != JOURNAL_LOSS)
			continue;
		ck_assert_uint_eq(entry.loss.reason, LOSS_RETENTION);
		kept->losses++;
		kept->lost += entry.loss.count;
	}
	return r;
}

/* Writes four times as much as the journal may have; it is read as it comes. */
static struct kept_up keep_up(enum follow_from from)
{
	struct journal_reader *reader;
	g_autofree char *reason = NULL;
	struct kept_up kept = { 0 };
	int fd = begin(from);

	ck_assert_int_eq(journal_reader_open_stream(fd, &reader, &reason), 0);
	journal_reader_expect_more(
		reader, from == FOLLOW_FROM_START ? JOURNAL_STREAM_WHOLE : JOURNAL_STREAM_PART);
	for (unsigned int i = 0; i < 120; i++) {
		write_events(1000);
		ck_assert_int_ge(sd_event_run(event, 100 * 1000), 0);
		ck_assert_int_eq(take_available(reader, &kept), -EAGAIN);
	}
	end_session();
	while (take_available(reader, &kept) != 0)
		ck_assert_int_ge(sd_event_run(event, 10 * 1000), 0);
	journal_reader_free(reader);
	return kept;
}

START_TEST(reader_with_all_events_receives_no_loss)
{
	struct kept_up kept = keep_up(FOLLOW_FROM_START);

	ck_assert_uint_eq(kept.events, written);
	ck_assert_uint_eq(kept.losses, 0);
}
END_TEST

START_TEST(earlier_events_are_no_loss_for_a_reader)
{
	struct kept_up kept;

	write_events(70500);
	kept = keep_up(FOLLOW_FROM_NOW);
	ck_assert_uint_eq(kept.events, written - 70500);
	ck_assert_uint_eq(kept.losses, 0);
}
END_TEST

START_TEST(removed_unread_events_are_reported_exactly)
{
	struct kept_up kept;

	write_events(70500);
	kept = keep_up(FOLLOW_FROM_START);
	ck_assert_uint_gt(kept.losses, 0);
	ck_assert_uint_eq(kept.events + kept.lost, written);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("follow");
	TCase *cases = tcase_create("follow");
	SRunner *runner = srunner_create(suite);
	int failed;

	signal(SIGPIPE, SIG_IGN);
	suite_add_tcase(suite, cases);
	tcase_set_timeout(cases, 60);
	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_test(cases, a_stream_from_the_start_has_every_event_over_all_segments);
	tcase_add_test(cases, a_stream_from_now_has_the_dictionaries_and_what_comes);
	tcase_add_test(cases, a_record_that_is_being_written_is_sent_when_it_is_whole);
	tcase_add_test(cases, slow_reader_receives_a_loss);
	tcase_add_test(cases, closed_reader_makes_room_for_another);
	tcase_add_test(cases, readers_that_leave_a_quiet_session_make_room_and_leave_nothing_open);
	tcase_add_test(cases, a_stream_as_json_has_a_line_for_each_event);
	tcase_add_test(cases, readers_of_json_that_leave_a_quiet_session_leave_nothing_open);
	tcase_add_test(cases, streams_as_json_are_limited);
	tcase_add_test(cases, sessions_have_their_streams_each_for_itself);
	tcase_add_test(cases, reader_with_all_events_receives_no_loss);
	tcase_add_test(cases, earlier_events_are_no_loss_for_a_reader);
	tcase_add_test(cases, removed_unread_events_are_reported_exactly);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
