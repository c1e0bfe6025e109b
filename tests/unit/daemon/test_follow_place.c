/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Follow streams that resume where others ended: no event is repeated or left out. */
#include "tests/unit/kit/follow-kit.h"

/* Reads `count` events; *ret_place is behind them. */
static void read_some(struct journal_reader *reader, unsigned int count, unsigned int *next,
	struct journal_position *ret_place)
{
	struct journal_entry entry;
	unsigned int events = 0;
	int r;

	while ((r = journal_reader_next(reader, &entry)) != -EAGAIN || events < count) {
		struct event_head head;

		if (r == -EAGAIN) {
			ck_assert_int_ge(sd_event_run(event, 10 * 1000), 0);
			continue;
		}
		ck_assert_int_eq(r, 1);
		ck_assert_int_ne(entry.type, JOURNAL_LOSS);
		if (entry.type != JOURNAL_EVENT)
			continue;
		memcpy(&head, entry.data, sizeof(head));
		ck_assert_uint_eq(head.pid, (*next)++);
		events++;
	}
	ck_assert_uint_eq(events, count);
	ck_assert(journal_reader_position(reader, ret_place));
}

/* A stream that resumes at a place. */
static int begin_after(const struct journal_position *place)
{
	int fd;

	ck_assert_int_eq(
		follow_start(follow, 0, SESSION, dir_fd, FOLLOW_FROM_POSITION, place, &fd), 0);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

/* The daemon is restarted, again and again. */
static void go_on(enum follow_from from, enum journal_stream kind)
{
	struct journal_reader *reader;
	struct journal_position place;
	g_autofree char *reason = NULL;
	unsigned int next = 0;
	int fd;

	if (from == FOLLOW_FROM_NOW) {
		write_events(700);
		next = 700;
	}
	fd = begin(from);
	ck_assert_int_eq(journal_reader_open_stream(fd, &reader, &reason), 0);
	journal_reader_expect_more(reader, kind);
	/* Over several segments. */
	for (unsigned int i = 0; i < 20; i++) {
		write_events(300 + i);
		read_some(reader, 300 + i, &next, &place);
		write_events(100);
		follow = follow_free(follow);
		follow = follow_new(event, FOLLOWERS_MAX, PIPES_MAX);
		write_events(10);
		journal_reader_continue(reader, begin_after(&place));
		ck_assert(!journal_reader_caught_up(reader));
		read_some(reader, 110, &next, &place);
		ck_assert(journal_reader_caught_up(reader));
	}
	ck_assert_uint_gt(place.segment, 2);
	journal_reader_free(reader);
}

START_TEST(stream_from_start_resumes_where_it_ended)
{
	go_on(FOLLOW_FROM_START, JOURNAL_STREAM_WHOLE);
}
END_TEST

START_TEST(stream_from_now_resumes_where_it_ended)
{
	go_on(FOLLOW_FROM_NOW, JOURNAL_STREAM_PART);
}
END_TEST

/* A stream that ends after `cut` bytes, as a killed daemon may leave it. *ret_size (or NULL): the
 * bytes that the whole stream had. */
static int cut_stream(enum follow_from from, size_t cut, size_t *ret_size)
{
	uint8_t bytes[4096];
	int fd = begin(from), fds[2];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	ck_assert_int_ge(n, (ssize_t)cut);
	close(fd);
	if (ret_size)
		*ret_size = (size_t)n;
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(write(fds[1], bytes, cut), (ssize_t)cut);
	close(fds[1]);
	return fds[0];
}

START_TEST(stream_cut_anywhere_resumes_without_damage)
{
	size_t head = sizeof(struct journal_segment);
	struct stat status;

	write_events(3);
	ck_assert_int_eq(fstatat(dir_fd, "0000000001.nftj", &status, 0), 0);
	for (size_t cut = head; cut <= (size_t)status.st_size; cut++) {
		struct journal_reader *reader;
		struct journal_entry entry;
		struct journal_position place;
		g_autofree char *reason = NULL;
		unsigned int next = 0;
		int r;

		ck_assert_int_eq(
			journal_reader_open_stream(
				cut_stream(FOLLOW_FROM_START, cut, NULL), &reader, &reason),
			0);
		journal_reader_expect_more(reader, JOURNAL_STREAM_WHOLE);
		while ((r = journal_reader_next(reader, &entry)) > 0) {
			ck_assert_int_ne(entry.type, JOURNAL_LOSS);
			next += entry.type == JOURNAL_EVENT;
		}
		ck_assert_int_eq(r, 0);
		ck_assert(journal_reader_position(reader, &place));
		journal_reader_continue(reader, begin_after(&place));
		read_some(reader, 3 - next, &next, &place);
		ck_assert_uint_eq(place.offset, status.st_size);
		journal_reader_free(reader);
	}
}
END_TEST

START_TEST(stream_from_now_has_no_position_before_its_record)
{
	size_t size;

	write_events(3);
	close(cut_stream(FOLLOW_FROM_NOW, 0, &size));
	for (size_t cut = sizeof(struct journal_segment); cut <= size; cut++) {
		int fd = cut_stream(FOLLOW_FROM_NOW, cut, NULL);
		struct journal_reader *reader;
		struct journal_entry entry;
		struct journal_position place;
		g_autofree char *reason = NULL;
		int r;

		ck_assert_int_eq(journal_reader_open_stream(fd, &reader, &reason), 0);
		journal_reader_expect_more(reader, JOURNAL_STREAM_PART);
		while ((r = journal_reader_next(reader, &entry)) > 0)
			ck_assert_int_ne(entry.type, JOURNAL_EVENT);
		ck_assert_int_eq(r, 0);
		ck_assert_int_eq(journal_reader_position(reader, &place), cut == size);
		/* Nor does a resumed one. */
		journal_reader_continue(reader, cut_stream(FOLLOW_FROM_NOW, cut, NULL));
		ck_assert_int_eq(journal_reader_next(reader, &entry), 0);
		ck_assert_int_eq(journal_reader_position(reader, &place), cut == size);
		journal_reader_free(reader);
	}
}
END_TEST

START_TEST(only_record_starts_are_positions)
{
	unsigned int places = 0;
	struct stat status;

	write_events(3);
	ck_assert_int_eq(fstatat(dir_fd, "0000000001.nftj", &status, 0), 0);
	for (uint64_t offset = 0; offset <= (uint64_t)status.st_size + 8; offset++) {
		const struct journal_position place = { .segment = 1, .offset = offset };
		int fd,
			r = follow_start(
				follow, 0, SESSION, dir_fd, FOLLOW_FROM_POSITION, &place, &fd);

		if (r == 0) {
			places++;
			close(fd);
			continue;
		}
		ck_assert_int_eq(r, -EINVAL);
	}
	/* Before start, settings and events, and behind the last one. */
	ck_assert_uint_eq(places, 2 + 3 + 1);
	ck_assert_int_eq(
		follow_start(follow, 0, SESSION, dir_fd, FOLLOW_FROM_POSITION,
			&(struct journal_position){ .segment = 2, .offset = 64 }, &(int){ -1 }),
		-EINVAL);
}
END_TEST

START_TEST(removed_position_is_a_gap)
{
	const struct journal_position place = { .segment = 1, .offset = 64 };
	struct seen seen;
	int fd;

	write_events(5000);
	ck_assert_int_eq(unlinkat(dir_fd, "0000000001.nftj", 0), 0);
	fd = begin_after(&place);
	end_session();
	seen = read_all(fd);
	ck_assert_uint_eq(seen.slow, 1);
	ck_assert_uint_gt(seen.first, 0);
	ck_assert_uint_eq(seen.events, 5000 - seen.first);
}
END_TEST

/* Reads lines until one of them has a place. */
static void read_place(int fd, GString *text)
{
	char bytes[4096];

	while (!strstr(text->str, "\"place\"")) {
		ssize_t n = read(fd, bytes, sizeof(bytes));

		ck_assert_int_ne(n, 0);
		if (n > 0)
			g_string_append_len(text, bytes, n);
		else
			ck_assert_int_ge(sd_event_run(event, 10 * 1000), 0);
	}
}

START_TEST(json_stream_contains_positions)
{
	g_autoptr(GString) said = g_string_new(NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	struct journal_position place = { 0 };
	unsigned int before = 0, events = 0, other;
	int fd;

	write_events(500);
	ck_assert_int_eq(follow_start(follow, 0, SESSION, dir_fd, FOLLOW_FROM_START, NULL, &fd), 0);
	ck_assert_int_eq(follow_json(&fd, JOURNAL_STREAM_WHOLE, FOLLOW_JSON_PLACES), 0);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	read_place(fd, said);
	write_events(300);
	follow = follow_free(follow);
	follow = follow_new(event, FOLLOWERS_MAX, PIPES_MAX);
	text = read_text(fd);
	g_string_append(said, text);
	lines = g_strsplit(said->str, "\n", -1);
	for (char **line = lines; *line; line++) {
		events += strstr(*line, "\"kernel\":") != NULL;
		if (sscanf(*line, "{\"place\":{\"segment\":%" SCNu64 ",\"offset\":%" SCNu64 "}}",
			    (uint64_t *)&place.segment, (uint64_t *)&place.offset) == 2)
			before = events;
	}
	ck_assert_uint_gt(before, 0);

	/* Each event comes once, before the last place that was reported or behind it. */
	fd = begin_after(&place);
	ck_assert_int_eq(follow_json(&fd, JOURNAL_STREAM_PART, FOLLOW_JSON_LINES), 0);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	end_session();
	g_free(text);
	text = read_text(fd);
	g_strfreev(lines);
	lines = g_strsplit(text, "\n", -1);
	other = count_lines(lines, "\"kernel\":");
	ck_assert_uint_eq(before + other, 800);
	ck_assert_uint_eq(count_lines(lines, "\"place\""), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("follow_place");
	TCase *cases = tcase_create("follow_place");
	SRunner *runner = srunner_create(suite);
	int failed;

	signal(SIGPIPE, SIG_IGN);
	suite_add_tcase(suite, cases);
	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_test(cases, stream_from_start_resumes_where_it_ended);
	tcase_add_test(cases, stream_from_now_resumes_where_it_ended);
	tcase_add_test(cases, stream_cut_anywhere_resumes_without_damage);
	tcase_add_test(cases, stream_from_now_has_no_position_before_its_record);
	tcase_add_test(cases, only_record_starts_are_positions);
	tcase_add_test(cases, removed_position_is_a_gap);
	tcase_add_test(cases, json_stream_contains_positions);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
