/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of rules: their owners, which of them are removed to make room, and what is counted. */
#include "daemon/resolver/rule-texts.h"

#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define BUDGET     (1U << 20)
#define LONG_TEXT  1000
#define HOST       1
#define USER       1000 /* an id */
#define OTHER_USER 1001
#define STACK      (8U << 20)

/* Namespaces that are gone, and the last reading of each: the test is the rule store. */
static GHashTable *readings;
static struct rule_texts *texts;

static bool is_current(void *context, uint64_t netns, uint64_t reading)
{
	gpointer last;

	return g_hash_table_lookup_extended(readings, GUINT_TO_POINTER(netns), NULL, &last) &&
		reading >= GPOINTER_TO_UINT(last);
}

static void set_up(void)
{
	readings = g_hash_table_new(NULL, NULL);
	texts = rule_texts_new(is_current, NULL);
	rule_texts_set_size(texts, BUDGET);
}

static void tear_down(void)
{
	texts = rule_texts_free(texts);
	g_hash_table_unref(readings);
}

static unsigned int begin(uint64_t netns, uint64_t owner)
{
	unsigned int reading =
		GPOINTER_TO_UINT(g_hash_table_lookup(readings, GUINT_TO_POINTER(netns))) + 1;

	rule_texts_begin(texts, netns, owner);
	g_hash_table_insert(readings, GUINT_TO_POINTER(netns), GUINT_TO_POINTER(reading));
	return reading;
}

static struct rule_key key_of(uint64_t netns, uint64_t rule)
{
	return (struct rule_key){ .netns = netns, .table = 1, .rule = rule, .family = 1 };
}

static bool take(uint64_t netns, unsigned int reading, uint64_t rule, size_t length)
{
	g_autofree char *text = g_strnfill(length, 'a' + (char)(reading % 26));
	const struct rule_key key = key_of(netns, rule);
	struct rule_text told = {
		.fate = RULE_READ,
		.text = text,
		.length = length,
		.since = reading,
	};

	return rule_texts_put(texts, &key, reading, &told);
}

static void see(uint64_t netns, unsigned int reading, uint64_t from, uint64_t to)
{
	for (uint64_t rule = from; rule < to; rule++) {
		const struct rule_key key = key_of(netns, rule);

		rule_texts_confirm(texts, &key, reading);
	}
}

/* Reads a namespace that has the rules [from, to); known ones are confirmed first. */
static void read_rules(uint64_t netns, uint64_t owner, uint64_t from, uint64_t to, size_t length)
{
	unsigned int reading = begin(netns, owner);

	see(netns, reading, from, to);
	for (uint64_t rule = from; rule < to; rule++)
		take(netns, reading, rule, length);
}

static void netns_end(uint64_t netns)
{
	g_hash_table_remove(readings, GUINT_TO_POINTER(netns));
	rule_texts_netns_removed(texts, netns);
}

struct seen {
	unsigned int count;
	uint64_t since; /* of the last */
	bool more; /* of the last */
	bool ordered;
};

static void request(void *context, const struct rule_text *told)
{
	struct seen *seen = context;

	seen->ordered = seen->count == 0 || (seen->ordered && told->since > seen->since);
	seen->count++;
	seen->since = told->since;
	seen->more = told->more;
}

static struct seen ask(uint64_t netns, uint64_t rule)
{
	const struct rule_key key = key_of(netns, rule);
	struct seen seen = { .ordered = true };

	ck_assert_int_eq(rule_texts_report(texts, &key, request, &seen), seen.count > 0);
	return seen;
}

static unsigned int known(uint64_t netns, uint64_t from, uint64_t to)
{
	unsigned int count = 0;

	for (uint64_t rule = from; rule < to; rule++)
		count += ask(netns, rule).count > 0;
	return count;
}

static struct rule_texts_counts counts(void)
{
	struct rule_texts_counts counts;

