/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drop counters as a table, as JSON and as OpenMetrics, and the command that prints them, with a
 * stand-in for the daemon. The first argument is the program. */
#include <check.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "client/bus/sessions.h"
#include "client/report/drop-text.h"
#include "client/terminal/terminal.h"
#include "tests/unit/kit/fake-daemon.h"
#include "tests/unit/kit/openmetrics.h"

#define NOW 1000000000000ULL /* us */
#define SEC 1000000ULL

static const char *program;
static struct fake_daemon *fake;
static char *directory, *log_path;
static struct drop_list list;

/* Made-up drops; the texts are not freed. */
static struct drop *drop_add(const char *table, uint64_t handle, uint64_t packets)
{
	struct drop *drop = g_new0(struct drop, 1);

	*drop = (struct drop){
		.family = (char *)"inet",
		.table = (char *)table,
		.chain = (char *)"input",
		.handle = handle,
		.policy = handle == 0,
		.packets = packets,
		.bytes = packets * 64,
		.last = NOW - 3 * SEC,
	};
	g_ptr_array_add(list.drops, drop);
	return drop;
}

static void begin_list(void)
{
	list = (struct drop_list){
		.drops = g_ptr_array_new_with_free_func(g_free),
		.missed = DROP_MISSED_UNKNOWN,
	};
}

static void end_list(void)
{
	g_ptr_array_unref(list.drops);
}

static char *text(size_t columns)
{
	auto_output output = { 0 };

	output_open(&output, OUTPUT_MEMORY);
	drop_text_print(&list, NOW, columns, &output);
	return output_steal(&output);
}

static char *metrics(const GPtrArray *sessions)
{
	auto_output output = { 0 };

	output_open(&output, OUTPUT_MEMORY);
	drop_metrics_print(&list, sessions, &output);
	return output_steal(&output);
}

static void assert_metrics(const char *exposition)
{
	g_autofree char *wrong = openmetrics_check(exposition);

	ck_assert_msg(!wrong, "%s\n%s", wrong, exposition);
}

static void assert_in(const char *whole, const char *part)
{
	ck_assert_msg(strstr(whole, part) != NULL, "this is not there:\n%s\nin:\n%s", part, whole);
}

START_TEST(totals_are_printed_without_drops)
{
	g_autofree char *printed = text(80);

	ck_assert_str_eq(printed,
		"no drops\ntotal 0 packets (0 B), uncounted 0, missed unknown: not reported by "
		"this kernel\n");
}
END_TEST

START_TEST(a_wide_terminal_has_a_line_for_each)
{
	g_autofree char *printed = NULL;
	struct drop *drop = drop_add("filter", 7, 132);

	drop->rule = (char *)"udp dport 8080 drop";
	drop->example = (char *)"10.0.0.1.1 > 10.0.0.2.8080 udp on eth0";
	drop_add("filter", 0, 5)->last = NOW - 7200 * SEC;
	list.packets = 140;
	list.bytes = 8960;
	list.uncounted = 3;
	list.missed = 0;
	printed = text(DROP_COLUMNS_ANY);
	ck_assert_str_eq(printed,
		"PACKETS    BYTES  LAST     WHERE                       RULE                 LAST "
		"PACKET\n"
		"    132  8.3 KiB  3 s ago  inet filter input handle 7  udp dport 8080 drop  "
		"10.0.0.1.1 > 10.0.0.2.8080 udp on eth0\n"
		"      5    320 B  2 h ago  inet filter input policy    -                    -\n"
		"total 140 packets (8.8 KiB), uncounted 3, missed 0\n"
		"uncounted are packets of more rules than DropCountersMax= has room for\n");
}
END_TEST

