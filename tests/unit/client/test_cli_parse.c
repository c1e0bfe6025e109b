/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: numbers with units, lists, and the exit statuses of the program itself, which
 * is the first argument of this test. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/input/name-list.h"
#include "client/terminal/table.h"
#include "client/text/session-totals.h"
#include "journal/base/amounts.h"
#include "journal/base/cleanup.h"
#include "journal/writer/writer.h"
#include "tests/unit/kit/synthetic.h"

#define SECOND UINT64_C(1000000)
#define MIB    (UINT64_C(1) << 20)
#define EVENTS 5

static const char *program;

START_TEST(durations_have_units)
{
	static const struct {
		const char *text;
		uint64_t usec;
	} durations[] = {
		{ "30", 30 * SECOND },
		{ "30s", 30 * SECOND },
		{ "30 sec", 30 * SECOND },
		{ "5min", 300 * SECOND },
		{ "5m", 300 * SECOND },
		{ "2h", 7200 * SECOND },
		{ "1d", 86400 * SECOND },
		{ "250ms", SECOND / 4 },
		{ "7us", 7 },
		{ "1h 30min", 5400 * SECOND },
		{ "1h30m5s", 5405 * SECOND },
		{ "0", 0 },
		{ "0s", 0 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(durations); i++) {
		uint64_t usec = 0;

		ck_assert_int_eq(parse_duration(durations[i].text, &usec), 0);
		ck_assert_uint_eq(usec, durations[i].usec);
	}
}
END_TEST

START_TEST(invalid_duration_is_refused)
{
	static const char *const wrong[] = { "", "s", "5x", "-5s", "1.5h", "5s3", "0s3", "5 s x" };
	uint64_t usec = 42;

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		ck_assert_int_eq(parse_duration(wrong[i], &usec), -EINVAL);
	ck_assert_int_eq(parse_duration("99999999999999999999", &usec), -ERANGE);
	ck_assert_int_eq(parse_duration("999999999999999d", &usec), -ERANGE);
	ck_assert_uint_eq(usec, 42);
}
END_TEST

START_TEST(sizes_have_units)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = {
		{ "4096", 4096 },
		{ "4096B", 4096 },
		{ "64K", 65536 },
		{ "64M", 64 * MIB },
		{ "64MB", 64 * MIB },
		{ "64 MiB", 64 * MIB },
		{ "1G", 1024 * MIB },
		{ "1T", 1024 * 1024 * MIB },
		{ "1.5M", 3 * MIB / 2 },
		{ "1.5 GiB", 1536 * MIB },
		{ "0.001K", 1 },
		{ "0", 0 },
		{ "0K", 0 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		uint64_t bytes = 0;

		ck_assert_int_eq(parse_size(sizes[i].text, &bytes), 0);
		ck_assert_uint_eq(bytes, sizes[i].bytes);
	}
}
END_TEST

START_TEST(invalid_size_is_refused)
{
	static const char *const wrong[] = { "", "M", "-1M", "1.5", "1.5B", "1.G", ".5G", "1.5.5G",
		"1.0000001G", "1.5X", "1X", "1iB", "1MM" };
	uint64_t bytes = 42;

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		ck_assert_int_eq(parse_size(wrong[i], &bytes), -EINVAL);
	ck_assert_int_eq(parse_size("99999999T", &bytes), -ERANGE);
	ck_assert_int_eq(parse_size("16777216.5T", &bytes), -ERANGE);
	ck_assert_uint_eq(bytes, 42);
}
END_TEST

START_TEST(counts_are_plain_numbers)
{
	uint64_t count = 42;

	ck_assert_int_eq(parse_count("18446744073709551616", &count), -ERANGE);
	ck_assert_int_eq(parse_count("1k", &count), -EINVAL);
	ck_assert_int_eq(parse_count("", &count), -EINVAL);
	ck_assert_uint_eq(count, 42);
	ck_assert_int_eq(parse_count("18446744073709551615", &count), 0);
	ck_assert_uint_eq(count, UINT64_MAX);
}
END_TEST

START_TEST(lists_of_verdicts_are_split_at_commas)
{
	g_auto(GStrv) names = NULL;

	ck_assert_int_eq(name_list_parse("drop, accept", &names), 0);
	ck_assert_str_eq(names[0], "drop");
	ck_assert_str_eq(names[1], "accept");
	ck_assert_ptr_null(names[2]);
	ck_assert_int_eq(name_list_parse("", &names), -EINVAL);
	ck_assert_int_eq(name_list_parse("drop,", &names), -EINVAL);
	ck_assert_int_eq(name_list_parse(",drop", &names), -EINVAL);
}
END_TEST

START_TEST(the_totals_are_one_line)
{
	struct session_totals totals = {
		.id = 3,
		.name = (char *)"web",
		.path = (char *)"/var/lib/nfttraced/3",
		.totals = { .matched = 132, .journaled = 130, .lost = 2, .lost_by = { 2 } },
	};
	g_autofree char *text = NULL;
	auto_output output = { 0 };

	output_open(&output, OUTPUT_MEMORY);
	session_totals_text(&output, &totals);
	text = output_steal(&output);
	ck_assert_str_eq(text,
		"session 3 \"web\": matched 132 = journaled 130 + lost 2 (ring-full 2) + "
		"suppressed 0 + pending 0; journal /var/lib/nfttraced/3\n");
}
END_TEST

START_TEST(tables_align_and_escape)
{
	static const struct table_column columns[] = {
		{ "ID", TABLE_RIGHT },
		{ "NAME", TABLE_LEFT },
		{ "FILTER", TABLE_LEFT },
	};
	struct table *table = table_new(columns, G_N_ELEMENTS(columns));
	g_autofree char *text = NULL;
	auto_output output = { 0 };

	table_number(table, 7);
	table_text(table, "a\nb");
	table_text(table, "udp");
	output_open(&output, OUTPUT_MEMORY);
	table_print(table, &output);
	text = output_steal(&output);
	table_free(table);
	ck_assert_str_eq(text, "ID  NAME    FILTER\n 7  a\\x0ab  udp\n");
}
END_TEST

START_TEST(numbers_are_formatted_at_their_edges)
{
	g_autofree char *text = NULL;
	auto_output output = { 0 };

	output_open(&output, OUTPUT_MEMORY);
	output_number(&output, 0);
	output_char(&output, ' ');
	output_number(&output, 100);
	output_char(&output, ' ');
	output_number(&output, UINT64_MAX);
	output_char(&output, ' ');
	output_signed(&output, INT64_MIN);
	output_char(&output, ' ');
	output_hex(&output, 0);
	output_char(&output, ' ');
	output_hex(&output, 0x10);
	output_char(&output, ' ');
	output_hex(&output, UINT64_MAX);
	output_char(&output, ' ');
	output_number_padded(&output, 1234567, 6);
	text = output_steal(&output);
	ck_assert_str_eq(text,
		"0 100 18446744073709551615 -9223372036854775808 0 10 "
		"ffffffffffffffff 234567");
}
END_TEST

/* Runs the program with NULL-terminated arguments; returns its exit status, and its output. */
static int run_arguments(char **ret_output, char **ret_error, const char *first, va_list rest)
{
	g_autoptr(GPtrArray) arguments = g_ptr_array_new();
	g_auto(GStrv) environment = g_get_environ();
	int status;

	environment = g_environ_setenv(
		environment, "DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent", TRUE);
	g_ptr_array_add(arguments, (char *)program);
	for (const char *argument = first; argument; argument = va_arg(rest, const char *))
		g_ptr_array_add(arguments, (char *)argument);
	g_ptr_array_add(arguments, NULL);
	ck_assert(g_spawn_sync(NULL, (char **)arguments->pdata, environment, G_SPAWN_DEFAULT, NULL,
		NULL, ret_output, ret_error, &status, NULL));
	return WEXITSTATUS(status);
}

static int run(char **ret_output, char **ret_error, const char *first, ...)
{
	va_list rest;
	int status;

	va_start(rest, first);
	status = run_arguments(ret_output, ret_error, first, rest);
	va_end(rest);
	return status;
}

/* Runs the program and checks only its exit status and the start of its error message. */
static void assert_complaint(int status, const char *complaint, const char *first, ...)
{
	g_autofree char *start = g_strconcat("nfttracectl: ", complaint, NULL);
	g_autofree char *output = NULL;
	g_autofree char *error = NULL;
	va_list rest;

	va_start(rest, first);
	ck_assert_int_eq(run_arguments(&output, &error, first, rest), status);
	va_end(rest);
	ck_assert_str_eq(output, "");
	ck_assert_msg(g_str_has_prefix(error, start), "%s", error);
}

START_TEST(usage_errors_are_status_2_with_a_hint)
{
	g_autofree char *output = NULL;
	g_autofree char *error = NULL;

	assert_complaint(2, "there is no command \"a\\x0ab\"", "a\nb", NULL);
	assert_complaint(2, "there is no option \"--frob\"", "--frob", NULL);
	assert_complaint(2, "-H takes [USER@]HOST", "-H", NULL);
	assert_complaint(2, "give the filter with --filter or as words", "start", "--filter=udp",
		"--", "tcp", "port", "1", NULL);
	assert_complaint(2, "--duration takes", "start", "--duration", "5x", NULL);
	assert_complaint(2, "--size takes", "start", "--size", "much", NULL);
	assert_complaint(2, "--duration takes", "start", "--duration", "0s", NULL);
	assert_complaint(2, "--size takes", "start", "--size", "0", NULL);
	assert_complaint(2, "--limit takes", "start", "--limit=-1", NULL);
	assert_complaint(2, "--rate takes", "start", "--rate=often", NULL);
	assert_complaint(2, "--burst takes", "start", "--rate=1", "--burst=many", NULL);
	assert_complaint(2, "--verdicts takes", "start", "--verdicts=drop,", NULL);
	assert_complaint(2, "--since takes a time", "show", "--since=soon", "x", NULL);
	assert_complaint(2, "--since takes a time", "show", "--since=-0s", "x", NULL);
	assert_complaint(2, "unknown verdict \"frob\"", "follow", "--verdicts=frob", "7", NULL);
	assert_complaint(2, "--top takes", "stats", "--top=many", "x", NULL);
	assert_complaint(2, "name a file with -o", "pcap", "x", NULL);
	assert_complaint(2, "--from-start goes with", "pcap", "-o", "-", "--from-start", "x", NULL);
	assert_complaint(2, "there is no profile \"nowhere\"", "start", "--profile=nowhere", NULL);
	assert_complaint(2, "--color takes", "show", "--color=maybe", "x", NULL);
	assert_complaint(2, "-n takes", "show", "-n", "many", "x", NULL);
	assert_complaint(2, "name sessions or give --all", "stop", "--all", "1", NULL);
	assert_complaint(2, "name a session, or give --all", "stop", NULL);
	assert_complaint(2, "name one session", "follow", "1", "2", NULL);
	assert_complaint(2, "say what to set", "set", "1", NULL);
	assert_complaint(2, "'list' takes no argument \"x\"", "list", "x", NULL);
	ck_assert_int_eq(run(&output, &error, "start", "--frob", NULL), 2);
	ck_assert_ptr_nonnull(strstr(error, "Try 'nfttracectl start --help'."));
}
END_TEST

START_TEST(failures_are_status_1_with_a_sentence)
{
	assert_complaint(1, "the system bus can't be reached", "list", NULL);
	assert_complaint(
		1, "the system bus can't be reached", "start", "--", "udp", "port", "1", NULL);
	assert_complaint(1, "/nonexistent", "show", "/nonexistent", NULL);
	assert_complaint(1, "", "show", "/dev/null", NULL);
}
END_TEST

START_TEST(help_and_version_are_status_0)
{
	static const char *const verbs[] = { "start", "stop", "list", "status", "set", "show",
		"follow", "stats", "pcap", "profiles" };

	for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
		g_autofree char *output = NULL;
		g_autofree char *error = NULL;
		g_autofree char *usage = g_strdup_printf("Usage:\n  nfttracectl %s ", verbs[i]);

		ck_assert_int_eq(run(&output, &error, verbs[i], "--help", NULL), 0);
		ck_assert_msg(g_str_has_prefix(output, usage), "%s", output);
	}
}
END_TEST

