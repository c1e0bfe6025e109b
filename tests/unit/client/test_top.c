/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rates of drops, and the live table on a terminal of the test's own. The first argument is the
 * program. */
#include <check.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "client/report/drop-text.h"
#include "client/report/top.h"
#include "journal/base/cleanup.h"
#include "journal/base/clock.h"
#include "tests/unit/kit/fake-daemon.h"

#define ENTER    "\033[?1049h\033[?25l"
#define LEAVE    "\033[?25h\033[?1049l"
#define PATIENCE 20000 /* ms */

static const char *program;
static struct top *top;

static void drop_destroy(void *pointer)
{
	struct drop *drop = pointer;

	g_free(drop->family);
	g_free(drop->table);
	g_free(drop->chain);
	g_free(drop->rule);
	g_free(drop);
}

static struct drop_list *list_new(void)
{
	struct drop_list *list = g_new0(struct drop_list, 1);

	list->drops = g_ptr_array_new_with_free_func(drop_destroy);
	return list;
}

static void add(struct drop_list *list, uint64_t handle, uint64_t packets)
{
	struct drop *drop = g_new0(struct drop, 1);

	drop->family = g_strdup("inet");
	drop->table = g_strdup("filter");
	drop->chain = g_strdup("input");
	drop->handle = handle;
	drop->rule = g_strdup_printf("udp dport %u drop", (unsigned int)handle);
	drop->packets = packets;
	drop->bytes = packets * 100;
	list->packets += packets;
	list->bytes += packets * 100;
	g_ptr_array_add(list->drops, drop);
}

static char *frame(size_t columns, size_t rows)
{
	const struct terminal_size size = { .columns = columns, .rows = rows };
	auto_output output = { 0 };

	output_open(&output, OUTPUT_MEMORY);
	top_frame(top, "title", &size, &output);
	return output_steal(&output);
}

static char *round_text(void)
{
	auto_output output = { 0 };

	output_open(&output, OUTPUT_MEMORY);
	top_round(top, "title", &output);
	return output_steal(&output);
}

static void take(uint64_t seconds, uint64_t one, uint64_t two, uint64_t three)
{
	struct drop_list *list = list_new();

	add(list, 1, one);
	add(list, 2, two);
	if (three > 0)
		add(list, 3, three);
	top_take(top, list, seconds * NSEC_PER_SEC);
}

static void begin_rates(void)
{
	top = top_new();
}

static void end_rates(void)
{
	top = top_free(top);
}

START_TEST(rates_come_from_two_readings)
{
	g_autofree char *text = NULL;

	take(10, 1000, 5, 0);
	ck_assert(!top_has_rates(top));
	take(14, 1002, 1205, 0);
	text = frame(100, 24);
	ck_assert_str_eq(text,
		"title  300 packets/s  29.3 KiB/s\n"
		"total 2207 packets (215.5 KiB), uncounted 0, missed 0\n"
		"\n"
		" PACKETS/S     BYTES/S     PACKETS  WHERE                       RULE\n"
		"       300    29.3 KiB        1205  inet filter input handle 2  udp dport 2 drop\n"
		"       0.5        50 B        1002  inet filter input handle 1  udp dport 1 drop\n");
}
END_TEST

START_TEST(the_first_reading_has_no_rates)
{
	g_autofree char *text = NULL;

	take(10, 1000, 5, 0);
	text = frame(100, 24);
	ck_assert(g_str_has_prefix(text, "title\ntotal 1005 packets"));
	ck_assert_ptr_nonnull(
		strstr(text, "\n         -           -        1000  inet filter input handle 1"));
}
END_TEST

START_TEST(new_or_restarted_counter_counts_from_zero)
{
	g_autofree char *text = NULL;

	take(10, 1000, 5, 0);
	take(12, 10, 5, 40);
	text = round_text();
	ck_assert_ptr_nonnull(strstr(text, "\n      20.0     2.0 KiB          40  inet"));
	ck_assert_ptr_nonnull(strstr(text, "\n       5.0       500 B          10  inet"));
}
END_TEST

START_TEST(a_round_has_the_rules_that_dropped)
{
	g_autofree char *text = NULL;

	take(10, 1000, 5, 0);
	take(12, 1000, 6, 0);
	text = round_text();
	ck_assert_ptr_nonnull(strstr(text, "udp dport 2 drop"));
	ck_assert_ptr_null(strstr(text, "udp dport 1 drop"));
	g_clear_pointer(&text, g_free);
	take(14, 1000, 6, 0);
	text = round_text();
	ck_assert(g_str_has_suffix(text, "\nno drops\n\n"));
}
END_TEST