START_TEST(a_narrow_terminal_has_lines_for_rule_and_packet)
{
	g_autofree char *printed = NULL;
	g_auto(GStrv) lines = NULL;
	struct drop *drop = drop_add("firewalld", 284, 132);

	drop->rule = (char *)"udp dport 8080 drop";
	drop->example = (char *)"172.16.42.1.39677 > 172.16.42.2.8080 udp on eth0";
	printed = text(80);
	assert_in(printed,
		"PACKETS    BYTES  LAST     WHERE, RULE, LAST PACKET\n"
		"    132  8.3 KiB  3 s ago  inet firewalld input handle 284\n"
		"                           udp dport 8080 drop\n"
		"                           172.16.42.1.39677 > 172.16.42.2.8080 udp on eth0\n");
	lines = g_strsplit(printed, "\n", -1);
	for (char **line = lines; *line; line++)
		ck_assert_uint_le(strlen(*line), 80);
}
END_TEST

START_TEST(an_age_of_the_future_is_now)
{
	g_autofree char *printed = NULL;

	drop_add("filter", 7, 1)->last = NOW + 5 * SEC;
	printed = text(80);
	assert_in(printed, " 0 s ago ");
}
END_TEST

START_TEST(selected_drops_are_sorted_and_limited)
{
	char *tables[] = { (char *)"a", (char *)"b", NULL };
	struct drop_filter wanted = { .tables = tables, .sort = DROP_SORT_LAST, .limit = 2 };

	drop_add("a", 1, 100)->last = 5;
	drop_add("c", 2, 100)->last = 9;
	drop_add("b", 3, 1)->last = 7;
	drop_add("a", 4, 10)->last = 6;
	drop_list_filter(&list, &wanted);
	ck_assert_uint_eq(list.drops->len, 2);
	ck_assert_uint_eq(((struct drop *)list.drops->pdata[0])->handle, 3);
	ck_assert_uint_eq(((struct drop *)list.drops->pdata[1])->handle, 4);
	ck_assert_uint_eq(list.others, 2);
}
END_TEST

START_TEST(a_namespace_is_a_name_an_inode_or_a_cookie)
{
	const char *const texts[] = { "server", "4026532281", "0x7f" };

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		char *netns[] = { (char *)texts[i], NULL };
		const struct drop_filter wanted = { .netns = netns };
		struct drop *drop;

		begin_list();
		drop_add("a", 1, 1);
		drop = drop_add("a", 2, 1);
		drop->netns = (char *)"server";
		drop->netns_inode = 4026532281;
		drop->netns_cookie = 0x7f;
		drop_list_filter(&list, &wanted);
		ck_assert_uint_eq(list.drops->len, 1);
		ck_assert_uint_eq(((struct drop *)list.drops->pdata[0])->handle, 2);
		if (i + 1 < G_N_ELEMENTS(texts))
			end_list();
	}
}
END_TEST

START_TEST(metrics_checker_finds_errors)
{
	const char *const wrong[] = {
		"",
		"# EOF",
		"# EOF\n\n",
		"x_total 1\n# EOF\n",
		"# TYPE x counter\nx 1\n# EOF\n",
		"# TYPE x counter\nx_total 1\nx_total 2\n# EOF\n",
		"# TYPE x counter\nx_total{a=\"1\",a=\"2\"} 2\n# EOF\n",
		"# TYPE x counter\nx_total{a=\"1\\x\"} 2\n# EOF\n",
		"# TYPE x counter\nx_total{a=\"1\n\"} 2\n# EOF\n",
		"# TYPE x counter\nx_total{1a=\"1\"} 2\n# EOF\n",
		"# TYPE x counter\nx_total -2\n# EOF\n",
		"# TYPE x counter\n# UNIT x packets\nx_total 2\n# EOF\n",
		"# TYPE x counter\n# TYPE y counter\n# HELP x x\n# EOF\n",
		"# TYPE x counter\nx_total 2\n\n# EOF\n",
		"# TYPE x counter\nx_total  2\n# EOF\n",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autofree char *found = openmetrics_check(wrong[i]);

		ck_assert_msg(found != NULL, "nothing was found in:\n%s", wrong[i]);
	}
	assert_metrics("# TYPE x_packets counter\n# UNIT x_packets packets\n# HELP x_packets a b\n"
		       "x_packets_total{a=\"\\\\ \\\" \\n\",b=\"\"} 2\nx_packets_total 3\n# EOF\n");
}
END_TEST

