/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Follow streams: whole, in order, over segments, and with the gap told when the reader is too slow. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/event.h"
#include "daemon/follow-json.h"
#include "daemon/follow.h"
#include "journal/cleanup.h"
#include "journal/dictionary.h"
#include "journal/reader.h"
#include "journal/writer.h"

#define SESSION       7
#define FOLLOWERS_MAX 2

static char *directory;
static int dir_fd;
static sd_event *event;
static struct follow *follow;
static struct journal_writer *writer;
static unsigned int written; /* events */

static void set_up(void)
{
	const struct journal_limits limits = { .segment_size = 64 << 10, .total_size = 4 << 20 };
	char name[] = "test";
	const struct dictionary_settings settings = { .name = name };
	g_autofree char *start = journal_start_new(SESSION, "test", "test");
	g_autofree char *text = dictionary_settings_new(&settings);

	directory = g_dir_make_tmp("nfttraced-follow-XXXXXX", NULL);
	dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
	ck_assert_int_ge(sd_event_new(&event), 0);
	follow = follow_new(event, FOLLOWERS_MAX);
	ck_assert_ptr_nonnull(follow);
	ck_assert_int_eq(journal_writer_open(dir_fd, SESSION, start, text, &limits, &writer), 0);
	written = 0;
}

static void tear_down(void)
{
	g_autofree char *command = g_strdup_printf("rm -rf %s", directory);

	follow = follow_free(follow);
	writer = journal_writer_free(writer);
	event = sd_event_unref(event);
	fd_close(&dir_fd);
	ck_assert_int_eq(system(command), 0);
	g_clear_pointer(&directory, g_free);
}

/* Events are told apart by the process that they name. */
static void write_events(unsigned int count)
{
	struct journal_loss lost;

	for (unsigned int i = 0; i < count; i++) {
		struct event_head head = { .size = sizeof(head),
			.version = EVENT_VERSION,
			.time = written + 1,
			.pid = written };

		ck_assert_int_eq(journal_writer_append_event(
					 writer, 0, written * sizeof(head), &head, sizeof(head)),
			0);
		written++;
	}
	ck_assert_int_eq(journal_writer_flush(writer, &lost), 0);
}

static void end_session(void)
{
	const struct dictionary_books books = { .matched = written, .journaled = written };
	g_autofree char *text = dictionary_books_new(&books);

	ck_assert_int_eq(journal_writer_append_json(writer, JOURNAL_END, text), 0);
	writer = journal_writer_free(writer);
	follow_end(follow, SESSION);
}

static int begin(enum follow_from from)
{
	int fd;

	ck_assert_int_eq(follow_start(follow, 0, SESSION, dir_fd, from, &fd), 0);
	/* The test has one thread: it turns the event loop when there is nothing to read. */
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

struct seen {
	unsigned int events, first, starts, ends, slow, other_losses;
	bool in_order;
};

/* Reads the stream to its end. */
static struct seen read_all(int fd)
{
	struct seen seen = { .in_order = true };
	struct journal_reader *reader;
	struct journal_entry entry;
	g_autofree char *reason = NULL;
	unsigned int last = 0;
	int r;

	ck_assert_int_eq(journal_reader_open_stream(fd, &reader, &reason), 0);
	while ((r = journal_reader_next(reader, &entry)) != 0) {
		struct event_head head;

		if (r == -EAGAIN) {
			ck_assert_int_ge(sd_event_run(event, 10 * 1000), 0);
			continue;
		}
		ck_assert_int_eq(r, 1);
		seen.starts += entry.type == JOURNAL_START;
		seen.ends += entry.type == JOURNAL_END;
		if (entry.type == JOURNAL_LOSS) {
			seen.slow += entry.loss.reason == LOSS_SLOW_READER;
			seen.other_losses += entry.loss.reason != LOSS_SLOW_READER;
		}
		if (entry.type != JOURNAL_EVENT)
			continue;
		memcpy(&head, entry.data, sizeof(head));
		if (seen.events++ == 0)
			seen.first = head.pid;
		else if (head.pid <= last)
			seen.in_order = false;
		last = head.pid;
	}
	journal_reader_free(reader);
	return seen;
}

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

START_TEST(a_reader_that_is_too_slow_is_told_that_it_missed_some)
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

START_TEST(a_reader_that_goes_away_makes_room_for_another)
{
	int one = begin(FOLLOW_FROM_NOW), other = begin(FOLLOW_FROM_NOW), third;
	int64_t end = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
	int r;

	ck_assert_int_eq(
		follow_start(follow, 0, SESSION, dir_fd, FOLLOW_FROM_NOW, &third), -EMFILE);
	close(one);
	do {
		write_events(1);
		ck_assert_int_ge(sd_event_run(event, 10 * 1000), 0);
		r = follow_start(follow, 0, SESSION, dir_fd, FOLLOW_FROM_NOW, &third);
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

	ck_assert_int_eq(follow_start(follow, 0, session, dir_fd, from, &fd), 0);
	ck_assert_int_eq(follow_json(&fd), 0);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

/* Reads the stream to its end. */
static char *read_text(int fd)
{
	g_autoptr(GString) text = g_string_new(NULL);
	char bytes[4096];
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) != 0) {
		if (n > 0)
			g_string_append_len(text, bytes, n);
		else if (errno == EAGAIN)
			ck_assert_int_ge(sd_event_run(event, 10 * 1000), 0);
		else
			ck_assert_int_eq(errno, EINTR);
	}
	close(fd);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static unsigned int count_lines(char *const *lines, const char *with)
{
	unsigned int count = 0;

	for (; *lines; lines++)
		count += strstr(*lines, with) != NULL;
	return count;
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
		follow_start(follow, 0, SESSION - 1, dir_fd, FOLLOW_FROM_NOW, &one_more), 0);
	ck_assert_int_eq(follow_json(&one_more), -EUSERS);
	ck_assert_int_ge(fcntl(one_more, F_GETFD), 0);
	for (unsigned int i = 0; i < FOLLOW_JSON_MAX; i++)
		close(fds[i]);
	follow_json_drain(10 * G_USEC_PER_SEC);
	ck_assert_int_eq(follow_json(&one_more), 0);
	close(one_more);
}
END_TEST

START_TEST(sessions_have_their_streams_each_for_itself)
{
	int fd, one = begin(FOLLOW_FROM_NOW), other = begin(FOLLOW_FROM_NOW);

	ck_assert_int_eq(follow_start(follow, 0, SESSION + 1, dir_fd, FOLLOW_FROM_NOW, &fd), 0);
	close(fd);
	close(one);
	close(other);
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
	tcase_add_test(cases, a_reader_that_is_too_slow_is_told_that_it_missed_some);
	tcase_add_test(cases, a_reader_that_goes_away_makes_room_for_another);
	tcase_add_test(cases, readers_that_leave_a_quiet_session_make_room_and_leave_nothing_open);
	tcase_add_test(cases, a_stream_as_json_has_a_line_for_each_event);
	tcase_add_test(cases, readers_of_json_that_leave_a_quiet_session_leave_nothing_open);
	tcase_add_test(cases, streams_as_json_are_limited);
	tcase_add_test(cases, sessions_have_their_streams_each_for_itself);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
