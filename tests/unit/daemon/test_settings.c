/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration file: valid values, and errors with the file, the line and the allowed
 * values. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/settings/settings-keys.h"

static struct settings *settings;

static void set_up(void)
{
	settings = settings_new();
}

static void tear_down(void)
{
	settings = settings_free(settings);
}

static void taken(const char *text)
{
	char *reason = NULL;
	int r = settings_parse(settings, text, strlen(text), "test.conf", &reason);

	ck_assert_msg(r == 0, "refused: %s", reason);
	ck_assert_ptr_null(reason);
}

static void refused(const char *text, const char *place, const char *says)
{
	g_autofree char *reason = NULL;

	ck_assert_int_eq(
		settings_parse(settings, text, strlen(text), "test.conf", &reason), -EINVAL);
	ck_assert_msg(
		g_str_has_prefix(reason, place), "\"%s\" does not begin with %s", reason, place);
	ck_assert_msg(strstr(reason, says), "\"%s\" does not say \"%s\"", reason, says);
}

START_TEST(without_a_file_the_defaults_hold)
{
	taken("");
	ck_assert(settings->allow_system_changes);
	ck_assert_int_eq(settings->attach, ATTACH_AUTO);
	ck_assert_uint_eq(settings->sessions_max, 64);
	ck_assert(g_path_is_absolute(settings->state_directory));
}
END_TEST

START_TEST(every_key_is_taken)
{
	taken("# A comment\n\n[Daemon]\nAllowSystemChanges=no\nAttach = fentry\nRingSize=64K\n"
	      "TrackerSize=1024\nTrackerAge=1min 60s\nJournalSize=3 GiB\nSegmentSize=1.5M\n"
	      "StateDirectory=/somewhere\nMaxSessions=3\nFollowersMax=1\n"
	      "JournalsSize=0\nDropCounters=no\nDropCountersMax=16\nRuleTextsSize=1M\nDropSummary=no\n"
	      "DropSummaryInterval=1min\nDropSummaryRules=5\nUserSessions=0\n"
	      "UserJournalSize=1G\nUserRate=7\nUserFilterSize=1000\nFiltersSize=2000\n");
	ck_assert(!settings->allow_system_changes);
	ck_assert_uint_eq(settings->rule_texts_size, 1 << 20);
	ck_assert_int_eq(settings->attach, ATTACH_FENTRY);
	ck_assert_uint_eq(settings->ring_size, 65536);
	ck_assert_uint_eq(settings->tracker_size, 1024);
	ck_assert_uint_eq(settings->tracker_age, 120);
	ck_assert_uint_eq(settings->journal_size, 3ULL << 30);
	ck_assert_uint_eq(settings->segment_size, 3 << 19);
	ck_assert_str_eq(settings->state_directory, "/somewhere");
	ck_assert_uint_eq(settings->filters_size, 2000);
	ck_assert_uint_eq(settings->sessions_max, 3);
	ck_assert_uint_eq(settings->followers_max, 1);
	ck_assert_uint_eq(settings->journals_size, 0);
	ck_assert(!settings->drop_counters);
	ck_assert_uint_eq(settings->drop_counters_max, 16);
	ck_assert(!settings->drop_summary);
	ck_assert_uint_eq(settings->drop_summary_interval, 60);
	ck_assert_uint_eq(settings->drop_summary_rules, 5);
	ck_assert_uint_eq(settings->user_sessions, 0);
	ck_assert_uint_eq(settings->user_journal_size, 1ULL << 30);
	ck_assert_uint_eq(settings->user_rate, 7);
	ck_assert_uint_eq(settings->user_filter_size, 1000);
}
END_TEST

START_TEST(a_key_that_does_not_exist_is_refused)
{
	refused("[Daemon]\n\nRingsize=1M\n", "test.conf:3: ", "Ringsize");
}
END_TEST

START_TEST(a_group_that_does_not_exist_is_refused)
{
	refused("[Daemon]\nRingSize=1M\n[Demon]\nAttach=auto\n", "test.conf:3: ", "[Demon]");
}
END_TEST

