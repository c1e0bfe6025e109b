/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's log when it is not read: it never waits, and it counts what it discards. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/base/log-queue.h"
#include "daemon/base/log-sink.h"
#include "daemon/base/log.h"
#include "journal/base/cleanup.h"

#define LINES         5000
#define AT_ONCE_USEC  (5 * G_USEC_PER_SEC) /* on a busy machine */
#define PATIENCE_USEC (30 * G_USEC_PER_SEC)
#define TURN_USEC     (10 * 1000)
#define MESSAGE_MAX   8192

static int answer; /* the result of `take` */
static GPtrArray *taken;
static struct log_queue queue;

static int take(int priority, const char *text)
{
	if (answer == 0)
		g_ptr_array_add(taken, g_strdup(text));
	return answer;
}

static void set_up_queue(void)
{
	answer = 0;
	taken = g_ptr_array_new_with_free_func(g_free);
	queue = (struct log_queue){ .deliver = take, .lines = G_QUEUE_INIT };
}

static void tear_down_queue(void)
{
	answer = 0;
	log_queue_flush(&queue);
	g_ptr_array_unref(taken);
}

static const char *line(unsigned int index)
{
	ck_assert_uint_lt(index, taken->len);
	return taken->pdata[index];
}

START_TEST(unaccepted_messages_wait_in_order)
{
	log_queue_add(&queue, LOG_INFO, "one");
	answer = -EAGAIN;
	log_queue_add(&queue, LOG_INFO, "two");
	log_queue_add(&queue, LOG_INFO, "three");
	ck_assert(!log_queue_flush(&queue));
	ck_assert_uint_eq(taken->len, 1);
	answer = 0;
	log_queue_add(&queue, LOG_INFO, "four");
	ck_assert(log_queue_flush(&queue));
	ck_assert_uint_eq(taken->len, 4);
	ck_assert_str_eq(line(1), "two");
	ck_assert_str_eq(line(2), "three");
	ck_assert_str_eq(line(3), "four");
	ck_assert_uint_eq(queue.discarded, 0);
	ck_assert_uint_eq(queue.bytes, 0);
}
END_TEST

START_TEST(excess_messages_are_counted_and_reported_once)
{
	g_autofree char *text = g_strnfill(1023, 'x');
	const unsigned int fit = LOG_QUEUE_SIZE / 1024;

	answer = -EAGAIN;
	for (unsigned int i = 0; i < fit + 7; i++)
		log_queue_add(&queue, LOG_INFO, text);
	ck_assert_uint_eq(queue.discarded, 7);
	ck_assert_uint_le(queue.bytes, LOG_QUEUE_SIZE);
	answer = 0;
	log_queue_add(&queue, LOG_INFO, "after");
	ck_assert_uint_eq(taken->len, fit + 2);
	ck_assert_str_eq(line(fit), "7 lines of this log were not taken in time and discarded");
	ck_assert_str_eq(line(fit + 1), "after");
	log_queue_add(&queue, LOG_INFO, "more");
	ck_assert_uint_eq(taken->len, fit + 3);
	ck_assert_uint_eq(queue.discarded, 7);
}
END_TEST

START_TEST(undeliverable_message_does_not_block_others)
{
	answer = -ECONNREFUSED;
	log_queue_add(&queue, LOG_INFO, "lost");
	answer = 0;
	log_queue_add(&queue, LOG_INFO, "after");
	ck_assert_uint_eq(taken->len, 1);
	ck_assert_str_eq(line(0), "after");
	ck_assert_uint_eq(queue.discarded, 1);
}
END_TEST

static char *directory, *path;
static int journal;

static void set_up_journal(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	directory = g_dir_make_tmp("nfttraced-log-XXXXXX", NULL);
	path = g_build_filename(directory, "socket", NULL);
	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(journal, (struct sockaddr *)&address, sizeof(address)), 0);
	log_sink_set_journal(path);
	log_set_target(LOG_TARGET_JOURNAL);
}

static void tear_down_journal(void)
{
	log_finish(0);
	close(journal);
	unlink(path);
	rmdir(directory);
	g_free(path);
	g_free(directory);
}

/* The next message; "" if there is none. */
static const char *message(void)
{
	static char text[MESSAGE_MAX];
	ssize_t size = recv(journal, text, sizeof(text) - 1, 0);

	text[MAX(size, 0)] = '\0';
	return text;
}

START_TEST(the_journal_gets_its_fields)
{
	log_warning("session %d: \"%s\"", 7, "a\nPRIORITY=0");
	ck_assert_str_eq(message(),
		"MESSAGE=session 7: \"a\\x0aPRIORITY=0\"\nPRIORITY=4\nSYSLOG_IDENTIFIER=nfttraced\n");
	ck_assert_str_eq(message(), "");
}
END_TEST

START_TEST(missing_journal_is_not_waited_for)
{
	uint64_t before = log_discarded();

	log_sink_set_journal("/nonexistent/socket");
	log_info("lost");
	ck_assert_uint_eq(log_discarded(), before + 1);
	log_sink_set_journal(path);
	log_info("there");
	ck_assert_ptr_nonnull(strstr(message(), "MESSAGE=there\n"));
}
END_TEST

/* Reads the lines that are there; *next is the number of the next line. True if one of them says
 * how many were discarded. */
