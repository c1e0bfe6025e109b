/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of a session, their effect on the kernel side, and its totals. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/plan.h"
#include "daemon/pipeline/module-watch.h"
#include "daemon/recorder/balance.h"
#include "daemon/settings/session-options.h"
#include "journal/format/section-names.h"

static void name_refused(const char *name)
{
	auto_failure failure = { 0 };

	ck_assert_int_eq(session_name_check(name, &failure), -EINVAL);
	ck_assert_int_eq(failure.kind, FAILURE_INVALID_OPTION);
	/* The sentence is safe to print whatever the name is. */
	for (const char *i = failure.reason; *i; i++)
		ck_assert_int_ge((unsigned char)*i, ' ');
}

static void name_taken(const char *name)
{
	auto_failure failure = { 0 };

	ck_assert_msg(session_name_check(name, &failure) == 0, "%s", failure.reason);
}

START_TEST(a_name_is_short_printable_and_like_nothing_else)
{
	g_autofree char *longest = g_strnfill(SESSION_NAME_MAX, 'x');
	g_autofree char *longer = g_strnfill(SESSION_NAME_MAX + 1, 'x');

	name_taken("a");
	name_taken("17th floor");
	name_taken("größer");
	name_taken(longest);
	name_refused(longer);
	name_refused("");
	name_refused("a/b");
	name_refused("-a");
	name_refused(".a");
	name_refused("17");
	name_refused("a\033[31m");
	name_refused("a\n");
	name_refused("a\177");
	name_refused("a\302\205"); /* NEL */
	name_refused("a\342\200\256b"); /* right-to-left override */
	name_refused("a\377"); /* not UTF-8 */
	name_refused("a\303");
}
END_TEST

START_TEST(verdicts_have_ten_names_and_all)
{
	const char *const names[] = { "drop", "accept", "stolen", "queue", "repeat", "continue",
		"break", "jump", "goto", "return", NULL };
	const char *const all[] = { "drop", "all", NULL }, *const none[] = { NULL };
	const char *const unknown[] = { "drop", "stop", NULL };
	auto_failure failure = { 0 };
	uint32_t verdicts = 0;

	ck_assert_int_eq(verdicts_parse(names, &verdicts, &failure), 0);
	ck_assert_uint_eq(verdicts, VERDICT_MASK_ALL & ~(1u << VERDICT_STOP));
	ck_assert_int_eq(verdicts_parse(all, &verdicts, &failure), 0);
	ck_assert_uint_eq(verdicts, VERDICT_MASK_ALL);
	ck_assert_int_eq(verdicts_parse(none, &verdicts, &failure), -EINVAL);
	ck_assert_int_eq(verdicts_parse(unknown, &verdicts, &failure), -EINVAL);
	ck_assert_int_eq(failure.kind, FAILURE_INVALID_VERDICT);
	ck_assert_ptr_nonnull(strstr(failure.reason, "\"stop\""));
	ck_assert_uint_eq(verdicts, VERDICT_MASK_ALL);
}
END_TEST

START_TEST(verdicts_are_printed_as_given)
{
	g_auto(GStrv) defaults = verdicts_names(VERDICT_MASK_DEFAULT);
	g_auto(GStrv) all = verdicts_names(VERDICT_MASK_ALL);

	ck_assert_uint_eq(g_strv_length(defaults), 2);
	ck_assert_str_eq(defaults[0], "drop");
	ck_assert_str_eq(defaults[1], "accept");
	ck_assert_uint_eq(g_strv_length(all), 1);
	ck_assert_str_eq(all[0], "all");
}
END_TEST

