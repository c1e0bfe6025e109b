/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration file: what is taken, and what is refused with file, line and what is allowed. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/settings.h"

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
	int r = settings_parse(settings, text, "test.conf", &reason);

	ck_assert_msg(r == 0, "refused: %s", reason);
	ck_assert_ptr_null(reason);
}

static void refused(const char *text, const char *place, const char *says)
{
	g_autofree char *reason = NULL;

	ck_assert_int_eq(settings_parse(settings, text, "test.conf", &reason), -EINVAL);
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
	      "TrackerSize=1024\nTrackerAge=2min\nJournalSize=3G\nSegmentSize=1M\n"
	      "StateDirectory=/somewhere\nMaxSessions=3\nFollowersMax=1\n"
	      "JournalsSize=0\nDropCounters=no\nDropCountersMax=16\nDropSummary=no\n"
	      "DropSummaryInterval=1min\nDropSummaryRules=5\nUserSessions=0\n"
	      "UserJournalSize=1G\nUserRate=7\n");
	ck_assert(!settings->allow_system_changes);
	ck_assert_int_eq(settings->attach, ATTACH_FENTRY);
	ck_assert_uint_eq(settings->ring_size, 65536);
	ck_assert_uint_eq(settings->tracker_size, 1024);
	ck_assert_uint_eq(settings->tracker_age, 120);
	ck_assert_uint_eq(settings->journal_size, 3ULL << 30);
	ck_assert_uint_eq(settings->segment_size, 1 << 20);
	ck_assert_str_eq(settings->state_directory, "/somewhere");
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
	refused("[Daemon]\nTrackerAge=1d", "test.conf:2: ", "a time from 1s to 24h");
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

START_TEST(a_file_that_is_not_there_is_told_apart)
{
	g_autofree char *reason = NULL;

	ck_assert_int_eq(settings_load(settings, "/nowhere/at/all", &reason), -ENOENT);
	ck_assert_ptr_nonnull(strstr(reason, "/nowhere/at/all"));
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
	tcase_add_test(cases, a_file_that_is_not_there_is_told_apart);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