START_TEST(a_line_that_is_none_is_refused)
{
	refused("[Daemon]\nAttach=auto\nwhat is this\n", "test.conf:3: ", "what is this");
}
END_TEST

START_TEST(a_value_out_of_its_range_is_refused_with_the_range)
{
	const char *const lines[] = { "MaxSessions=65", "MaxSessions=0", "MaxSessions=-1",
		"MaxSessions=", "MaxSessions=1 2", "MaxSessions=1K" };

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_autofree char *text = g_strdup_printf("[Daemon]\n%s\n", lines[i]);

		refused(text, "test.conf:2: ", "a number from 1 to 64");
	}
	refused("[Daemon]\nRingSize=1", "test.conf:2: ", "a size from 64K to 2G");
	refused("[Daemon]\nRingSize=18446744073709551615G",
		"test.conf:2: ", "a size from 64K to 2G");
	refused("[Daemon]\nRingSize=99999999999999999999",
		"test.conf:2: ", "a size from 64K to 2G");
	refused("[Daemon]\nTrackerAge=2d", "test.conf:2: ", "a time from 1s to 24h");
	refused("[Daemon]\nTrackerAge=1500ms", "test.conf:2: ", "a time from 1s to 24h");
	refused("[Daemon]\nAllowSystemChanges=maybe", "test.conf:2: ", "yes or no");
	refused("[Daemon]\nAttach=kprobes", "test.conf:2: ", "auto, kprobe or fentry");
	refused("[Daemon]\nStateDirectory=here", "test.conf:2: ", "an absolute path");
}
END_TEST

START_TEST(of_a_key_that_is_set_twice_the_line_that_counts_is_named)
{
	refused("[Daemon]\nMaxSessions=1\nMaxSessions=99\n", "test.conf:3: ", "99");
}
END_TEST

START_TEST(missing_file_has_its_own_error)
{
	g_autofree char *reason = NULL;

	ck_assert_int_eq(settings_load_file(settings, "/nowhere/at/all", &reason), -ENOENT);
	ck_assert_ptr_nonnull(strstr(reason, "/nowhere/at/all"));
}
END_TEST

START_TEST(of_an_unknown_key_the_one_that_may_be_meant_is_named)
{
	refused("[Daemon]\nringsize=1M\n", "test.conf:2: ", "is it RingSize?");
	refused("[Daemon]\nJournalSise=1M\n", "test.conf:2: ", "is it JournalSize?");
	refused("[Session a]\nFiltre=tcp\n", "test.conf:2: ", "is it Filter?");
	refused("[Session a]\nRingSize=1M\n", "test.conf:2: ", "unknown key \"RingSize\"");
}
END_TEST

START_TEST(binary_data_is_refused_with_its_line)
{
	static const char nul[] = "[Daemon]\nAttach=auto\0\nRingSize=1M\n",
			  binary[] = "\x7f\x45\xff\xfe\n";
	g_autofree char *reason = NULL, *other = NULL;

	ck_assert_int_eq(
		settings_parse(settings, nul, sizeof(nul) - 1, "test.conf", &reason), -EINVAL);
	ck_assert_str_eq(reason, "test.conf:2: the line is not text in UTF-8");
	ck_assert_int_eq(
		settings_parse(settings, binary, sizeof(binary) - 1, "test.conf", &other), -EINVAL);
	ck_assert_str_eq(other, "test.conf:1: the line is not text in UTF-8");
}
END_TEST

START_TEST(a_huge_line_is_refused_in_a_short_sentence)
{
	g_autofree char *value = g_strnfill(1000000, 'x'),
			*text = g_strdup_printf("[Daemon]\nRingSize=%s", value),
			*key = g_strdup_printf("[Daemon]\n\n%s=1", value),
			*group = g_strdup_printf("[%s", value), *nothing = g_strdup(value),
			*reason = NULL;

	ck_assert_int_eq(
		settings_parse(settings, text, strlen(text), "test.conf", &reason), -EINVAL);
	ck_assert_uint_lt(strlen(reason), 1000);
	refused(text, "test.conf:2: ", "a size from 64K to 2G");
	refused(key, "test.conf:3: ", "unknown key \"xxx");
	refused(group, "test.conf:1: ", "unknown group [xxx");
	refused(nothing, "test.conf:1: ", "neither KEY=VALUE");
}
END_TEST

