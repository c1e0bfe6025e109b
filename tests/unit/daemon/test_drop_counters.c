/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drop counters as the daemon keeps them, with a table that the test fills. */
#include <check.h>
#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/drops/drops.h"
#include "tests/unit/kit/fake-pipeline.h"

#define COUNTERS 32
#define HOUR     3600000000000ULL /* ns */

static struct drops *drops;
static struct pipeline *pipeline;
static GPtrArray *counters;
static struct drop_totals totals;

static void set_up(void)
{
	const struct pipeline_options options = { .drops_max = COUNTERS };
	g_autofree char *reason = NULL;

	fake_drops_reset();
	ck_assert_int_eq(pipeline_new(&options, &pipeline, &reason), 0);
	ck_assert_int_eq(drops_new(COUNTERS, &drops), 0);
	ck_assert_int_eq(drops_attach(drops, pipeline), 0);
}

static void tear_down(void)
{
	drops = drops_free(drops);
	pipeline = pipeline_free(pipeline);
	g_clear_pointer(&counters, g_ptr_array_unref);
}

static struct drop_key key_of(uint64_t netns, uint64_t table, uint64_t chain, uint64_t rule)
{
	return (struct drop_key){ netns, table, chain, rule, .family = 1 };
}

static void drop(unsigned int slot, uint64_t rule, uint64_t packets)
{
	const struct drop_key key = key_of(7, 2, 3, rule);

	fake_drop(slot, &key, "filter", "input", packets)->netns_inode = 4026531840;
}

/* Makes a counter that has been idle for an hour. */
static void drop_long_ago(unsigned int slot, uint64_t rule, uint64_t packets)
{
	const struct drop_key key = key_of(7, 2, 3, rule);
	struct drop_slot *filled = fake_drop(slot, &key, "filter", "input", packets);

	filled->last -= MIN(filled->last, HOUR);
}

static void look(void)
{
	g_clear_pointer(&counters, g_ptr_array_unref);
	ck_assert_int_eq(drops_read(drops, &counters, &totals), 0);
}

static const struct drop_counter *counter(uint64_t rule)
{
	for (unsigned int i = 0; i < counters->len; i++) {
		const struct drop_counter *found = counters->pdata[i];

		if (found->handle == rule)
			return found;
	}
	return NULL;
}

/* Asserts that the totals balance. */
static void expect_balance(uint64_t packets)
{
	uint64_t sum = totals.uncounted;

	for (unsigned int i = 0; i < counters->len; i++)
		sum += ((const struct drop_counter *)counters->pdata[i])->packets;
	ck_assert_uint_le(sum, totals.packets);
	ck_assert_uint_eq(totals.packets, packets);
	ck_assert_uint_eq(totals.bytes, packets * FAKE_DROP_BYTES);
}

static void answer(enum name_request_kind kind, uint64_t rule, const char *text)
{
	struct name_request request;

	while (drops_take_question(drops, &request)) {
		if (request.kind == kind && (kind == NAME_REQUEST_NETNS || request.rule == rule))
			drops_answer(drops, &request, text, strlen(text));
	}
}

START_TEST(nothing_was_dropped_at_first)
{
	look();
	ck_assert_uint_eq(counters->len, 0);
	expect_balance(0);
	ck_assert(totals.missed_known);
}
END_TEST

START_TEST(a_counter_has_what_the_slot_has)
{
	const struct drop_counter *found;
	uint64_t now = (uint64_t)g_get_real_time();

	drop(5, 11, 3);
	drop(5, 11, 4);
	look();
	found = counter(11);
	ck_assert_ptr_nonnull(found);
	ck_assert_uint_eq(found->packets, 7);
	ck_assert_uint_eq(found->bytes, 700);
	ck_assert_uint_eq(found->netns_cookie, 7);
	ck_assert_uint_eq(found->netns_inode, 4026531840);
	ck_assert_uint_eq(found->family, 1);
	ck_assert_uint_eq(found->table_handle, 2);
	ck_assert_uint_eq(found->chain_handle, 3);
	ck_assert(!found->policy);
	ck_assert_str_eq(found->table, "filter");
	ck_assert_str_eq(found->chain, "input");
	ck_assert_uint_le(found->first, found->last);
	ck_assert_uint_lt(now - MIN(now, found->first), 10 * G_USEC_PER_SEC);
	ck_assert_ptr_null(found->rule);
	ck_assert_ptr_null(found->example);
	expect_balance(7);
}
END_TEST

