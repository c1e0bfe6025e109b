/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The summary of drops: which messages it sends, what they say, and that their packets add up to
 * the counters even if messages fail. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/drops/drop-summary.h"
#include "journal/base/clock.h"

#define COUNTERS      8
#define NFPROTO_INET  1
#define INTERVAL_LONG 3600000000ULL /* us: no timer runs out in a test */
#define INTERVAL      20000ULL /* us */
#define PATIENCE      10000000ULL /* us */

static struct drop_counter counters[COUNTERS];
static struct drop_totals totals;
static unsigned int counter_count, reads;
static int read_result;

/* The messages that were sent, and the results of the next ones. */
static GPtrArray *sent; /* of char *, the messages' fields, one a line */
static bool stuck; /* the journal accepts nothing now */
static int send_result;

static sd_event *event;
static struct drop_summary *summary;

static int read_fake(void *context, GPtrArray **ret_counters, struct drop_totals *ret)
{
	reads++;
	if (read_result < 0)
		return read_result;
	*ret_counters = g_ptr_array_new();
	for (unsigned int i = 0; i < counter_count; i++)
		g_ptr_array_add(*ret_counters, &counters[i]);
	*ret = totals;
	return 0;
}

static char *fields_text(const struct drop_message *message)
{
	GString *text = g_string_new(NULL);

	for (unsigned int i = 0; i < message->fields->len; i++) {
		const struct iovec *field = &g_array_index(message->fields, struct iovec, i);

		g_string_append_len(text, field->iov_base, (gssize)field->iov_len);
		g_string_append_c(text, '\n');
	}
	return g_string_free(text, FALSE);
}

static int send_fake(const struct drop_message *message)
{
	if (stuck)
		return -EAGAIN;
	if (send_result == 0)
		g_ptr_array_add(sent, fields_text(message));
	return send_result;
}

static bool to_journal;

static bool sends(void)
{
	return to_journal;
}

static unsigned int sent_count(void)
{
	return sent->len;
}

static const char *message(unsigned int i)
{
	ck_assert_uint_lt(i, sent_count());
	return g_ptr_array_index(sent, i);
}

/* The value of a message's field, up to the end of its line. */
static char *field(unsigned int i, const char *name)
{
	g_auto(GStrv) lines = g_strsplit(message(i), "\n", -1);
	g_autofree char *prefix = g_strconcat(name, "=", NULL);

	for (char **line = lines; *line; line++) {
		if (g_str_has_prefix(*line, prefix))
			return g_strdup(*line + strlen(prefix));
	}
	return NULL;
}

static void assert_field(unsigned int i, const char *name, const char *expected)
{
	g_autofree char *value = field(i, name);

	ck_assert_pstr_eq(value, expected);
}

static uint64_t number(unsigned int i, const char *name)
{
	g_autofree char *value = field(i, name);

	ck_assert_ptr_nonnull(value);
	return g_ascii_strtoull(value, NULL, 10);
}

static uint64_t packets_told(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < sent_count(); i++)
		sum += number(i, "PACKETS");
	return sum;
}

static void counter_set(unsigned int i, uint64_t packets, uint64_t bytes)
{
	counter_count = MAX(counter_count, i + 1);
	counters[i] = (struct drop_counter){
		.id = i + 1,
		.netns_cookie = 1,
		.family = NFPROTO_INET,
		.table = (char *)"firewalld",
		.table_handle = 4,
		.chain = (char *)"filter_INPUT_POLICIES",
		.chain_handle = 124,
		.handle = 284 + i,
		.netns = (char *)"server",
		.rule = (char *)"udp dport 8080 drop",
		.example = (char *)"172.16.42.1.39677 > 172.16.42.2.8080 udp on eth0",
		.packets = packets,
		.bytes = bytes,
	};
}

/* Runs the loop until `count` messages have been sent. */
static void run_until_sent(unsigned int count)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + PATIENCE * 1000;

	while (sent_count() < count) {
		ck_assert_int_ge(sd_event_run(event, INTERVAL), 0);
		ck_assert_uint_lt(clock_ns(CLOCK_MONOTONIC), end);
	}
}

static void set(uint64_t interval, uint64_t rules)
{
	const struct drop_summary_settings settings = { .interval = interval, .rules = rules };

	ck_assert_int_ge(drop_summary_set(summary, &settings), 0);
}