START_TEST(lines_of_every_kind_are_taken)
{
	taken("; a comment\r\n  [Daemon]  \r\n\tRingSize = 64K \r\n#\n\n[Daemon]\nMaxSessions=2");
	ck_assert_uint_eq(settings->ring_size, 65536);
	ck_assert_uint_eq(settings->sessions_max, 2);
	refused("RingSize=1M\n", "test.conf:1: ", "is in no group");
	refused("[Daemon\n", "test.conf:1: ", "[Daemon] or [Session NAME]");
	refused("[]\n", "test.conf:1: ", "unknown group []");
	refused("[\n", "test.conf:1: ", "unknown group [");
	refused("[Daemon]\n=1\n", "test.conf:2: ", "neither KEY=VALUE");
}
END_TEST

START_TEST(it_is_known_where_a_value_comes_from)
{
	int number = setting_find(&settings_daemon_keys, "RingSize");
	const struct setting_origin *origin = &settings->origins[number];

	ck_assert_str_eq(origin->text, "16M");
	ck_assert_ptr_null(origin->file);
	taken("[Daemon]\n\nRingSize=1M\nRingSize=2M\n");
	ck_assert_str_eq(origin->text, "2M");
	ck_assert_str_eq(origin->file, "test.conf");
	ck_assert_uint_eq(origin->line, 4);
}
END_TEST

START_TEST(a_session_is_described_by_its_group)
{
	const struct configured_session *session;

	taken("[Session dns drops]\nVerdicts=drop, queue\nFilter=udp port 53\nSections=nft packet\n"
	      "Probes=ip_local_deliver/stack tp:skb:kfree_skb\nStack=yes\nTrack=no\nRate=5\nBurst=7\n"
	      "Size=1M\n[Session two]\n[Session dns drops]\nBurst=8\n");
	ck_assert_uint_eq(settings->configured_sessions->len, 2);
	session = settings_session(settings, "dns drops");
	ck_assert_str_eq(session->file, "test.conf");
	ck_assert_uint_eq(session->line, 1);
	ck_assert_str_eq(session->options.name, "dns drops");
	ck_assert(session->options.configured);
	ck_assert_uint_eq(session->options.verdicts, 1u << VERDICT_DROP | 1u << VERDICT_QUEUE);
	ck_assert_str_eq(session->options.filter, "udp port 53");
	ck_assert_uint_eq(
		session->options.sections, 1u << EVENT_SECTION_NFT | 1u << EVENT_SECTION_PACKET);
	ck_assert_uint_eq(session->options.probes->len, 2);
	ck_assert(session->options.stack);
	ck_assert(!session->options.track);
	ck_assert_uint_eq(session->options.rate, 5);
	ck_assert_uint_eq(session->options.burst, 8);
	ck_assert_uint_eq(session->options.size, 1 << 20);
	ck_assert_ptr_null(settings_session(settings, "three"));
}
END_TEST

/* Except for the rate, which an unattended session has. */
START_TEST(a_session_without_keys_is_one_without_options)
{
	auto_session_options options;
	const struct configured_session *session;

	session_options_init(&options);
	taken("[Session two]\n");
	session = settings_session(settings, "two");
	ck_assert_uint_eq(session->options.rate, 1000);
	ck_assert_uint_eq(session->options.verdicts, options.verdicts);
	ck_assert_uint_eq(session->options.sections, options.sections);
	ck_assert_str_eq(session->options.filter, options.filter);
	ck_assert_uint_eq(session->options.probes->len, 0);
	ck_assert_int_eq(session->options.track, options.track);
	ck_assert_int_eq(session->options.stack, options.stack);
}
END_TEST