/* A journal with EVENTS events and, if it is not 0, a loss. */
static char *make_journal(uint64_t lost)
{
	const struct journal_limits limits = { .segment_size = MIB };
	const struct event_head head = { .probe = EVENT_PROBE_NFT, .time = 1000, .comm = "nc" };
	g_autofree char *start = journal_start_new(9, "made up", NULL);
	g_autofree char *end = dictionary_totals_new(&(struct dictionary_totals){
		.matched = EVENTS + lost, .journaled = EVENTS, .lost = lost });
	char *path = g_dir_make_tmp("test-cli-XXXXXX", NULL);
	auto_fd directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct journal_writer *writer = NULL;
	struct synthetic event;

	ck_assert_int_eq(journal_writer_open(directory, 9, start, "{}", &limits, &writer), 0);
	for (uint32_t i = 0; i < EVENTS; i++) {
		struct event_head copy = head;

		copy.time += i;
		synthetic_begin(&event, &copy);
		ck_assert_int_eq(journal_writer_append_event(
					 writer, 0, i * 8, event.bytes, (uint32_t)event.size),
			0);
	}
	if (lost > 0)
		journal_writer_append_loss(
			writer, &(struct journal_loss){ LOSS_RING_FULL, 0, lost, 1001, 1002 });
	journal_writer_append_json(writer, JOURNAL_END, end);
	journal_writer_free(writer);
	return path;
}