START_TEST(a_frame_fits_the_terminal_whatever_its_size)
{
	take(10, 1000, 5, 0);
	take(14, 1002, 1205, 7);
	for (size_t columns = 1; columns < 120; columns++) {
		for (size_t rows = 4; rows < 8; rows++) {
			g_autofree char *text = frame(columns, rows);
			g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

			ck_assert_uint_le(g_strv_length(lines) - 1, rows);
			for (char **line = lines; *line; line++)
				ck_assert_uint_le(terminal_width(*line), columns);
		}
	}
}
END_TEST

START_TEST(cut_text_is_marked_and_keeps_the_handle)
{
	g_autofree char *text = NULL;

	take(10, 1000, 5, 0);
	text = frame(70, 24);
	ck_assert_ptr_nonnull(strstr(text, "in...ut handle 1  udp dport 1 drop\n"));
	ck_assert_ptr_nonnull(strstr(text, "in...ut handle 2  udp dport 2 drop\n"));
}
END_TEST

START_TEST(top_without_drops_prints_a_notice)
{
	g_autofree char *text = NULL;

	top_take(top, list_new(), NSEC_PER_SEC);
	text = frame(80, 24);
	ck_assert(g_str_has_suffix(text, "\n\nno drops yet\n"));
}
END_TEST

START_TEST(wide_characters_take_two_columns)
{
	ck_assert_uint_eq(terminal_width("a\xe6\xbc\xa2"
					 "e\xcc\x81"),
		4);
	ck_assert_uint_eq(terminal_fit("a\xe6\xbc\xa2z", 2), 1);
	ck_assert_uint_eq(terminal_fit("a\xe6\xbc\xa2z", 3), 4);
	ck_assert_uint_eq(terminal_width("\xff"), 1);
	ck_assert_str_eq(terminal_fit_end("a\xe6\xbc\xa2z", 2), "z");
	ck_assert_str_eq(terminal_fit_end("a\xe6\xbc\xa2z", 3), "\xe6\xbc\xa2z");
	ck_assert_str_eq(terminal_fit_end("az", 9), "az");
}
END_TEST

/* On a terminal. */

static struct fake_daemon *fake;
static char *directory, *log_path;
static int terminal, far_end; /* far_end: the program's */
static struct termios before;
static GString *seen;
static pid_t pid;

static void resize(unsigned short columns, unsigned short rows)
{
	const struct winsize size = { .ws_col = columns, .ws_row = rows };

	ck_assert_int_eq(ioctl(terminal, TIOCSWINSZ, &size), 0);
}

static void run_program(void)
{
	setsid();
	ioctl(far_end, TIOCSCTTY, 0);
	for (int fd = 0; fd <= 2; fd++)
		dup2(far_end, fd);
	g_setenv("TERM", "xterm", TRUE);
	execl(program, program, "top", "-d", "0.1", NULL);
	_exit(127);
}

static void begin(void)
{
	directory = g_dir_make_tmp("test-top-XXXXXX", NULL);
	log_path = g_build_filename(directory, "log", NULL);
	fake = fake_daemon_new(directory, log_path);
	seen = g_string_new(NULL);
	terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(terminal, 0);
	ck_assert_int_eq(grantpt(terminal), 0);
	ck_assert_int_eq(unlockpt(terminal), 0);
	far_end = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(far_end, 0);
	ck_assert_int_eq(tcgetattr(far_end, &before), 0);
	resize(120, 24);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		run_program();
}

static void end(void)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fake = fake_daemon_free(fake);
	fd_close(&terminal);
	fd_close(&far_end);
	g_unlink(log_path);
	g_rmdir(directory);
	g_free(directory);
	g_free(log_path);
	g_string_free(seen, TRUE);
}

/* Reads the terminal until that text appears, and discards everything up to its end. */
static void await(const char *text)
{
	char *found;

	while (!(found = strstr(seen->str, text))) {
		struct pollfd wait = { .fd = terminal, .events = POLLIN };
		char bytes[4096];
		ssize_t length;

		ck_assert_msg(
			poll(&wait, 1, PATIENCE) == 1, "there is no %s in:\n%s", text, seen->str);
		length = read(terminal, bytes, sizeof(bytes));
		ck_assert_int_gt(length, 0);
		g_string_append_len(seen, bytes, length);
	}
	g_string_erase(seen, 0, found - seen->str + (gssize)strlen(text));
}

static void assert_restored(void)
{
	struct termios now;

	ck_assert_int_eq(tcgetattr(far_end, &now), 0);
	ck_assert_uint_eq(now.c_lflag, before.c_lflag);
	ck_assert_uint_eq(now.c_iflag, before.c_iflag);
}

static void assert_ends(void)
{
	int status;

	await(LEAVE);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	assert_restored();
}

static void type(const char *keys)
{
	ck_assert_int_eq(write(terminal, keys, strlen(keys)), (ssize_t)strlen(keys));
}