static void refused_as_a_whole(const char *text, const char *place, const char *says)
{
	auto_settings *whole = settings_new();
	g_autofree char *reason = NULL;
	int r;

	ck_assert_int_eq(settings_parse(whole, text, strlen(text), "test.conf", &reason), 0);
	r = settings_check(whole, &reason);
	if (r == 0)
		r = settings_filters_check(whole, &reason);
	ck_assert_int_eq(r, -EINVAL);
	ck_assert_msg(
		g_str_has_prefix(reason, place), "\"%s\" does not begin with %s", reason, place);
	ck_assert_msg(strstr(reason, says), "\"%s\" does not say \"%s\"", reason, says);
}

START_TEST(sessions_beyond_the_limit_are_refused)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (unsigned int i = 1; i <= EVENT_SESSIONS_MAX; i++)
		g_string_append_printf(text, "[Session s%u]\n[Session s%u]\n", i, i);
	taken(text->str);
	/* Parsing stops here: there may be tens of thousands. */
	g_string_append(text, "[Session one-more]\nnonsense\n");
	refused(text->str, "test.conf:129: ", "more than 64 groups");
}
END_TEST

START_TEST(session_errors_are_reported_with_their_line)
{
	refused("[Session 12]\n", "test.conf:1: ", "all-digit names are session ids");
	refused("[Session a/b]\n", "test.conf:1: ", "without a slash");
	refused("[Session ]\n", "test.conf:1: ", "1 to 64 bytes");
	refused("[Session a]\nVerdicts=drop dorp\n", "test.conf:2: ", "unknown verdict \"dorp\"");
	refused("[Session a]\nVerdicts=\n", "test.conf:2: ", "at least one verdict");
	refused("[Session a]\nSections=nft,nat\n", "test.conf:2: ", "unknown section \"nat\"");
	refused("[Session a]\nProbes=a b a\n", "test.conf:2: ", "given twice");
	refused("[Session a]\nRate=1K\n", "test.conf:2: ", "events a second");
	refused("[Session a]\nSize=1\n", "test.conf:2: ", "from 256K to 1024G");
	refused_as_a_whole("[Session a]\nRate=0\nBurst=5\n", "test.conf:3: ", "needs Rate");
	refused_as_a_whole("[Session a]\n[Session b]\nFilter=tcp prot 1\n",
		"test.conf:3: Filter: ", "syntax error");
	refused_as_a_whole("[Daemon]\nMaxSessions=1\n[Session a]\n[Session b]\n",
		"test.conf:4: ", "MaxSessions=1");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("settings");
	TCase *cases = tcase_create("settings");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, cases);
	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_test(cases, without_a_file_the_defaults_hold);
	tcase_add_test(cases, every_key_is_taken);
	tcase_add_test(cases, a_key_that_does_not_exist_is_refused);
	tcase_add_test(cases, a_group_that_does_not_exist_is_refused);
	tcase_add_test(cases, a_line_that_is_none_is_refused);
	tcase_add_test(cases, a_value_out_of_its_range_is_refused_with_the_range);
	tcase_add_test(cases, of_a_key_that_is_set_twice_the_line_that_counts_is_named);
	tcase_add_test(cases, missing_file_has_its_own_error);
	tcase_add_test(cases, of_an_unknown_key_the_one_that_may_be_meant_is_named);
	tcase_add_test(cases, binary_data_is_refused_with_its_line);
	tcase_add_test(cases, a_huge_line_is_refused_in_a_short_sentence);
	tcase_add_test(cases, lines_of_every_kind_are_taken);
	tcase_add_test(cases, it_is_known_where_a_value_comes_from);
	tcase_add_test(cases, a_session_is_described_by_its_group);
	tcase_add_test(cases, a_session_without_keys_is_one_without_options);
	tcase_add_test(cases, sessions_beyond_the_limit_are_refused);
	tcase_add_test(cases, session_errors_are_reported_with_their_line);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