START_TEST(a_policy_has_no_handle_and_no_text_is_asked_for_it)
{
	struct name_request request;

	drop(1, 0, 2);
	look();
	ck_assert(counter(0)->policy);
	while (drops_take_question(drops, &request))
		ck_assert_int_eq(request.kind, NAME_REQUEST_NETNS);
}
END_TEST

START_TEST(two_slots_of_a_key_are_one_counter)
{
	drop(1, 11, 2);
	drop(9, 11, 5);
	look();
	ck_assert_uint_eq(counters->len, 1);
	ck_assert_uint_eq(counter(11)->packets, 7);
	expect_balance(7);
}
END_TEST

START_TEST(a_slot_that_is_not_named_yet_is_not_shown)
{
	drop(1, 11, 2);
	fake_drop(1, &(struct drop_key){ 0 }, "", "", 0)->named = 0;
	look();
	ck_assert_uint_eq(counters->len, 0);
	fake_drop(1, &(struct drop_key){ 0 }, "", "", 0)->named = 1;
	look();
	ck_assert_uint_eq(counters->len, 1);
}
END_TEST

START_TEST(names_are_asked_for_once_and_told)
{
	struct name_request request;
	unsigned int rules = 0, netns = 0;

	drop(1, 11, 1);
	drop(2, 12, 1);
	look();
	while (drops_take_question(drops, &request)) {
		ck_assert_uint_eq(request.generation, DROPS_GENERATION);
		ck_assert_uint_eq(request.cookie, 7);
		ck_assert_uint_eq(request.inode, 4026531840);
		if (request.kind == NAME_REQUEST_RULE) {
			g_autofree char *text = g_strdup_printf("rule %" PRIu64, request.rule);

			ck_assert_uint_eq(request.table, 2);
			ck_assert_uint_eq(request.family, 1);
			drops_answer(drops, &request, text, strlen(text));
			rules++;
		} else {
			drops_answer(drops, &request, "server", 6);
			netns++;
		}
	}
	ck_assert_uint_eq(rules, 2);
	ck_assert_uint_eq(netns, 1);
	look();
	ck_assert(!drops_take_question(drops, &request));
	ck_assert_str_eq(counter(11)->rule, "rule 11");
	ck_assert_str_eq(counter(12)->rule, "rule 12");
	ck_assert_str_eq(counter(11)->netns, "server");
	ck_assert_str_eq(counter(12)->netns, "server");
}
END_TEST

START_TEST(unknown_values_stay_unknown)
{
	drop(1, 11, 1);
	look();
	answer(NAME_REQUEST_RULE, 11, "");
	look();
	ck_assert_ptr_null(counter(11)->rule);
	ck_assert_ptr_null(counter(11)->netns);
}
END_TEST

START_TEST(hostile_names_are_escaped)
{
	const struct drop_key key = key_of(7, 2, 3, 11);

	fake_drop(1, &key, "t\n\xff", "c\033[31m", 1);
	look();
	answer(NAME_REQUEST_RULE, 11, "drop comment \"\033]0;\a\"");
	look();
	ck_assert_str_eq(counter(11)->table, "t\\x0a\\xff");
	ck_assert_str_eq(counter(11)->chain, "c\\x1b[31m");
	ck_assert_str_eq(counter(11)->rule, "drop comment \"\\x1b]0;\\x07\"");
}
END_TEST

START_TEST(a_long_text_is_cut)
{
	g_autofree char *text = g_strnfill(60000, 'x');

	drop(1, 11, 1);
	look();
	answer(NAME_REQUEST_RULE, 11, text);
	look();
	ck_assert_uint_eq(strlen(counter(11)->rule), DROPS_RULE_MAX + 3);
	ck_assert(g_str_has_suffix(counter(11)->rule, "xxx..."));
}
END_TEST