static bool read_lines(unsigned int *next, unsigned long *ret_discarded)
{
	const char *text;

	while (*(text = message())) {
		const char *said = text + strlen("MESSAGE=");

		if (!g_str_has_prefix(said, "line ")) {
			ck_assert_msg(strstr(said, "discarded"), "it says: %s", text);
			*ret_discarded = strtoul(said, NULL, 10);
			return true;
		}
		ck_assert_uint_eq(strtoul(said + strlen("line "), NULL, 10), (*next)++);
	}
	return false;
}

START_TEST(blocked_journal_does_not_block_callers)
{
	int64_t begin = g_get_monotonic_time();
	unsigned long told = 0;
	unsigned int next = 0;
	sd_event *event = NULL;

	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_ge(log_attach(event), 0);
	for (unsigned int i = 0; i < LINES; i++)
		log_info("line %u of many, which are so long that they don't all have room", i);
	ck_assert_int_lt(g_get_monotonic_time() - begin, AT_ONCE_USEC);
	/* Lines that wait come without another call when the socket is read. */
	while (!read_lines(&next, &told)) {
		ck_assert_int_lt(g_get_monotonic_time() - begin, PATIENCE_USEC);
		ck_assert_int_ge(sd_event_run(event, TURN_USEC), 0);
	}
	ck_assert_uint_gt(told, 0);
	ck_assert_uint_eq(next + told, LINES);
	ck_assert_uint_eq(log_discarded(), told);
	log_info("after");
	ck_assert_ptr_nonnull(strstr(message(), "MESSAGE=after\n"));
	sd_event_unref(event);
}
END_TEST

START_TEST(the_end_does_not_wait_for_long)
{
	int64_t begin = g_get_monotonic_time();

	for (unsigned int i = 0; i < LINES; i++)
		log_info("line %u", i);
	log_finish(G_USEC_PER_SEC / 10);
	ck_assert_int_lt(g_get_monotonic_time() - begin, AT_ONCE_USEC);
}
END_TEST

static void *read_slowly(void *argument)
{
	unsigned int *next = argument;
	unsigned long ignored;

	while (*next < LINES / 10) {
		read_lines(next, &ignored);
		g_usleep(TURN_USEC / 10);
	}
	return NULL;
}

START_TEST(waiting_messages_are_delivered_at_the_end)
{
	unsigned int next = 0;
	GThread *reader;

	for (unsigned int i = 0; i < LINES / 10; i++)
		log_info("line %u", i);
	reader = g_thread_new("reader", read_slowly, &next);
	log_finish(PATIENCE_USEC);
	g_thread_join(reader);
	ck_assert_uint_eq(next, LINES / 10);
}
END_TEST

static int console[2];

static void set_up_console(void)
{
	ck_assert_int_eq(pipe2(console, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(fcntl(console[1], F_SETFL, 0), 0);
	ck_assert_int_ge(dup2(console[1], STDERR_FILENO), 0);
}

START_TEST(blocked_pipe_is_not_waited_for)
{
	static char text[MESSAGE_MAX];
	unsigned int lines = 0;

	while (log_to_console(LOG_INFO, "a line") == 0)
		lines++;
	ck_assert_int_eq(log_to_console(LOG_INFO, "a line"), -EAGAIN);
	ck_assert_uint_gt(lines, 100);
	ck_assert_int_gt(read(console[0], text, sizeof(text)), 0);
	ck_assert_int_eq(log_to_console(LOG_INFO, "a line"), 0);
}
END_TEST

START_TEST(a_line_that_is_too_long_is_cut)
{
	g_autofree char *long_text = g_strnfill(LOG_LINE_MAX, 'x');
	static char text[MESSAGE_MAX];

	ck_assert_int_eq(log_to_console(LOG_INFO, long_text), 0);
	ck_assert_int_eq(read(console[0], text, sizeof(text)), LOG_LINE_MAX);
	ck_assert_int_eq(text[LOG_LINE_MAX - 1], '\n');
	ck_assert_int_eq(log_to_console(LOG_INFO, "short"), 0);
	memset(text, 0, sizeof(text));
	ck_assert_int_gt(read(console[0], text, sizeof(text)), 0);
	ck_assert_str_eq(text, "nfttraced: short\n");
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("log");
	TCase *waiting = tcase_create("waiting"), *sent = tcase_create("journal");
	TCase *shown = tcase_create("console");

	tcase_add_checked_fixture(waiting, set_up_queue, tear_down_queue);
	tcase_add_test(waiting, unaccepted_messages_wait_in_order);
	tcase_add_test(waiting, excess_messages_are_counted_and_reported_once);
	tcase_add_test(waiting, undeliverable_message_does_not_block_others);
	suite_add_tcase(suite, waiting);

	tcase_set_timeout(sent, 60);
	tcase_add_checked_fixture(sent, set_up_journal, tear_down_journal);
	tcase_add_test(sent, the_journal_gets_its_fields);
	tcase_add_test(sent, missing_journal_is_not_waited_for);
	tcase_add_test(sent, blocked_journal_does_not_block_callers);
	tcase_add_test(sent, the_end_does_not_wait_for_long);
	tcase_add_test(sent, waiting_messages_are_delivered_at_the_end);
	suite_add_tcase(suite, sent);

	tcase_add_checked_fixture(shown, set_up_console, NULL);
	tcase_add_test(shown, blocked_pipe_is_not_waited_for);
	tcase_add_test(shown, a_line_that_is_too_long_is_cut);
	suite_add_tcase(suite, shown);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