START_TEST(sections_have_nine_names_and_all)
{
	const char *const names[] = { "packet", "dev", "ns", "ct", "nft", "tracking", "drop", "skb",
		"stack", NULL };
	const char *const all[] = { "skb", "all", NULL }, *const none[] = { NULL };
	const char *const unknown[] = { "ct", "skb-drop\n", NULL };
	auto_failure failure = { 0 }, empty = { 0 };
	uint32_t sections = 0;

	ck_assert_int_eq(sections_parse(names, &sections, &failure), 0);
	ck_assert_uint_eq(sections, SECTION_MASK_ALL);
	ck_assert_int_eq(sections_parse(all, &sections, &failure), 0);
	ck_assert_uint_eq(sections, SECTION_MASK_ALL);
	ck_assert_int_eq(sections_parse(names + 7, &sections, &failure), 0);
	ck_assert_uint_eq(sections, 1u << EVENT_SECTION_SKB | 1u << EVENT_SECTION_STACK);

	ck_assert_int_eq(sections_parse(unknown, &sections, &failure), -EINVAL);
	ck_assert_int_eq(failure.kind, FAILURE_INVALID_OPTION);
	ck_assert_str_eq(failure.reason,
		"Sections: unknown section \"skb-drop\\x0a\": it must be packet, dev, ns, ct, "
		"nft, tracking, drop, skb, stack or all");
	ck_assert_int_eq(sections_parse(none, &sections, &empty), -EINVAL);
	ck_assert_ptr_nonnull(strstr(empty.reason, "at least one section"));
	ck_assert_uint_eq(sections, 1u << EVENT_SECTION_SKB | 1u << EVENT_SECTION_STACK);
}
END_TEST

START_TEST(a_session_has_all_sections_but_the_costly_ones_if_it_does_not_say)
{
	auto_session_options options;
	g_auto(GStrv) names = NULL;
	g_autofree char *text = NULL;

	session_options_init(&options);
	names = section_names(options.sections);
	text = g_strjoinv(",", names);
	ck_assert_str_eq(text, "packet,dev,ns,ct,nft,tracking,drop");
}
END_TEST

START_TEST(numbers_have_ranges)
{
	auto_session_options options;
	auto_failure failure = { 0 };

	session_options_init(&options);
	ck_assert_int_eq(session_options_check(&options, &failure), 0);
	options.size = SESSION_SIZE_MIN - 1;
	ck_assert_int_eq(session_options_check(&options, &failure), -EINVAL);
	options.size = SESSION_SIZE_MIN;
	ck_assert_int_eq(session_options_check(&options, &failure), 0);
	options.rate = SESSION_RATE_MAX + 1;
	ck_assert_int_eq(session_options_check(&options, &failure), -EINVAL);
	options.rate = 0;
	options.burst = 1;
	ck_assert_int_eq(session_options_check(&options, &failure), -EINVAL);
	ck_assert_ptr_nonnull(strstr(failure.reason, "needs Rate"));
	options.rate = SESSION_RATE_MAX;
	ck_assert_int_eq(session_options_check(&options, &failure), 0);
	options.burst = SESSION_RATE_MAX + 1;
	ck_assert_int_eq(session_options_check(&options, &failure), -EINVAL);
	options.burst = 0;
	options.duration = SESSION_DURATION_MAX + 1;
	ck_assert_int_eq(session_options_check(&options, &failure), -EINVAL);
}
END_TEST

START_TEST(plan_describes_the_wanted_configuration)
{
	struct filter filter = { .view = 60 };
	struct plan plan = { 0 };
	struct pipeline_config config;
	struct matcher_session sessions[EVENT_SESSIONS_MAX];

	ck_assert(plan_is_empty(&plan));
	plan.entries[0] =
		(struct plan_entry){ .used = true, .verdicts = 1, .since = 4, .track = true };
	plan.entries[63] = (struct plan_entry){
		.used = true, .verdicts = 6, .rate = 10, .filter = &filter, .sections = 96
	};
	ck_assert(!plan_is_empty(&plan));
	ck_assert_uint_eq(plan_sessions(&plan, sessions), 2);
	ck_assert_uint_eq(sessions[1].bit, 63);
	ck_assert_ptr_eq(sessions[1].filter, &filter);

	plan_config(&plan, 4096, &config);
	ck_assert_uint_eq(config.verdicts, 7);
	ck_assert_uint_eq(config.view, 60);
	ck_assert_uint_eq(config.tracking, 1);
	ck_assert_uint_eq(config.since[0], 4);
	ck_assert_uint_eq(config.interval[0], 0);
	ck_assert_uint_eq(config.interval[63], 100000000);
	ck_assert_uint_eq(config.sections[0], 0);
	ck_assert_uint_eq(config.sections[63], 96);
	ck_assert_uint_eq(config.tolerance[63], 900000000);
	ck_assert_uint_eq(config.wakeup, 4096);
}
END_TEST