START_TEST(a_text_of_the_greatest_length_is_whole)
{
	g_autofree char *text = g_strnfill(DROPS_RULE_MAX, 'x');

	drop(1, 11, 1);
	look();
	answer(NAME_REQUEST_RULE, 11, text);
	look();
	ck_assert_str_eq(counter(11)->rule, text);
}
END_TEST

START_TEST(names_of_255_bytes_are_whole)
{
	g_autofree char *name = g_strnfill(EVENT_NAME_MAX, 'n');
	const struct drop_key key = key_of(7, 2, 3, 11);

	fake_drop(1, &key, name, name, 1);
	look();
	ck_assert_str_eq(counter(11)->table, name);
	ck_assert_str_eq(counter(11)->chain, name);
}
END_TEST

START_TEST(the_example_is_the_newest)
{
	struct drop_example example = { .protocol = 0x88cc, .device = "eth0" };

	drop(1, 11, 1);
	fake_drop_example(1, &example);
	look();
	ck_assert_str_eq(counter(11)->example, "ethertype 0x88cc on eth0");
	strcpy(example.device, "eth1");
	drop(1, 11, 1);
	fake_drop_example(1, &example);
	look();
	ck_assert_str_eq(counter(11)->example, "ethertype 0x88cc on eth1");
}
END_TEST

START_TEST(an_example_that_is_being_written_is_not_taken)
{
	struct drop_example example = { .protocol = 0x88cc, .device = "eth0" };
	struct drop_slot *slot;

	drop(1, 11, 1);
	fake_drop_example(1, &example);
	look();
	strcpy(example.device, "torn");
	drop(1, 11, 1);
	fake_drop_example(1, &example);
	slot = fake_drop(1, &(struct drop_key){ 0 }, "", "", 0);
	slot->example_sequence |= 1;
	look();
	ck_assert_str_eq(counter(11)->example, "ethertype 0x88cc on eth0");
	slot->example_sequence++;
	look();
	ck_assert_str_eq(counter(11)->example, "ethertype 0x88cc on torn");
}
END_TEST

START_TEST(uncounted_drops_are_in_the_totals)
{
	drop(1, 11, 5);
	fake_uncounted(3);
	look();
	ck_assert_uint_eq(totals.uncounted, 3);
	expect_balance(8);
}
END_TEST

START_TEST(missed_calls_are_counted_or_unknown)
{
	fake_missed(9);
	look();
	ck_assert(totals.missed_known);
	ck_assert_uint_eq(totals.missed, 9);
	fake_missed(FAKE_UNTOLD);
	look();
	ck_assert(!totals.missed_known);
}
END_TEST

START_TEST(counters_outlive_the_pipeline)
{
	drop(1, 11, 5);
	fake_uncounted(2);
	fake_missed(4);
	look();
	answer(NAME_REQUEST_RULE, 11, "drop");
	drops_detach(drops);
	look();
	ck_assert_uint_eq(counter(11)->packets, 5);
	ck_assert_str_eq(counter(11)->rule, "drop");
	expect_balance(7);
	ck_assert_uint_eq(totals.missed, 4);

	fake_drops_reset();
	ck_assert_int_eq(drops_attach(drops, pipeline), 0);
	drop(3, 11, 1);
	fake_uncounted(1);
	fake_missed(1);
	look();
	ck_assert_uint_eq(counters->len, 1);
	ck_assert_uint_eq(counter(11)->packets, 6);
	expect_balance(9);
	ck_assert_uint_eq(totals.missed, 5);
}
END_TEST

START_TEST(the_same_handles_of_another_table_are_another_counter)
{
	const struct drop_key key = key_of(7, 2, 3, 11);

	drop(1, 11, 5);
	drops_detach(drops);
	fake_drops_reset();
	ck_assert_int_eq(drops_attach(drops, pipeline), 0);
	fake_drop(1, &key, "nat", "input", 2);
	look();
	ck_assert_uint_eq(counters->len, 2);
	expect_balance(7);
}
END_TEST