static void remove_journal(const char *path)
{
	g_autofree char *segment = g_build_filename(path, "0000000001.nftj", NULL);

	g_unlink(segment);
	g_rmdir(path);
}

static unsigned int count(const char *text, const char *what)
{
	unsigned int found = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		found++;
	return found;
}

START_TEST(a_whole_journal_is_shown_with_status_0)
{
	g_autofree char *path = make_journal(0);
	g_autofree char *output = NULL;
	g_autofree char *error = NULL;

	ck_assert_int_eq(run(&output, &error, "show", path, NULL), 0);
	ck_assert_str_eq(error, "");
	ck_assert_uint_eq(count(output, "[nc] 0 [k] __nft_trace_packet (skb 0)\n"), EVENTS);
	ck_assert_ptr_nonnull(strstr(output, "\n  session 9 \"made up\" verdicts "));
	ck_assert(g_str_has_suffix(output,
		"\n-- session 9 \"made up\": matched 5 = journaled 5 + lost 0 + "
		"suppressed 0 + pending 0\n"));
	remove_journal(path);
}
END_TEST

START_TEST(a_journal_with_losses_is_shown_with_status_3)
{
	g_autofree char *path = make_journal(2);
	g_autofree char *output = NULL;
	g_autofree char *error = NULL;

	ck_assert_int_eq(run(&output, &error, "show", path, NULL), 3);
	ck_assert_ptr_nonnull(
		strstr(output, "\n-- 2 events lost: ring full (between 1001 and 1002)\n"));
	remove_journal(path);
}
END_TEST