START_TEST(metrics_are_valid_without_drops)
{
	g_autofree char *printed = metrics(NULL);

	assert_metrics(printed);
	assert_in(printed, "nfttraced_drop_uncounted_packets_total 0\n");
	ck_assert_ptr_null(strstr(printed, "missed"));
}
END_TEST

START_TEST(metrics_have_their_labels_escaped)
{
	g_autofree char *printed = NULL;
	struct drop *drop = drop_add("a\\x0a\"b", 7, 132);

	drop->netns_inode = 4026532281;
	list.missed = 4;
	printed = metrics(NULL);
	assert_metrics(printed);
	assert_in(printed,
		"nfttraced_drop_packets_total{netns=\"4026532281\",family=\"inet\","
		"table=\"a\\\\x0a\\\"b\",chain=\"input\",handle=\"7\",policy=\"no\"} 132\n");
	assert_in(printed, ",policy=\"no\"} 8448\n");
	assert_in(printed, "nfttraced_missed_calls_total 4\n");
}
END_TEST

START_TEST(metrics_with_the_same_labels_are_one)
{
	g_autofree char *printed = NULL;

	drop_add("filter", 7, 10)->table_handle = 1;
	drop_add("filter", 7, 32)->table_handle = 2;
	printed = metrics(NULL);
	assert_metrics(printed);
	assert_in(printed, "handle=\"7\",policy=\"no\"} 42\n");
}
END_TEST

START_TEST(metrics_include_lost_and_suppressed_events)
{
	struct session session = { .id = 7, .name = (char *)"web\"", .lost = 3, .suppressed = 5 };
	g_autoptr(GPtrArray) sessions = g_ptr_array_new();
	g_autofree char *printed = NULL;

	g_ptr_array_add(sessions, &session);
	printed = metrics(sessions);
	assert_metrics(printed);
	assert_in(
		printed, "nfttraced_session_lost_events_total{session=\"7\",name=\"web\\\"\"} 3\n");
	assert_in(printed,
		"nfttraced_session_suppressed_events_total{session=\"7\",name=\"web\\\"\"} 5\n");
}
END_TEST

/* The command. */

static void begin(void)
{
	directory = g_dir_make_tmp("test-drops-XXXXXX", NULL);
	log_path = g_build_filename(directory, "log", NULL);
	fake = fake_daemon_new(directory, log_path);
}

static void end(void)
{
	fake = fake_daemon_free(fake);
	g_unlink(log_path);
	g_rmdir(directory);
	g_free(directory);
	g_free(log_path);
}

/* Runs "drops" with options separated by "|"; its exit status. */
static int run(const char *options, char **ret_output, char **ret_error)
{
	g_autofree char *line = g_strconcat(program, "|drops", *options ? "|" : "", options, NULL);
	g_auto(GStrv) arguments = g_strsplit(line, "|", -1);
	int status;

	ck_assert(g_spawn_sync(NULL, arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, ret_output,
		ret_error, &status, NULL));
	return WEXITSTATUS(status);
}

START_TEST(the_verb_prints_a_table)
{
	g_autofree char *output = NULL;
	g_auto(GStrv) lines = NULL;

	ck_assert_int_eq(run("", &output, NULL), 0);
	lines = g_strsplit(output, "\n", -1);
	ck_assert_uint_eq(g_strv_length(lines), 7);
	ck_assert(g_str_has_prefix(lines[1],
		"    132   8.3 KiB  3 s ago        inet firewalld filter_INPUT_POLICIES handle 284  "
		"udp dport 8080 drop  172.16.42.1.39677 > 172.16.42.2.8080 udp on eth0"));
	ck_assert(g_str_has_prefix(lines[2],
		"      5  87.9 KiB  -              ip filter input policy in netns server"));
	ck_assert(g_str_has_prefix(
		lines[3], "      1      60 B  2 h 5 min ago  inet a\\x0a\"b c handle 9"));
	ck_assert(g_str_has_prefix(lines[4], "total 140 packets (96.2 KiB), uncounted 2"));
}
END_TEST