START_TEST(a_counter_has_the_name_that_its_chain_has_now)
{
	const struct drop_key key = key_of(7, 2, 3, 11);
	struct drop_example example = { .protocol = 0x88cc };

	drop(1, 11, 5);
	fake_drop_example(1, &example);
	look();
	ck_assert_str_eq(counter(11)->chain, "input");
	fake_drop(1, &key, "filter", "refuse", 2);
	fake_drop_example(1, &example);
	look();
	ck_assert_uint_eq(counters->len, 1);
	ck_assert_str_eq(counter(11)->chain, "refuse");
	/* Two CPUs took a slot each, and one of them has counted since the chain was renamed
	 * again. */
	fake_drop(2, &key, "filter", "deny", 3);
	fake_drop_example(2, &example);
	look();
	ck_assert_uint_eq(counters->len, 1);
	ck_assert_str_eq(counter(11)->chain, "deny");
	expect_balance(10);
}
END_TEST

START_TEST(a_namespace_whose_inode_another_one_has_is_gone)
{
	const struct drop_key old = key_of(7, 2, 3, 11), new = key_of(8, 5, 1, 12);

	fake_drop(1, &old, "filter", "input", 5)->netns_inode = 4026532281;
	look();
	ck_assert(!counter(11)->netns_gone);
	fake_drop(2, &new, "filter", "input", 2)->netns_inode = 4026532281;
	look();
	ck_assert_uint_eq(counters->len, 2);
	ck_assert(counter(11)->netns_gone);
	ck_assert(!counter(12)->netns_gone);
}
END_TEST

/* The next question about the name of a namespace; others are passed over. */
static bool asks_for_name(struct name_request *ret)
{
	while (drops_take_question(drops, ret)) {
		if (ret->kind == NAME_REQUEST_NETNS)
			return true;
	}
	return false;
}

START_TEST(a_name_that_leads_elsewhere_is_asked_for_again)
{
	const struct drop_key key = key_of(7, 2, 3, 11);
	g_autofree char *name = g_strdup_printf("nfttraced\ttest-%d", getpid());
	g_autofree char *path = g_build_filename("/run/netns", name, NULL);
	struct pollfd asked = { .fd = drops_fd(drops), .events = POLLIN };
	struct stat status;
	struct name_request request;

	g_mkdir_with_parents("/run/netns", 0755);
	ck_assert(g_file_set_contents(path, "", 0, NULL));
	ck_assert_int_eq(stat(path, &status), 0);
	fake_drop(1, &key, "filter", "input", 5)->netns_inode = (uint32_t)status.st_ino;
	look();
	ck_assert(asks_for_name(&request));
	drops_answer(drops, &request, name, strlen(name));
	drops_refresh(drops);
	look();
	ck_assert(!counter(11)->netns_gone);
	ck_assert_int_eq(poll(&asked, 1, 0), 0);
	unlink(path);
	look();
	ck_assert(counter(11)->netns_gone);
	ck_assert_int_eq(poll(&asked, 1, 0), 1);
	ck_assert(asks_for_name(&request));
}
END_TEST

START_TEST(counters_that_were_idle_make_room_and_stay_in_the_totals)
{
	for (unsigned int i = 0; i < COUNTERS / 2; i++)
		drop_long_ago(i, 100 + i, 1);
	for (unsigned int i = COUNTERS / 2; i < COUNTERS; i++)
		drop(i, 100 + i, 1);
	look();
	ck_assert_uint_eq(counters->len, COUNTERS);
	drops_refresh(drops);
	ck_assert_uint_eq(fake_graces(), 1);
	look();
	ck_assert_uint_eq(counters->len, COUNTERS / 8 * 6);
	expect_balance(COUNTERS);
	for (unsigned int i = COUNTERS / 2; i < COUNTERS; i++)
		ck_assert_ptr_nonnull(counter(100 + i));

	/* No more are needed. */
	drops_refresh(drops);
	ck_assert_uint_eq(fake_graces(), 1);
}
END_TEST

START_TEST(a_slot_that_made_room_counts_for_the_next_one)
{
	for (unsigned int i = 0; i < COUNTERS; i++)
		drop_long_ago(i, 100 + i, 1);
	drops_refresh(drops);
	look();
	ck_assert_uint_eq(counters->len, COUNTERS / 8 * 6);
	for (unsigned int i = 0; i < COUNTERS; i++) {
		if (!counter(100 + i)) {
			drop(i, 999, 3);
			break;
		}
	}
	look();
	ck_assert_uint_eq(counter(999)->packets, 3);
	expect_balance(COUNTERS + 3);
}
END_TEST