/* Reports the new drops and switches off; asserts that `count` messages have been sent in all. */
static void tell(unsigned int count)
{
	set(0, 0);
	run_until_sent(count);
	while (sd_event_run(event, INTERVAL) > 0)
		;
	ck_assert_uint_eq(sent_count(), count);
}

static void begin(void)
{
	const struct drop_summary_ops ops = {
		.read = read_fake, .sends = sends, .send = send_fake
	};

	sent = g_ptr_array_new_with_free_func(g_free);
	counter_count = 0;
	to_journal = true;
	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_ge(drop_summary_new(event, &ops, &summary), 0);
}

static void end(void)
{
	summary = drop_summary_free(summary);
	event = sd_event_unref(event);
	g_ptr_array_unref(sent);
}

START_TEST(rule_is_logged_as_sentence_and_fields)
{
	set(INTERVAL_LONG, 20);
	counter_set(0, 132, 8448);
	tell(1);
	ck_assert_ptr_nonnull(strstr(message(0),
		"MESSAGE=Dropped 132 packets (8.3 KiB) in 0 s: inet firewalld filter_INPUT_POLICIES "
		"handle 284 \"udp dport 8080 drop\" in netns server, "
		"last 172.16.42.1.39677 > 172.16.42.2.8080 udp on eth0\n"));
	assert_field(0, "MESSAGE_ID", DROP_MESSAGE_RULE);
	assert_field(0, "PRIORITY", "6");
	assert_field(0, "SYSLOG_IDENTIFIER", "nfttraced");
	assert_field(0, "NFT_FAMILY", "inet");
	assert_field(0, "NFT_TABLE", "firewalld");
	assert_field(0, "NFT_CHAIN", "filter_INPUT_POLICIES");
	assert_field(0, "NFT_HANDLE", "284");
	assert_field(0, "NFT_RULE", "udp dport 8080 drop");
	assert_field(0, "NFT_POLICY", "no");
	assert_field(0, "NETNS", "server");
	assert_field(0, "PACKETS", "132");
	assert_field(0, "BYTES", "8448");
	assert_field(0, "EXAMPLE", "172.16.42.1.39677 > 172.16.42.2.8080 udp on eth0");
	ck_assert_uint_lt(number(0, "INTERVAL_USEC"), PATIENCE);
}
END_TEST

START_TEST(a_policy_has_neither_handle_nor_rule)
{
	set(INTERVAL_LONG, 20);
	counter_set(0, 1, 60);
	counters[0].policy = true;
	counters[0].handle = 0;
	counters[0].rule = counters[0].example = counters[0].netns = NULL;
	counters[0].netns_inode = 4026532281;
	tell(1);
	assert_field(0, "MESSAGE",
		"Dropped 1 packet (60 B) in 0 s: inet firewalld filter_INPUT_POLICIES policy "
		"in netns 4026532281");
	assert_field(0, "NFT_POLICY", "yes");
	assert_field(0, "NFT_HANDLE", NULL);
	assert_field(0, "NFT_RULE", NULL);
	assert_field(0, "EXAMPLE", NULL);
	assert_field(0, "NETNS", "4026532281");
}
END_TEST

START_TEST(names_are_raw_in_the_fields)
{
	set(INTERVAL_LONG, 20);
	counter_set(0, 1, 60);
	counters[0].table = (char *)"a\\x0aMESSAGE_ID=b\\x1b[31m";
	tell(1);
	ck_assert_ptr_nonnull(strstr(message(0), ": inet a\\x0aMESSAGE_ID=b\\x1b[31m filter_"));
	assert_field(0, "NFT_TABLE", "a\\x0aMESSAGE_ID=b\\x1b[31m");
}
END_TEST

START_TEST(a_long_rule_is_whole_in_its_field_only)
{
	g_autofree char *rule = g_strnfill(DROP_MESSAGE_RULE_MAX + 1, 'r');
	g_autofree char *sentence = NULL;

	set(INTERVAL_LONG, 20);
	counter_set(0, 1, 60);
	counters[0].rule = rule;
	tell(1);
	assert_field(0, "NFT_RULE", rule);
	sentence = field(0, "MESSAGE");
	ck_assert_ptr_nonnull(strstr(sentence, "rrr...\" in"));
	ck_assert_uint_lt(strlen(sentence), 2 * DROP_MESSAGE_RULE_MAX);
}
END_TEST

