/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands with a stand-in for the daemon: their calls, their output, their exit statuses. The
 * first argument is the program. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/base/cleanup.h"
#include "journal/format/dictionary.h"
#include "journal/writer/writer.h"
#include "tests/unit/kit/fake-daemon.h"
#include "tests/unit/kit/synthetic.h"

#define SEGMENT_SIZE (1 << 20)

static const char *program;
static struct fake_daemon *fake;
static char *journal, *log_path, *health_path;

static const char totals_line[] =
	"session 7 \"web\": matched 12 = journaled 10 + lost 2 (ring-full 2) "
	"+ suppressed 0 + pending 0; journal /journals/7\n";

static void make_journal(void)
{
	const struct journal_limits limits = { .segment_size = SEGMENT_SIZE };
	const struct event_head head = { .probe = EVENT_PROBE_NFT, .time = 1000, .comm = "nc" };
	g_autofree char *start = journal_start_new(7, "web", NULL);
	auto_fd directory = open(journal, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct journal_writer *writer = NULL;
	struct synthetic event;

	synthetic_begin(&event, &head);
	ck_assert_int_eq(journal_writer_open(directory, 7, start, "{}", &limits, &writer), 0);
	ck_assert_int_eq(
		journal_writer_append_event(writer, 0, 0, event.bytes, (uint32_t)event.size), 0);
	journal_writer_free(writer);
}

static void begin(void)
{
	journal = g_dir_make_tmp("test-client-XXXXXX", NULL);
	log_path = g_build_filename(journal, "log", NULL);
	health_path = g_build_filename(journal, FAKE_DAEMON_HEALTH, NULL);
	make_journal();
	fake = fake_daemon_new(journal, log_path);
}

static void end(void)
{
	g_autofree char *segment = g_build_filename(journal, "0000000001.nftj", NULL);

	fake = fake_daemon_free(fake);
	g_unlink(segment);
	g_unlink(log_path);
	g_unlink(health_path);
	g_free(health_path);
	g_rmdir(journal);
	g_free(journal);
	g_free(log_path);
}

/* Runs a command line of the program, words separated by "|"; its exit status. */
static int run(const char *words, char **ret_output, char **ret_error)
{
	g_autofree char *line = g_strconcat(program, "|", words, NULL);
	g_auto(GStrv) arguments = g_strsplit(line, "|", -1);
	int status;

	ck_assert(g_spawn_sync(NULL, arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, ret_output,
		ret_error, &status, NULL));
	return WEXITSTATUS(status);
}

static void assert_run(const char *words, int status, const char *output, const char *error)
{
	g_autofree char *real_output = NULL;
	g_autofree char *real_error = NULL;

	ck_assert_int_eq(run(words, &real_output, &real_error), status);
	ck_assert_str_eq(real_output, output);
	ck_assert_str_eq(real_error, error);
}

static void assert_log(const char *expected)
{
	g_autofree char *log = NULL;

	ck_assert(g_file_get_contents(log_path, &log, NULL, NULL));
	ck_assert_str_eq(log, expected);
}

START_TEST(start_hands_over_every_option)
{
	assert_run("start|--name=web|--verdicts=drop, accept|--no-track|--limit=5|--duration=2min|"
		   "--sections=packet, ct|--rate=100|--burst=7|--size=64M|--|udp|port|8080",
		0, "7\n", "");
	assert_log(
		"start name=web verdicts=drop,accept filter=udp port 8080 track=0 bound=0 limit=5 "
		"duration=120000000 rate=100 size=67108864 burst=7 sections=packet,ct\n");
}
END_TEST

START_TEST(start_omits_options_that_were_not_given)
{
	assert_run("start", 0, "7\n", "");
	assert_log(
		"start name=- verdicts=- filter=- track=1 bound=0 limit=0 duration=0 rate=0 size=0\n");
}
END_TEST

START_TEST(refusals_are_printed_as_a_sentence)
{
	assert_run("start|bad", 1, "", "nfttracectl: syntax error\\x0a\n");
	assert_run("start|denied", 1, "", "nfttracectl: access denied: this needs root\n");
	assert_run("stop|9", 1, "",
		"nfttracectl: there is no session 9: 'nfttracectl list' lists the running ones\n");
	assert_run("stop|frob", 1, "",
		"nfttracectl: there is no session \"frob\": 'nfttracectl list' lists the "
		"running ones\n");
	assert_run("set|9|--filter=udp", 1, "",
		"nfttracectl: there is no session 9: 'nfttracectl list' lists the running ones\n");
}
END_TEST

START_TEST(missing_privilege_is_printed_and_password_asked_unless_disabled)
{
	assert_run("start|password", 1, "",
		"nfttracectl: access denied: somebody may be asked\\x0a\n");
	assert_run("start|--no-ask-password|password", 1, "",
		"nfttracectl: access denied: somebody may not be asked\\x0a\n");
}
END_TEST

START_TEST(missing_daemon_is_reported_with_the_remedy)
{
	fake_daemon_stop(fake);
	assert_run("list", 1, "",
		"nfttracectl: nfttraced is not running: start it with 'systemctl start "
		"nfttraced'\n");
}
END_TEST

START_TEST(stop_prints_the_totals_and_exits_3_after_losses)
{
	assert_run("stop|7", 3, totals_line, "");
	assert_run("stop|web", 3, totals_line, "");
	assert_run("stop|--all", 3, totals_line, "");
}
END_TEST

START_TEST(list_is_a_table)
{
	g_autofree char *output = NULL;
	g_auto(GStrv) lines = NULL;

	ck_assert_int_eq(run("list", &output, NULL), 0);
	lines = g_strsplit(output, "\n", -1);
	ck_assert(g_str_has_prefix(
		lines[0], "ID  NAME  STATE    VERDICTS     MATCHED  JOURNALED  LOST  SIZE  SINCE"));
	ck_assert(g_str_has_prefix(
		lines[1], " 7  web   running  drop,accept       12          0     0     -  "));
	ck_assert(g_str_has_suffix(lines[1], "  udp port 8080"));
}
END_TEST

START_TEST(status_prints_the_problem_and_unknown_values)
{
	g_autofree char *output = NULL;

	ck_assert_int_eq(run("status", &output, NULL), 0);
	ck_assert(g_str_has_prefix(output, "healthy: load nf_tables\nnfttraced ?: waiting\n"));
	ck_assert_ptr_nonnull(strstr(output, "\n  problem              load nf_tables\n"));
	ck_assert_ptr_nonnull(strstr(output, "\n  missed               unknown"));
	ck_assert_ptr_nonnull(strstr(output, "\n  sessions             1\n"));
	ck_assert_ptr_null(strstr(output, "odd"));
}
END_TEST

START_TEST(status_prints_kernel_features_and_remedies)
{
	g_autofree char *output = NULL;

	run("status", &output, NULL);
	ck_assert_ptr_nonnull(strstr(output, "\n  layout               verdict argument\n"));
	ck_assert_ptr_nonnull(strstr(output, "\n  tracker              yes\n"));
	ck_assert_ptr_nonnull(strstr(output, "\n  fentry               no       try a kprobe\n"));
}
END_TEST

/* Asserts the first line of `status` and its exit status while the stand-in has the health
 * `what`. */
static void assert_health(const char *what, int status, const char *line)
{
	g_autofree char *output = NULL;
	g_autofree char *error = NULL;

	ck_assert(g_file_set_contents(health_path, what, -1, NULL));
	ck_assert_int_eq(run("status", &output, NULL), status);
	ck_assert_msg(g_str_has_prefix(output, line), "%s", output);
	g_clear_pointer(&output, g_free);
	ck_assert_int_eq(run("status|--quiet", &output, &error), status);
	ck_assert_str_eq(output, "");
	ck_assert_str_eq(error, "");
}

START_TEST(health_is_a_line_and_an_exit_status)
{
	assert_health("ready", 0, "healthy: 1 session, recording since 2");
	assert_health("ready lost", 3, "degraded: 5 events lost: 'nfttracectl stats 7' says when");
	assert_health("ready stalled", 3,
		"degraded: the journal of session 7 can't be written: free space on the disk");
	assert_health("ready problem", 3, "degraded: load nf_tables\n");
	assert_health("waiting problem waits", 3, "degraded: load nf_tables\n");
	assert_health("failed problem", 1, "failed: load nf_tables\n");
}
END_TEST

START_TEST(hidden_session_is_not_called_missing)
{
	g_autofree char *output = NULL;
	g_autofree char *error = NULL;

	assert_health("ready hidden", 0, "healthy: 1 session, recording since 2");
	run("status", &output, NULL);
	ck_assert_ptr_nonnull(
		strstr(output, ", nothing lost, 2 sessions of other users not shown\n"));
	assert_health("ready hidden none", 0,
		"healthy: no sessions that you may see, 2 sessions of other users not "
		"shown\n");
	assert_run("stop|frob", 1, "",
		"nfttracectl: there is no session \"frob\" that you may see: to see those of other "
		"users takes root or the polkit action org.nfttraced1.control-any\n");
	run("list", NULL, &error);
	ck_assert_str_eq(error,
		"nfttracectl: 2 sessions of other users are not shown: to see them takes root or "
		"the polkit action org.nfttraced1.control-any\n");
	assert_health("ready none", 0, "healthy: no sessions\n");
	assert_health("ready none old", 0, "healthy: no sessions that you may see\n");
	assert_run("stop|frob", 1, "",
		"nfttracectl: there is no session \"frob\" that you may see: 'nfttracectl list' "
		"lists the running ones\n");
}
END_TEST

START_TEST(missing_daemon_has_its_own_exit_status)
{
	g_autofree char *output = NULL;
	g_autofree char *error = NULL;

	fake_daemon_stop(fake);
	ck_assert_int_eq(run("status", &output, &error), 4);
	ck_assert(g_str_has_prefix(output,
		"not running: start it with 'systemctl start nfttraced'\nkernel features\n"));
	ck_assert_ptr_nonnull(strstr(output, "\n  btf "));
	ck_assert_ptr_nonnull(strstr(output, "\n  nf-tables "));
	ck_assert_str_eq(error, "");
	assert_run("status|--quiet", 4, "", "");
}
END_TEST

START_TEST(status_can_be_json)
{
	g_autofree char *output = NULL;

	ck_assert(g_file_set_contents(health_path, "ready", -1, NULL));
	ck_assert_int_eq(run("status|--json", &output, NULL), 0);
	ck_assert(g_str_has_prefix(output, "{\"health\":\"healthy\",\"summary\":\"1 session, "));
	ck_assert_ptr_nonnull(strstr(output, ",\"missed\":null,\"sessions\":1,"));
	ck_assert_ptr_nonnull(
		strstr(output, "\"fentry\":{\"value\":\"no\",\"advice\":\"try a kprobe\"}"));
	ck_assert(g_str_has_suffix(output, "}}\n"));
	ck_assert_int_eq(run("status|--json|--quiet", NULL, NULL), 2);
}
END_TEST

START_TEST(set_changes_verdicts_and_filter)
{
	assert_run("set|web|--verdicts=all|--filter=", 0, "", "");
	assert_log("filter \nverdicts all\n");
	assert_run("set|web|--verdicts=bad", 1, "", "nfttracectl: no such verdict\n");
	assert_run("set|web|--verdicts=bad|--filter=udp", 1, "",
		"nfttracectl: the filter is set, the verdicts are not: no such verdict\n");
}
END_TEST

START_TEST(show_reads_a_running_session_through_its_descriptor)
{
	g_autofree char *output = NULL;

	ck_assert_int_eq(run("show|web", &output, NULL), 0);
	ck_assert_ptr_nonnull(strstr(output, "\n  session 7 \"web\" "));
	ck_assert(g_str_has_suffix(output, "\n1000 (0) [nc] 0 [k] __nft_trace_packet (skb 0)\n"));
}
END_TEST

/* Starts the program and waits until it has printed a word; its pid. */
static pid_t run_until(char **arguments, const char *word, GString *output, int *ret_fd)
{
	GPid pid;

	ck_assert(g_spawn_async_with_pipes(NULL, arguments, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
		NULL, &pid, NULL, ret_fd, NULL, NULL));
	while (!memmem(output->str, output->len, word, strlen(word))) {
		char bytes[256];
		ssize_t length = read(*ret_fd, bytes, sizeof(bytes));

		ck_assert_int_gt(length, 0);
		g_string_append_len(output, bytes, length);
	}
	return pid;
}

/* Does so until it has printed an event. */
static pid_t run_until_event(char **arguments, GString *output, int *ret_fd)
{
	return run_until(arguments, "__nft_trace_packet", output, ret_fd);
}

/* Presses Ctrl-C; returns the exit status. */
static int interrupt(pid_t pid, GString *output, int fd)
{
	char bytes[256];
	ssize_t length;
	int status;

	kill(pid, SIGINT);
	while ((length = read(fd, bytes, sizeof(bytes))) > 0)
		g_string_append_len(output, bytes, length);
	close(fd);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(follow_prints_at_once_and_ends_quietly)
{
	char *arguments[] = { (char *)program, (char *)"follow", (char *)"7", NULL };
	g_autoptr(GString) output = g_string_new(NULL);
	int fd;
	pid_t pid = run_until_event(arguments, output, &fd);

	ck_assert_int_eq(interrupt(pid, output, fd), 0);
	ck_assert(g_str_has_suffix(output->str, " [k] __nft_trace_packet (skb 0)\n"));
}
END_TEST

START_TEST(follow_prints_selected_events)
{
	char *arguments[] = { (char *)program, (char *)"follow", (char *)"--netns=0x7", (char *)"7",
		NULL };
	g_autoptr(GString) output = g_string_new(NULL);
	int fd;
	pid_t pid = run_until(arguments, "session 7", output, &fd);

	ck_assert_int_eq(interrupt(pid, output, fd), 0);
	ck_assert_ptr_null(strstr(output->str, "__nft_trace_packet"));
}
END_TEST

START_TEST(a_capture_follows_a_session)
{
	char *arguments[] = { (char *)program, (char *)"pcap", (char *)"--follow", (char *)"7",
		(char *)"-o", (char *)"-", NULL };
	static const uint8_t magic[] = { 0x0a, 0x0d, 0x0d, 0x0a };
	g_autoptr(GString) output = g_string_new(NULL);
	int fd;
	pid_t pid = run_until(arguments, "nfttracectl", output, &fd);

	ck_assert_int_eq(interrupt(pid, output, fd), 0);
	ck_assert_mem_eq(output->str, magic, sizeof(magic));
}
END_TEST

START_TEST(start_and_follow_stops_its_session_and_prints_the_totals)
{
	char *arguments[] = { (char *)program, (char *)"start", (char *)"--follow", NULL };
	g_autoptr(GString) output = g_string_new(NULL);
	int fd;
	pid_t pid = run_until_event(arguments, output, &fd);

	ck_assert_int_eq(interrupt(pid, output, fd), 3);
	ck_assert(g_str_has_suffix(output->str, totals_line));
	assert_log(
		"start name=- verdicts=- filter=- track=1 bound=1 limit=0 duration=0 rate=0 size=0\n");
}
END_TEST

START_TEST(follow_as_json_prints_only_json)
{
	char *verbs[] = { (char *)"follow", (char *)"start" };
	char *arguments[][2] = { { (char *)"7", (char *)"--json" },
		{ (char *)"--follow", (char *)"--json" } };
	const int statuses[] = { 0, 3 };

	for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
		char *command[] = { (char *)program, verbs[i], arguments[i][0], arguments[i][1],
			NULL };
		g_autoptr(GString) output = g_string_new(NULL);
		g_auto(GStrv) lines = NULL;
		int fd;
		pid_t pid = run_until_event(command, output, &fd);

		ck_assert_int_eq(interrupt(pid, output, fd), statuses[i]);
		ck_assert(g_str_has_suffix(output->str, "}\n"));
		lines = g_strsplit(output->str, "\n", -1);
		ck_assert_ptr_nonnull(strstr(lines[0], "\"startup\":"));
		for (char **line = lines; line[1]; line++)
			ck_assert(g_str_has_prefix(*line, "{\"common\":") &&
				g_str_has_suffix(*line, "}"));
	}
}
END_TEST

START_TEST(follow_waits_for_a_dead_daemon_until_interrupted)
{
	char *follow[] = { (char *)program, (char *)"follow", (char *)"7", NULL };
	char *start[] = { (char *)program, (char *)"start", (char *)"--follow", NULL };
	g_autoptr(GString) followed = g_string_new(NULL), started = g_string_new(NULL);
	int follow_fd, start_fd;
	pid_t follow_pid = run_until_event(follow, followed, &follow_fd);
	pid_t start_pid = run_until_event(start, started, &start_fd);

	fake_daemon_stop(fake);
	ck_assert_int_eq(waitpid(follow_pid, NULL, WNOHANG), 0);
	ck_assert_int_eq(interrupt(follow_pid, followed, follow_fd), 0);
	/* It is unknown whether its session was stopped. */
	ck_assert_int_eq(interrupt(start_pid, started, start_fd), 1);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("client");
	TCase *tcase = tcase_create("verbs");
	SRunner *runner;
	int failed;

	if (argc != 2)
		return EXIT_FAILURE;
	program = argv[1];
	runner = srunner_create(suite);
	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, start_hands_over_every_option);
	tcase_add_test(tcase, start_omits_options_that_were_not_given);
	tcase_add_test(tcase, refusals_are_printed_as_a_sentence);
	tcase_add_test(tcase, missing_privilege_is_printed_and_password_asked_unless_disabled);
	tcase_add_test(tcase, missing_daemon_is_reported_with_the_remedy);
	tcase_add_test(tcase, stop_prints_the_totals_and_exits_3_after_losses);
	tcase_add_test(tcase, list_is_a_table);
	tcase_add_test(tcase, status_prints_the_problem_and_unknown_values);
	tcase_add_test(tcase, status_prints_kernel_features_and_remedies);
	tcase_add_test(tcase, health_is_a_line_and_an_exit_status);
	tcase_add_test(tcase, hidden_session_is_not_called_missing);
	tcase_add_test(tcase, missing_daemon_has_its_own_exit_status);
	tcase_add_test(tcase, status_can_be_json);
	tcase_add_test(tcase, set_changes_verdicts_and_filter);
	tcase_add_test(tcase, show_reads_a_running_session_through_its_descriptor);
	tcase_add_test(tcase, follow_prints_at_once_and_ends_quietly);
	tcase_add_test(tcase, follow_prints_selected_events);
	tcase_add_test(tcase, a_capture_follows_a_session);
	tcase_add_test(tcase, start_and_follow_stops_its_session_and_prints_the_totals);
	tcase_add_test(tcase, follow_as_json_prints_only_json);
	tcase_add_test(tcase, follow_waits_for_a_dead_daemon_until_interrupted);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