START_TEST(recent_counters_are_not_evicted)
{
	for (unsigned int i = 0; i < COUNTERS; i++)
		drop(i, 100 + i, 1);
	drops_refresh(drops);
	look();
	ck_assert_uint_eq(counters->len, COUNTERS);
	ck_assert_uint_eq(fake_graces(), 0);
	expect_balance(COUNTERS);
}
END_TEST

START_TEST(a_share_that_is_nearly_full_makes_room_by_itself)
{
	drop_long_ago(0, 100, 1);
	drop_long_ago(1, 101, 1);
	fake_drops_share(DROP_SHARE_USERS, COUNTERS / 4);
	for (unsigned int i = 2; i < 2 + COUNTERS / 4; i++)
		drop_long_ago(i, 100 + i, 1);
	drops_refresh(drops);
	look();
	ck_assert_uint_eq(counters->len, 2 + COUNTERS / 4 / 8 * 6);
	ck_assert_ptr_nonnull(counter(100));
	ck_assert_ptr_nonnull(counter(101));
	expect_balance(2 + COUNTERS / 4);

	/* No more are needed. */
	drops_refresh(drops);
	ck_assert_uint_eq(fake_graces(), 1);
}
END_TEST

START_TEST(counters_are_not_evicted_while_room_is_left)
{
	for (unsigned int i = 0; i < COUNTERS / 2; i++)
		drop_long_ago(i, 100 + i, 1);
	drops_refresh(drops);
	look();
	ck_assert_uint_eq(counters->len, COUNTERS / 2);
	ck_assert_uint_eq(fake_graces(), 0);
}
END_TEST

START_TEST(without_counters_there_is_nothing_to_read)
{
	GPtrArray *none = NULL;
	struct name_request request;

	ck_assert_int_eq(drops_read(NULL, &none, &totals), -EOPNOTSUPP);
	ck_assert_ptr_null(none);
	ck_assert_int_eq(drops_fd(NULL), -1);
	ck_assert(!drops_take_question(NULL, &request));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("drop_counters");
	TCase *tcase = tcase_create("drops");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, nothing_was_dropped_at_first);
	tcase_add_test(tcase, a_counter_has_what_the_slot_has);
	tcase_add_test(tcase, a_policy_has_no_handle_and_no_text_is_asked_for_it);
	tcase_add_test(tcase, two_slots_of_a_key_are_one_counter);
	tcase_add_test(tcase, a_slot_that_is_not_named_yet_is_not_shown);
	tcase_add_test(tcase, names_are_asked_for_once_and_told);
	tcase_add_test(tcase, unknown_values_stay_unknown);
	tcase_add_test(tcase, hostile_names_are_escaped);
	tcase_add_test(tcase, a_long_text_is_cut);
	tcase_add_test(tcase, a_text_of_the_greatest_length_is_whole);
	tcase_add_test(tcase, names_of_255_bytes_are_whole);
	tcase_add_test(tcase, the_example_is_the_newest);
	tcase_add_test(tcase, an_example_that_is_being_written_is_not_taken);
	tcase_add_test(tcase, uncounted_drops_are_in_the_totals);
	tcase_add_test(tcase, missed_calls_are_counted_or_unknown);
	tcase_add_test(tcase, counters_outlive_the_pipeline);
	tcase_add_test(tcase, the_same_handles_of_another_table_are_another_counter);
	tcase_add_test(tcase, a_counter_has_the_name_that_its_chain_has_now);
	tcase_add_test(tcase, a_namespace_whose_inode_another_one_has_is_gone);
	tcase_add_test(tcase, a_name_that_leads_elsewhere_is_asked_for_again);
	tcase_add_test(tcase, counters_that_were_idle_make_room_and_stay_in_the_totals);
	tcase_add_test(tcase, a_slot_that_made_room_counts_for_the_next_one);
	tcase_add_test(tcase, recent_counters_are_not_evicted);
	tcase_add_test(tcase, a_share_that_is_nearly_full_makes_room_by_itself);
	tcase_add_test(tcase, counters_are_not_evicted_while_room_is_left);
	tcase_add_test(tcase, without_counters_there_is_nothing_to_read);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