START_TEST(the_verb_selects)
{
	g_autofree char *output = NULL;

	ck_assert_int_eq(run("--netns=server|--chain=input|--table=filter", &output, NULL), 0);
	assert_in(output, "\n      5  87.9 KiB");
	assert_in(output, "\n2 other rules not shown; total 140 packets");
	g_clear_pointer(&output, g_free);
	ck_assert_int_eq(run("--sort=bytes|-n|1|--json", &output, NULL), 0);
	assert_in(output, "\"chain\":\"input\"");
	ck_assert_ptr_null(strstr(output, "firewalld"));
}
END_TEST

START_TEST(the_verb_prints_json_lines)
{
	g_autofree char *output = NULL;
	g_auto(GStrv) lines = NULL;

	ck_assert_int_eq(run("--json", &output, NULL), 0);
	lines = g_strsplit(output, "\n", -1);
	ck_assert_uint_eq(g_strv_length(lines), 5);
	for (size_t i = 0; i < 4; i++) {
		json_object *object = json_tokener_parse(lines[i]);

		ck_assert_ptr_nonnull(object);
		json_object_put(object);
	}
	assert_in(lines[0], "\"rule\":\"udp dport 8080 drop\"");
	assert_in(lines[2], "\"table\":\"a\\\\x0a\\\"b\"");
	ck_assert_str_eq(lines[3], "{\"total\":{\"packets\":140,\"bytes\":98508,\"uncounted\":2}}");
}
END_TEST

START_TEST(the_verb_prints_metrics)
{
	g_autofree char *output = NULL;

	ck_assert_int_eq(run("--openmetrics", &output, NULL), 0);
	assert_metrics(output);
	assert_in(output,
		"nfttraced_drop_bytes_total{netns=\"server\",family=\"ip\",table=\"filter\","
		"chain=\"input\",handle=\"\",policy=\"yes\"} 90000\n");
	assert_in(output, "{session=\"7\",name=\"web\"} 0\n");
}
END_TEST

START_TEST(drops_refuses_invalid_options)
{
	const char *const options[] = { "--sort=name", "-n|0", "-n|x", "--json|--openmetrics",
		"more" };

	for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
		g_autofree char *error = NULL;

		ck_assert_int_eq(run(options[i], NULL, &error), 2);
		ck_assert_ptr_nonnull(strstr(error, "Try 'nfttracectl drops --help'"));
	}
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("drops");
	TCase *forms = tcase_create("forms"), *verb = tcase_create("verb");
	SRunner *runner;
	int failed;

	if (argc != 2)
		return EXIT_FAILURE;
	program = argv[1];
	runner = srunner_create(suite);
	tcase_add_checked_fixture(forms, begin_list, end_list);
	tcase_add_test(forms, totals_are_printed_without_drops);
	tcase_add_test(forms, a_wide_terminal_has_a_line_for_each);
	tcase_add_test(forms, a_narrow_terminal_has_lines_for_rule_and_packet);
	tcase_add_test(forms, an_age_of_the_future_is_now);
	tcase_add_test(forms, selected_drops_are_sorted_and_limited);
	tcase_add_test(forms, a_namespace_is_a_name_an_inode_or_a_cookie);
	tcase_add_test(forms, metrics_checker_finds_errors);
	tcase_add_test(forms, metrics_are_valid_without_drops);
	tcase_add_test(forms, metrics_have_their_labels_escaped);
	tcase_add_test(forms, metrics_with_the_same_labels_are_one);
	tcase_add_test(forms, metrics_include_lost_and_suppressed_events);
	tcase_add_checked_fixture(verb, begin, end);
	tcase_add_test(verb, the_verb_prints_a_table);
	tcase_add_test(verb, the_verb_selects);
	tcase_add_test(verb, the_verb_prints_json_lines);
	tcase_add_test(verb, the_verb_prints_metrics);
	tcase_add_test(verb, drops_refuses_invalid_options);
	suite_add_tcase(suite, forms);
	suite_add_tcase(suite, verb);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