	rule_texts_count(texts, &counts);
	ck_assert_uint_le(counts.bytes, counts.bytes_max);
	return counts;
}

START_TEST(rule_texts_are_reported_in_order)
{
	for (unsigned int i = 0; i < 3; i++)
		ck_assert_int_eq(take(HOST, begin(HOST, NETNS_OWNER_HOST), 7, 10), i > 0);
	ck_assert_uint_eq(ask(HOST, 7).count, 3);
	ck_assert(ask(HOST, 7).ordered);
	ck_assert(!ask(HOST, 7).more);
	ck_assert_uint_eq(ask(HOST, 8).count, 0);
}
END_TEST

START_TEST(a_text_that_could_not_be_read_is_no_text_of_its_own)
{
	const struct rule_key key = key_of(HOST, 7);
	struct rule_text unread = { .fate = RULE_UNREADABLE };

	rule_texts_put(texts, &key, begin(HOST, NETNS_OWNER_HOST), &unread);
	ck_assert(!take(HOST, begin(HOST, NETNS_OWNER_HOST), 7, 10));
	ck_assert_uint_eq(ask(HOST, 7).count, 1);
	ck_assert(!rule_texts_put(texts, &key, begin(HOST, NETNS_OWNER_HOST), &unread));
	ck_assert_uint_eq(ask(HOST, 7).count, 1);
}
END_TEST

START_TEST(a_rule_may_have_any_number_of_texts)
{
	const unsigned int count = 150000;
	const struct rlimit small = { STACK, STACK };

	ck_assert_int_eq(setrlimit(RLIMIT_STACK, &small), 0);
	rule_texts_set_size(texts, RULE_TEXTS_BYTES_MAX);
	for (unsigned int i = 1; i <= count; i++) {
		char text[32];
		const struct rule_key key = key_of(HOST, 7);
		int length = g_snprintf(text, sizeof(text), "udp dport %u drop", i);
		struct rule_text told = {
			.fate = RULE_READ,
			.text = text,
			.length = (size_t)length,
			.since = i,
		};

		rule_texts_put(texts, &key, i, &told);
	}
	ck_assert_uint_eq(ask(HOST, 7).count, count);
	ck_assert(ask(HOST, 7).ordered);
}
END_TEST

START_TEST(replaced_texts_are_evicted_first)
{
	for (unsigned int i = 0; i < 2 * BUDGET / LONG_TEXT; i++)
		take(HOST, begin(HOST, NETNS_OWNER_HOST), 7, LONG_TEXT);
	ck_assert_uint_gt(ask(HOST, 7).count, BUDGET / LONG_TEXT / 2);
	ck_assert(ask(HOST, 7).ordered);
	ck_assert_uint_eq(counts().refused, 0);
	ck_assert_uint_gt(counts().forgotten, 0);
}
END_TEST

START_TEST(a_reload_of_more_than_half_of_the_budget_is_kept)
{
	const unsigned int rules = BUDGET / LONG_TEXT * 6 / 10;

	read_rules(HOST, NETNS_OWNER_HOST, 0, rules, LONG_TEXT);
	read_rules(HOST, NETNS_OWNER_HOST, rules, 2 * rules, LONG_TEXT);
	ck_assert_uint_eq(known(HOST, rules, 2 * rules), rules);
	ck_assert_uint_eq(counts().refused, 0);
}
END_TEST

START_TEST(rules_that_are_still_there_do_not_go_while_they_are_read_again)
{
	const unsigned int rules = BUDGET / LONG_TEXT * 8 / 10;

	read_rules(HOST, NETNS_OWNER_HOST, 0, rules, LONG_TEXT);
	/* The first ones are gone, as many are new, and come before those that still exist. */
	read_rules(HOST, NETNS_OWNER_HOST, rules / 2, rules * 3 / 2, LONG_TEXT);
	ck_assert_uint_eq(known(HOST, rules / 2, rules * 3 / 2), rules);
	ck_assert_uint_eq(counts().evicted, 0);
}
END_TEST