START_TEST(a_rate_of_one_and_the_highest_rate_have_intervals)
{
	struct plan plan = { .entries = { { .used = true, .rate = 1 },
				     { .used = true, .rate = SESSION_RATE_MAX },
				     { .used = true, .rate = 1000, .burst = 1 },
				     { .used = true, .rate = 1, .burst = SESSION_RATE_MAX } } };
	struct pipeline_config config;

	plan_config(&plan, 0, &config);
	ck_assert_uint_eq(config.interval[0], 1000000000);
	ck_assert_uint_eq(config.tolerance[0], 0);
	ck_assert_uint_eq(config.interval[1], 1);
	ck_assert_uint_eq(config.tolerance[1], 999999999);
	ck_assert_uint_eq(config.tolerance[2], 0);
	ck_assert_uint_eq(config.tolerance[3], 999999999000000000);
}
END_TEST

START_TEST(totals_balance_at_rest_and_in_transit)
{
	const struct recorder_counts counts = {
		.journaled = 10, .disk_full = 3, .disk_error = 2, .over_limit = 1
	};
	const struct session_stats kernel_counts = { .ring_full = 4, .suppressed = 5 };
	struct dictionary_totals totals;

	totals_balance(&counts, &kernel_counts, 25, &totals);
	ck_assert_uint_eq(totals.matched, 25);
	ck_assert_uint_eq(totals.lost, 9);
	ck_assert_uint_eq(totals.lost_by[LOSS_DISK_FULL], 3);
	ck_assert_uint_eq(totals.suppressed, 6);
	ck_assert_uint_eq(totals.pending, 0);

	totals_balance(&counts, &kernel_counts, 32, &totals);
	ck_assert_uint_eq(totals.pending, 7);

	/* Another CPU's count of matched events was read too early. */
	totals_balance(&counts, &kernel_counts, 24, &totals);
	ck_assert_uint_eq(totals.matched, 25);
	ck_assert_uint_eq(totals.pending, 0);
}
END_TEST

static enum module_change change(const char *message)
{
	return module_change_parse(message, strlen(message) + 1);
}

START_TEST(only_nf_tables_itself_coming_or_going_is_noticed)
{
	ck_assert_int_eq(change("add@/module/nf_tables"), MODULE_ADDED);
	ck_assert_int_eq(change("remove@/module/nf_tables"), MODULE_REMOVED);
	ck_assert_int_eq(change("add@/module/nf_tables_ipv4"), MODULE_UNCHANGED);
	ck_assert_int_eq(change("change@/module/nf_tables"), MODULE_UNCHANGED);
	ck_assert_int_eq(change("libudev"), MODULE_UNCHANGED);
	ck_assert_int_eq(module_change_parse("add@/module/nf_tables", 10), MODULE_UNCHANGED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("options");
	TCase *cases = tcase_create("options");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, cases);
	tcase_add_test(cases, a_name_is_short_printable_and_like_nothing_else);
	tcase_add_test(cases, verdicts_have_ten_names_and_all);
	tcase_add_test(cases, verdicts_are_printed_as_given);
	tcase_add_test(cases, sections_have_nine_names_and_all);
	tcase_add_test(cases, a_session_has_all_sections_but_the_costly_ones_if_it_does_not_say);
	tcase_add_test(cases, numbers_have_ranges);
	tcase_add_test(cases, plan_describes_the_wanted_configuration);
	tcase_add_test(cases, a_rate_of_one_and_the_highest_rate_have_intervals);
	tcase_add_test(cases, totals_balance_at_rest_and_in_transit);
	tcase_add_test(cases, only_nf_tables_itself_coming_or_going_is_noticed);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