START_TEST(a_terminal_is_drawn_in_place_and_q_leaves)
{
	struct termios now;

	await(ENTER);
	await("\033[Hnfttracectl top  ");
	await(" packets/s");
	await("inet firewalld filter_INPUT_POLICIES handle 284  udp dport 8080 drop");
	await("\033[J");
	await("\033[Hnfttracectl top  ");
	ck_assert_int_eq(tcgetattr(far_end, &now), 0);
	ck_assert_uint_eq(now.c_lflag & (ICANON | ECHO), 0);
	type("xq");
	assert_ends();
}
END_TEST

START_TEST(control_c_leaves)
{
	await("udp dport 8080 drop");
	type("\003");
	assert_ends();
}
END_TEST

START_TEST(a_signal_leaves_the_terminal_as_it_was)
{
	const int signals[] = { SIGTERM, SIGHUP, SIGQUIT };

	await("udp dport 8080 drop");
	kill(pid, signals[_i]);
	assert_ends();
}
END_TEST

START_TEST(resized_terminal_is_redrawn)
{
	await("udp dport 8080 drop");
	resize(70, 5);
	/* One row is left for a rule, which is cut. */
	await("in... handle 284  udp dport 808...\033[K\033[J");
}
END_TEST

START_TEST(control_z_restores_the_terminal_until_resumed)
{
	int status;

	await("udp dport 8080 drop");
	type("\032");
	await(LEAVE);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
	assert_restored();
	kill(pid, SIGCONT);
	await(ENTER);
	await("udp dport 8080 drop");
	type("q");
	assert_ends();
}
END_TEST

START_TEST(top_waits_for_a_stopped_daemon)
{
	await("udp dport 8080 drop");
	fake_daemon_stop(fake);
	await("nfttraced went away: waiting for it");
	type("q");
	assert_ends();
}
END_TEST

START_TEST(output_other_than_a_terminal_gets_rounds)
{
	char *arguments[] = { (char *)program, (char *)"top", (char *)"--delay=0.1", (char *)"-n",
		(char *)"2", NULL };
	g_autofree char *output = NULL;
	g_auto(GStrv) rounds = NULL;
	int status;

	ck_assert(g_spawn_sync(
		NULL, arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, &status, NULL));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	ck_assert_ptr_null(strchr(output, '\033'));
	rounds = g_strsplit(output, "\n\n", -1);
	ck_assert_uint_eq(g_strv_length(rounds), 3);
	for (size_t i = 0; i < 2; i++) {
		ck_assert(g_str_has_prefix(rounds[i], "nfttracectl top  "));
		ck_assert_ptr_nonnull(strstr(rounds[i], "handle 284  udp dport 8080 drop"));
		ck_assert_ptr_null(strstr(rounds[i], "ip filter input policy"));
	}
}
END_TEST

START_TEST(invalid_arguments_are_refused)
{
	const char *const options[] = { "--delay=0", "--delay=nan", "--delay=-1", "--rounds=0",
		"more" };

	for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
		char *arguments[] = { (char *)program, (char *)"top", (char *)options[i], NULL };
		g_autofree char *error = NULL;
		int status;

		ck_assert(g_spawn_sync(NULL, arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL,
			&error, &status, NULL));
		ck_assert_msg(WEXITSTATUS(status) == 2, "%s: %s", options[i], error);
	}
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("top");
	TCase *rates = tcase_create("rates"), *live = tcase_create("live");
	SRunner *runner;
	int failed;

	if (argc != 2)
		return EXIT_FAILURE;
	program = argv[1];
	runner = srunner_create(suite);
	tcase_add_checked_fixture(rates, begin_rates, end_rates);
	tcase_add_test(rates, rates_come_from_two_readings);
	tcase_add_test(rates, the_first_reading_has_no_rates);
	tcase_add_test(rates, new_or_restarted_counter_counts_from_zero);
	tcase_add_test(rates, a_round_has_the_rules_that_dropped);
	tcase_add_test(rates, a_frame_fits_the_terminal_whatever_its_size);
	tcase_add_test(rates, cut_text_is_marked_and_keeps_the_handle);
	tcase_add_test(rates, top_without_drops_prints_a_notice);
	tcase_add_test(rates, wide_characters_take_two_columns);
	tcase_add_checked_fixture(live, begin, end);
	tcase_set_timeout(live, 60);
	tcase_add_test(live, a_terminal_is_drawn_in_place_and_q_leaves);
	tcase_add_test(live, control_c_leaves);
	tcase_add_loop_test(live, a_signal_leaves_the_terminal_as_it_was, 0, 3);
	tcase_add_test(live, resized_terminal_is_redrawn);
	tcase_add_test(live, control_z_restores_the_terminal_until_resumed);
	tcase_add_test(live, top_waits_for_a_stopped_daemon);
	tcase_add_test(live, output_other_than_a_terminal_gets_rounds);
	tcase_add_test(live, invalid_arguments_are_refused);
	suite_add_tcase(suite, rates);
	suite_add_tcase(suite, live);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