START_TEST(a_journal_is_shown_as_lines_of_json)
{
	g_autofree char *path = make_journal(2);
	g_autofree char *output = NULL, *last = NULL;

	ck_assert_int_eq(run(&output, NULL, "show", "--json", path, NULL), 3);
	ck_assert(g_str_has_prefix(output, "{\"common\":{\"timestamp\":"));
	ck_assert_uint_eq(count(output, "\"startup\":"), 1);
	ck_assert_uint_eq(count(output, "},\"kernel\":{\"symbol\":\"__nft_trace_packet\""), EVENTS);
	ck_assert_uint_eq(count(output, "\"loss\":{\"reason\":\"ring-full\",\"count\":2"), 1);
	ck_assert_uint_eq(count(output, "\n"), count(output, "\n{\"common\":") + 1);
	ck_assert_int_eq(run(&last, NULL, "show", "--json", "-n", "2", path, NULL), 3);
	ck_assert(g_str_has_prefix(last, "{\"common\":"));
	ck_assert_uint_eq(count(last, "\"startup\":"), 1);
	ck_assert_uint_eq(count(last, "__nft_trace_packet"), 2);
	remove_journal(path);
}
END_TEST

START_TEST(the_last_events_can_be_asked_for)
{
	g_autofree char *path = make_journal(0);
	g_autofree char *output = NULL;
	g_autofree char *error = NULL;
	g_autofree char *none = NULL;

	ck_assert_int_eq(run(&output, &error, "show", "-n", "2", path, NULL), 0);
	ck_assert_uint_eq(count(output, "__nft_trace_packet"), 2);
	ck_assert_ptr_nonnull(strstr(output, "\n\n1003 ("));
	ck_assert_ptr_nonnull(strstr(output, "\n\n1004 ("));
	ck_assert_ptr_nonnull(strstr(output, "recorded with nfttraced"));
	ck_assert_int_eq(run(&none, NULL, "show", "-n0", path, NULL), 0);
	ck_assert_uint_eq(count(none, "__nft_trace_packet"), 0);
	remove_journal(path);
}
END_TEST