START_TEST(a_users_namespaces_take_no_room_from_the_hosts_new_rules)
{
	read_rules(HOST, NETNS_OWNER_HOST, 0, 10, LONG_TEXT);
	for (uint64_t netns = 100; netns < 118; netns++)
		read_rules(netns, USER, 0, 1500, LONG_TEXT);
	ck_assert_uint_eq(known(HOST, 0, 10), 10);
	read_rules(HOST, NETNS_OWNER_HOST, 0, 500, LONG_TEXT);
	ck_assert_uint_eq(known(HOST, 0, 500), 500);
	ck_assert(!rule_texts_full(texts, HOST));
	ck_assert(rule_texts_full(texts, 117));
	ck_assert_uint_gt(counts().refused, 0);
}
END_TEST

START_TEST(a_user_has_a_quarter_and_each_of_his_namespaces_a_quarter_of_that)
{
	unsigned int all = 0;

	read_rules(100, USER, 0, 1000, LONG_TEXT);
	ck_assert_uint_gt(known(100, 0, 1000), BUDGET / 16 / LONG_TEXT / 2);
	ck_assert_uint_lt(known(100, 0, 1000), BUDGET / 16 / LONG_TEXT);
	for (uint64_t netns = 100; netns < 120; netns++)
		read_rules(netns, USER, 0, 1000, LONG_TEXT);
	for (uint64_t netns = 100; netns < 120; netns++)
		all += known(netns, 0, 1000);
	ck_assert_uint_lt(all, BUDGET / 4 / LONG_TEXT);
	ck_assert_uint_gt(all, BUDGET / 8 / LONG_TEXT);
}
END_TEST

START_TEST(the_other_namespaces_of_root_have_half)
{
	unsigned int all = 0;

	for (uint64_t netns = 100; netns < 120; netns++)
		read_rules(netns, NETNS_OWNER_ROOT, 0, 1000, LONG_TEXT);
	for (uint64_t netns = 100; netns < 120; netns++)
		all += known(netns, 0, 1000);
	ck_assert_uint_gt(all, BUDGET / 4 / LONG_TEXT);
	ck_assert_uint_lt(all, BUDGET / 2 / LONG_TEXT);
}
END_TEST

START_TEST(a_small_namespace_finds_room_beside_large_ones_of_its_owner)
{
	for (uint64_t netns = 100; netns < 120; netns++)
		read_rules(netns, USER, 0, 1000, LONG_TEXT);
	read_rules(200, USER, 0, 20, 100);
	ck_assert_uint_eq(known(200, 0, 20), 20);
	ck_assert(!rule_texts_full(texts, 200));
	ck_assert_uint_gt(counts().evicted, 0);
}
END_TEST

START_TEST(many_users_share_what_there_is)
{
	for (uint64_t user = USER; user < USER + 16; user++)
		for (uint64_t netns = 0; netns < 8; netns++)
			read_rules(user * 8 + netns, user, 0, 100, LONG_TEXT);
	for (uint64_t user = USER; user < USER + 16; user++) {
		unsigned int all = 0;

		for (uint64_t netns = 0; netns < 8; netns++)
			all += known(user * 8 + netns, 0, 100);
		ck_assert_uint_gt(all, BUDGET / 16 / LONG_TEXT / 4);
	}
	read_rules(HOST, NETNS_OWNER_HOST, 0, 800, LONG_TEXT);
	ck_assert_uint_eq(known(HOST, 0, 800), 800);
}
END_TEST

START_TEST(smaller_users_lose_nothing_to_larger_ones)
{
	read_rules(100, OTHER_USER, 0, 20, LONG_TEXT);
	for (uint64_t user = USER + 10; user < USER + 20; user++)
		for (uint64_t netns = 0; netns < 8; netns++)
			read_rules(user * 8 + netns, user, 0, 100, LONG_TEXT);
	ck_assert_uint_eq(known(100, 0, 20), 20);
}
END_TEST