START_TEST(a_long_rule_is_cut_between_two_characters)
{
	for (unsigned int pad = 0; pad < 3; pad++) {
		g_autoptr(GString) rule = g_string_new(NULL);
		g_autofree char *sentence = NULL;

		g_string_append_printf(rule, "%.*s", (int)pad, "xx");
		while (rule->len <= DROP_MESSAGE_RULE_MAX)
			g_string_append(rule, "\xe2\x82\xac");
		set(INTERVAL_LONG, 20);
		counter_set(0, pad + 1, 60);
		counters[0].rule = rule->str;
		tell(pad + 1);
		sentence = field(pad, "MESSAGE");
		ck_assert(g_utf8_validate(sentence, -1, NULL));
		ck_assert_ptr_nonnull(strstr(sentence, "\xe2\x82\xac...\" in"));
	}
}
END_TEST

START_TEST(top_rules_are_listed_and_others_summed)
{
	set(INTERVAL_LONG, 2);
	counter_set(0, 5, 500);
	counter_set(1, 7, 100);
	counter_set(2, 1, 50);
	counter_set(3, 7, 900);
	counter_set(4, 2, 70);
	tell(3);
	assert_field(0, "NFT_HANDLE", "287");
	assert_field(1, "NFT_HANDLE", "285");
	assert_field(2, "MESSAGE_ID", DROP_MESSAGE_REST);
	assert_field(2, "MESSAGE", "Dropped 8 packets (620 B) in 0 s by 3 more rules");
	assert_field(2, "RULES", "3");
	assert_field(2, "PACKETS", "8");
	assert_field(2, "BYTES", "620");
	assert_field(2, "UNCOUNTED", "0");
	assert_field(2, "MISSED", "0");
}
END_TEST

START_TEST(unchanged_counters_are_not_reported)
{
	set(INTERVAL_LONG, 20);
	counter_set(0, 5, 500);
	counter_set(1, 0, 0);
	tell(1);
	set(INTERVAL, 20);
	counters[1].packets = 3;
	run_until_sent(2);
	assert_field(1, "NFT_HANDLE", "285");
	assert_field(1, "PACKETS", "3");
	ck_assert_uint_eq(sent_count(), 2);
}
END_TEST

START_TEST(an_interval_without_drops_sends_nothing)
{
	unsigned int before;

	set(INTERVAL, 20);
	before = reads;
	while (reads < before + 3)
		ck_assert_int_ge(sd_event_run(event, PATIENCE), 0);
	ck_assert_uint_eq(sent_count(), 0);
}
END_TEST

START_TEST(new_uncounted_and_missed_drops_are_reported)
{
	set(INTERVAL_LONG, 20);
	totals.uncounted = 12;
	totals.missed = 1;
	tell(1);
	assert_field(0, "MESSAGE",
		"12 packets dropped in 0 s that no rule's counter has: their table is full "
		"(DropCountersMax=); 1 call missed in 0 s: the kernel skipped them, and if they "
		"were drops, they are not counted");
	assert_field(0, "UNCOUNTED", "12");
	assert_field(0, "MISSED", "1");
	assert_field(0, "RULES", "0");
	set(INTERVAL_LONG, 20);
	tell(1);
}
END_TEST

START_TEST(unsent_counts_are_reported_with_the_next)
{
	set(INTERVAL, 1);
	counter_set(0, 10, 1000);
	counter_set(1, 3, 300);
	totals.uncounted = 4;
	send_result = -ECONNREFUSED;
	while (drop_summary_unsent(summary) < 2)
		ck_assert_int_ge(sd_event_run(event, PATIENCE), 0);
	ck_assert_uint_eq(sent_count(), 0);
	counter_set(0, 11, 1100);
	send_result = 0;
	run_until_sent(2);
	ck_assert_uint_eq(packets_told(), 14);
	assert_field(0, "PACKETS", "11");
	assert_field(1, "UNCOUNTED", "4");
	ck_assert_uint_ge(number(0, "INTERVAL_USEC"), 2 * INTERVAL);
}
END_TEST