START_TEST(closed_output_pipe_is_no_error)
{
	g_autofree char *path = make_journal(0);
	g_autofree char *command =
		g_strdup_printf("{ '%s' show '%s'; echo $? >&2; } | true", program, path);
	char *arguments[] = { (char *)"sh", (char *)"-c", command, NULL };
	g_autofree char *error = NULL;

	ck_assert(g_spawn_sync(
		NULL, arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &error, NULL, NULL));
	ck_assert_str_eq(error, "0\n");
	remove_journal(path);
}
END_TEST

START_TEST(an_output_that_can_not_be_written_is_an_error)
{
	g_autofree char *path = make_journal(0);
	g_autofree char *command =
		g_strdup_printf("'%s' show '%s' > /dev/full; echo $? >&2", program, path);
	char *arguments[] = { (char *)"sh", (char *)"-c", command, NULL };
	g_autofree char *error = NULL;

	ck_assert(g_spawn_sync(
		NULL, arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &error, NULL, NULL));
	ck_assert_str_eq(error,
		"nfttracectl: standard output can't be written: No space left on "
		"device\n1\n");
	remove_journal(path);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("command line");
	TCase *tcase = tcase_create("parsing");
	SRunner *runner;
	int failed;

	if (argc != 2)
		return EXIT_FAILURE;
	program = argv[1];
	runner = srunner_create(suite);
	tcase_add_test(tcase, durations_have_units);
	tcase_add_test(tcase, invalid_duration_is_refused);
	tcase_add_test(tcase, sizes_have_units);
	tcase_add_test(tcase, invalid_size_is_refused);
	tcase_add_test(tcase, counts_are_plain_numbers);
	tcase_add_test(tcase, lists_of_verdicts_are_split_at_commas);
	tcase_add_test(tcase, the_totals_are_one_line);
	tcase_add_test(tcase, tables_align_and_escape);
	tcase_add_test(tcase, numbers_are_formatted_at_their_edges);
	tcase_add_test(tcase, usage_errors_are_status_2_with_a_hint);
	tcase_add_test(tcase, failures_are_status_1_with_a_sentence);
	tcase_add_test(tcase, help_and_version_are_status_0);
	tcase_add_test(tcase, a_whole_journal_is_shown_with_status_0);
	tcase_add_test(tcase, a_journal_with_losses_is_shown_with_status_3);
	tcase_add_test(tcase, a_journal_is_shown_as_lines_of_json);
	tcase_add_test(tcase, the_last_events_can_be_asked_for);
	tcase_add_test(tcase, closed_output_pipe_is_no_error);
	tcase_add_test(tcase, an_output_that_can_not_be_written_is_an_error);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