START_TEST(namespaces_that_come_and_go_leave_nothing_but_texts_within_the_share)
{
	for (uint64_t netns = 1000; netns < 20000; netns++) {
		read_rules(netns, USER, 0, 3, 100);
		netns_end(netns);
	}
	ck_assert_uint_le(counts().bytes, BUDGET / 4);
	ck_assert_uint_eq(known(19999, 0, 3), 3);
	ck_assert_uint_eq(known(1000, 0, 3), 0);
	ck_assert_uint_eq(counts().refused, 0);
}
END_TEST

START_TEST(what_has_gone_of_the_hosts_gives_way_to_others_when_it_is_more_than_half)
{
	for (uint64_t from = 0; from < 5000; from += 100)
		read_rules(HOST, NETNS_OWNER_HOST, from, from + 100, LONG_TEXT);
	read_rules(100, USER, 0, 50, LONG_TEXT);
	ck_assert_uint_eq(known(100, 0, 50), 50);
	ck_assert_uint_eq(known(HOST, 4900, 5000), 100);
}
END_TEST

START_TEST(a_budget_that_is_made_smaller_is_kept_to)
{
	struct rule_texts_counts now;

	read_rules(HOST, NETNS_OWNER_HOST, 0, 500, LONG_TEXT);
	rule_texts_set_size(texts, BUDGET / 8);
	read_rules(HOST, NETNS_OWNER_HOST, 500, 600, LONG_TEXT);
	rule_texts_count(texts, &now);
	ck_assert_uint_eq(known(HOST, 500, 600), 100);
	ck_assert_uint_le(now.bytes, BUDGET / 8);
}
END_TEST

/* Each of them costs as much as the first: searching everything for each would take hours. */
START_TEST(many_texts_without_room_are_refused_in_seconds)
{
	gint64 begun = g_get_monotonic_time();

	for (uint64_t netns = 100; netns < 200; netns++)
		read_rules(netns, USER, 0, 2000, 50);
	ck_assert_int_lt(g_get_monotonic_time() - begun, 60 * G_USEC_PER_SEC);
	ck_assert_uint_gt(counts().refused, 150000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rule texts");
	TCase *tcase = tcase_create("rule texts");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, rule_texts_are_reported_in_order);
	tcase_add_test(tcase, a_text_that_could_not_be_read_is_no_text_of_its_own);
	tcase_add_test(tcase, a_rule_may_have_any_number_of_texts);
	tcase_add_test(tcase, replaced_texts_are_evicted_first);
	tcase_add_test(tcase, a_reload_of_more_than_half_of_the_budget_is_kept);
	tcase_add_test(tcase, rules_that_are_still_there_do_not_go_while_they_are_read_again);
	tcase_add_test(tcase, a_users_namespaces_take_no_room_from_the_hosts_new_rules);
	tcase_add_test(tcase, a_user_has_a_quarter_and_each_of_his_namespaces_a_quarter_of_that);
	tcase_add_test(tcase, the_other_namespaces_of_root_have_half);
	tcase_add_test(tcase, a_small_namespace_finds_room_beside_large_ones_of_its_owner);
	tcase_add_test(tcase, many_users_share_what_there_is);
	tcase_add_test(tcase, smaller_users_lose_nothing_to_larger_ones);
	tcase_add_test(tcase, namespaces_that_come_and_go_leave_nothing_but_texts_within_the_share);
	tcase_add_test(
		tcase, what_has_gone_of_the_hosts_gives_way_to_others_when_it_is_more_than_half);
	tcase_add_test(tcase, a_budget_that_is_made_smaller_is_kept_to);
	tcase_add_test(tcase, many_texts_without_room_are_refused_in_seconds);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