START_TEST(rejected_message_is_retried)
{
	set(INTERVAL_LONG, 20);
	counter_set(0, 10, 1000);
	stuck = true;
	set(0, 0);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert_int_ge(sd_event_run(event, PATIENCE), 0);
	ck_assert_uint_eq(sent_count(), 0);
	stuck = false;
	run_until_sent(1);
	ck_assert_uint_eq(packets_told(), 10);
	ck_assert_uint_eq(drop_summary_unsent(summary), 0);
}
END_TEST

START_TEST(late_message_is_merged_with_the_next)
{
	stuck = true;
	set(INTERVAL, 20);
	counter_set(0, 10, 1000);
	while (drop_summary_unsent(summary) < 3)
		ck_assert_int_ge(sd_event_run(event, PATIENCE), 0);
	counters[0].packets += 100;
	while (drop_summary_unsent(summary) < 6)
		ck_assert_int_ge(sd_event_run(event, PATIENCE), 0);
	ck_assert_uint_eq(sent_count(), 0);
	stuck = false;
	while (packets_told() < 110)
		ck_assert_int_ge(sd_event_run(event, PATIENCE), 0);
	ck_assert_uint_eq(packets_told(), 110);
	ck_assert_uint_eq(sent_count(), 1);
}
END_TEST

START_TEST(last_interval_is_reported_at_the_end)
{
	set(INTERVAL_LONG, 20);
	counter_set(0, 10, 1000);
	drop_summary_finish(summary);
	ck_assert_uint_eq(packets_told(), 10);
	counters[0].packets++;
	drop_summary_finish(summary);
	ck_assert_uint_eq(packets_told(), 10);
}
END_TEST

START_TEST(the_end_does_not_wait_long_for_a_journal_that_takes_nothing)
{
	uint64_t before = clock_ns(CLOCK_MONOTONIC);

	stuck = true;
	set(INTERVAL_LONG, 20);
	counter_set(0, 10, 1000);
	drop_summary_finish(summary);
	ck_assert_uint_lt(clock_ns(CLOCK_MONOTONIC) - before, PATIENCE * 1000 / 2);
	ck_assert_uint_eq(drop_summary_unsent(summary), 1);
}
END_TEST

START_TEST(restarted_counter_is_reported_from_zero)
{
	set(INTERVAL, 20);
	counter_set(0, 10, 1000);
	run_until_sent(1);
	counter_set(0, 4, 400);
	run_until_sent(2);
	assert_field(1, "PACKETS", "4");
	assert_field(1, "BYTES", "400");
}
END_TEST

START_TEST(counter_that_reappears_is_new)
{
	set(INTERVAL, 20);
	counter_set(0, 10, 1000);
	run_until_sent(1);
	counter_count = 0;
	reads = 0;
	while (reads < 2)
		ck_assert_int_ge(sd_event_run(event, PATIENCE), 0);
	counter_set(0, 12, 1200);
	run_until_sent(2);
	assert_field(1, "PACKETS", "12");
}
END_TEST

START_TEST(reused_handles_are_another_counter)
{
	set(INTERVAL, 20);
	counter_set(0, 10, 1000);
	counter_set(1, 4, 400);
	counters[1].handle = counters[0].handle;
	counters[1].table = (char *)"another";
	run_until_sent(2);
	ck_assert_uint_eq(packets_told(), 14);
	reads = 0;
	while (reads < 3)
		ck_assert_int_ge(sd_event_run(event, PATIENCE), 0);
	ck_assert_uint_eq(sent_count(), 2);
}
END_TEST

START_TEST(a_counter_whose_namespace_becomes_known_is_the_same)
{
	set(INTERVAL, 20);
	counter_set(0, 10, 1000);
	counters[0].netns = NULL;
	run_until_sent(1);
	counters[0].netns_inode = 4026532281;
	counters[0].packets++;
	run_until_sent(2);
	assert_field(1, "PACKETS", "1");
}
END_TEST

START_TEST(the_interval_of_a_rule_that_was_quiet_is_not_its_silence)
{
	uint64_t quiet;

	set(INTERVAL, 20);
	counter_set(0, 10, 1000);
	run_until_sent(1);
	quiet = clock_ns(CLOCK_MONOTONIC);
	reads = 0;
	while (reads < 4)
		ck_assert_int_ge(sd_event_run(event, PATIENCE), 0);
	counters[0].packets++;
	run_until_sent(2);
	quiet = (clock_ns(CLOCK_MONOTONIC) - quiet) / 1000;
	ck_assert_uint_lt(number(1, "INTERVAL_USEC"), quiet - 2 * INTERVAL);
}
END_TEST

START_TEST(enabled_later_it_reports_new_drops)
{
	counter_set(0, 1000, 100000);
	totals.missed = 9;
	set(INTERVAL, 20);
	counters[0].packets++;
	run_until_sent(1);
	assert_field(0, "PACKETS", "1");
}
END_TEST

START_TEST(switched_off_it_reads_nothing)
{
	counter_set(0, 10, 1000);
	while (sd_event_run(event, 3 * INTERVAL) > 0)
		;
	ck_assert_uint_eq(reads, 0);
}
END_TEST

START_TEST(an_interval_that_changes_holds_at_once)
{
	set(INTERVAL_LONG, 20);
	counter_set(0, 10, 1000);
	set(INTERVAL, 20);
	run_until_sent(1);
	assert_field(0, "PACKETS", "10");
}
END_TEST

START_TEST(without_a_journal_the_line_is_in_the_log)
{
	char line[512] = "";
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	to_journal = false;
	set(INTERVAL_LONG, 20);
	counter_set(0, 132, 8448);
	counters[0].table = (char *)"a\\x0ab";
	dup2(ends[1], STDERR_FILENO);
	set(0, 0);
	ck_assert_int_gt(read(ends[0], line, sizeof(line) - 1), 0);
	ck_assert(g_str_has_prefix(line,
		"nfttraced: Dropped 132 packets (8.3 KiB) in 0 s: inet a\\x0ab filter_INPUT_POLICIES "
		"handle 284 "));
	ck_assert_uint_eq(sent_count(), 0);
	ck_assert_uint_eq(drop_summary_unsent(summary), 0);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(counters_that_can_not_be_read_are_read_later)
{
	set(INTERVAL, 20);
	counter_set(0, 10, 1000);
	read_result = -ENODEV;
	reads = 0;
	while (reads < 2)
		ck_assert_int_ge(sd_event_run(event, PATIENCE), 0);
	read_result = 0;
	run_until_sent(1);
	assert_field(0, "PACKETS", "10");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("drop summary");
	TCase *tcase = tcase_create("summary");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, rule_is_logged_as_sentence_and_fields);
	tcase_add_test(tcase, a_policy_has_neither_handle_nor_rule);
	tcase_add_test(tcase, names_are_raw_in_the_fields);
	tcase_add_test(tcase, a_long_rule_is_whole_in_its_field_only);
	tcase_add_test(tcase, a_long_rule_is_cut_between_two_characters);
	tcase_add_test(tcase, top_rules_are_listed_and_others_summed);
	tcase_add_test(tcase, unchanged_counters_are_not_reported);
	tcase_add_test(tcase, an_interval_without_drops_sends_nothing);
	tcase_add_test(tcase, new_uncounted_and_missed_drops_are_reported);
	tcase_add_test(tcase, unsent_counts_are_reported_with_the_next);
	tcase_add_test(tcase, rejected_message_is_retried);
	tcase_add_test(tcase, late_message_is_merged_with_the_next);
	tcase_add_test(tcase, last_interval_is_reported_at_the_end);
	tcase_add_test(tcase, the_end_does_not_wait_long_for_a_journal_that_takes_nothing);
	tcase_add_test(tcase, restarted_counter_is_reported_from_zero);
	tcase_add_test(tcase, counter_that_reappears_is_new);
	tcase_add_test(tcase, reused_handles_are_another_counter);
	tcase_add_test(tcase, a_counter_whose_namespace_becomes_known_is_the_same);
	tcase_add_test(tcase, the_interval_of_a_rule_that_was_quiet_is_not_its_silence);
	tcase_add_test(tcase, enabled_later_it_reports_new_drops);
	tcase_add_test(tcase, switched_off_it_reads_nothing);
	tcase_add_test(tcase, an_interval_that_changes_holds_at_once);
	tcase_add_test(tcase, without_a_journal_the_line_is_in_the_log);
	tcase_add_test(tcase, counters_that_can_not_be_read_are_read_later);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
