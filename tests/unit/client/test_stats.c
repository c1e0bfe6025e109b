/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting the events in journals. */
#include "client/stats/key-counts.h"
#include "client/stats/stats.h"
#include "client/stats/timeline.h"
#include "journal/format/names.h"
#include "journal/format/suppressed-rules.h"
#include "tests/unit/kit/reading-kit.h"

#define SECOND UINT64_C(1000000000)

START_TEST(keys_beyond_the_limit_are_counted_as_the_rest)
{
	struct key_counts *counts = key_counts_new(2);
	const struct key_counts_entry *entry;
	GPtrArray *top;

	key_counts_count(counts, "a", 1, 10);
	key_counts_count(counts, "bb", 2, 10);
	key_counts_count(counts, "bb", 2, 5);
	key_counts_count(counts, "c", 1, 1);
	key_counts_count(counts, "d", 1, 2);
	top = key_counts_top(counts, 1);
	ck_assert_uint_eq(key_counts_keys(counts), 2);
	ck_assert_uint_eq(top->len, 1);
	entry = g_ptr_array_index(top, 0);
	ck_assert_uint_eq(entry->size, 2);
	ck_assert_uint_eq(entry->events, 2);
	ck_assert_uint_eq(entry->bytes, 15);
	ck_assert_uint_eq(key_counts_rest(counts)->events, 2);
	ck_assert_uint_eq(key_counts_rest(counts)->bytes, 3);
	g_ptr_array_unref(top);
	key_counts_free(counts);
}
END_TEST

static char *drawn(const struct timeline *timeline, size_t columns, enum timeline_letters letters)
{
	auto_output output = { 0 };

	output_open(&output, OUTPUT_MEMORY);
	timeline_draw(timeline, columns, letters, &output);
	return output_steal(&output);
}

START_TEST(timeline_shows_counts_over_time)
{
	struct timeline timeline = { 0 };
	g_autofree char *bars = NULL;
	g_autofree char *signs = NULL;

	for (uint64_t i = 0; i < 8; i++)
		for (uint64_t n = 0; n <= i; n++)
			timeline_count(&timeline, SECOND + i * TIMELINE_WIDTH_MIN);
	timeline_count(&timeline, SECOND + 9 * TIMELINE_WIDTH_MIN);
	bars = drawn(&timeline, 80, TIMELINE_UTF8);
	signs = drawn(&timeline, 80, TIMELINE_ASCII);
	ck_assert_str_eq(bars, "▁▂▃▄▅▆▇█ ▁");
	ck_assert_str_eq(signs, ".:-=+*#@ .");
}
END_TEST

START_TEST(a_line_is_no_longer_than_its_columns)
{
	struct timeline timeline = { 0 };
	auto_output output = { 0 };
	struct timeline_line line;

	/* An hour with one event in every second. */
	for (uint64_t second = 0; second < 3600; second++)
		timeline_count(&timeline, second * SECOND);
	timeline_count(&timeline, 0);
	output_open(&output, OUTPUT_MEMORY);
	line = timeline_draw(&timeline, 40, TIMELINE_ASCII, &output);
	ck_assert_uint_le(line.columns, 40);
	ck_assert_uint_ge(line.columns, 20);
	ck_assert_uint_ge(line.width * line.columns, 3599 * SECOND);
	ck_assert_uint_eq(output.used, line.columns);
}
END_TEST

/* 10.0.42.1 > 10.0.42.2 and fd00::1 > fd00::2, without what follows the network headers. */
static const uint8_t ipv4[] = { 0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 42, 1, 10, 0, 42,
	2 };
static const uint8_t ipv6[40] = { 0x60, [7] = 64, [8] = 0xfd, [23] = 1, [24] = 0xfd, [39] = 2 };

static void add_event(struct kit_recording *recording, uint64_t time, uint64_t packet,
	uint64_t handle, const uint8_t *bytes, uint16_t size)
{
	const struct event_packet section = { .length = 100, .captured = size };
	const struct event_nft nft = {
		.family = 1,
		.rule_handle = handle,
		.flags = (uint8_t)(EVENT_NFT_CHAIN | (handle ? EVENT_NFT_RULE : EVENT_NFT_POLICY)),
		.verdict = handle ? 0 : 1,
	};
	struct event_head head = kit_head(kit_here.monotonic + time, packet);
	struct synthetic event;

	head.netns_cookie = 1;
	head.netns_inode = 4026531833;
	synthetic_begin(&event, &head);
	synthetic_nft(&event, &nft, "t t", "in", NULL);
	synthetic_packet(&event, &section, bytes);
	kit_add(recording, 0, &event);
}

static void add_suppressed(struct kit_recording *recording, uint64_t handle, uint64_t count)
{
	g_autoptr(GArray) rules = suppressed_rules_new();
	const struct suppressed_rule rule = {
		.netns_cookie = 1,
		.netns_inode = 4026531833,
		.family = 1,
		.rule_handle = handle,
		.table = g_strdup("t t"),
		.chain = g_strdup("in"),
		.count = count,
	};
	g_autofree char *json = NULL;

	g_array_append_val(rules, rule);
	json = suppressed_record_new(rules);
	journal_writer_append_json(recording->writer, JOURNAL_SUPPRESSED, json);
}

static struct kit_recording record(void)
{
	struct kit_recording recording = kit_record(3, "web");
	const struct rule_name rule = { .key = { .netns = 1, .rule = 9, .family = 1 },
		.text = "reject" };
	const struct journal_loss loss = { .reason = LOSS_RING_FULL, .count = 2 };
	const struct dictionary_totals totals = {
		.matched = 19, .journaled = 5, .lost = 2, .suppressed = 12
	};
	g_autofree char *rules_json = names_rules_new(&rule, 1);
	g_autofree char *totals_json = dictionary_totals_new(&totals);

	add_event(&recording, 0, 1, 0, ipv4, sizeof(ipv4));
	add_event(&recording, 1, 1, 9, ipv4, sizeof(ipv4));
	add_event(&recording, SECOND, 2, 9, ipv6, sizeof(ipv6));
	add_event(&recording, 2 * SECOND, 3, 9, ipv4, sizeof(ipv4));
	add_event(&recording, 2 * SECOND + 1, 0, 9, ipv4, 3);
	journal_writer_append_loss(recording.writer, &loss);
	journal_writer_append_json(recording.writer, JOURNAL_RULES, rules_json);
	add_suppressed(&recording, 9, 4);
	add_suppressed(&recording, 9, 5);
	add_suppressed(&recording, 0, 2);
	journal_writer_append_json(recording.writer, JOURNAL_END, totals_json);
	kit_recorded(&recording, &kit_here);
	return recording;
}

static char *text_of(char **paths, size_t keys_max, size_t top)
{
	const struct stats_form form = { .top = top, .columns = 40, .letters = TIMELINE_ASCII };
	struct journal_set_record next;
	g_autofree char *reason = NULL;
	auto_journal_set *journals = NULL;
	auto_stats *stats = NULL;
	auto_output output = { 0 };

	ck_assert_int_eq(journal_set_open(paths, &journals, &reason), 0);
	stats = stats_new(journals, keys_max);
	while (journal_set_next(journals, &next) > 0)
		stats_take(stats, &next);
	ck_assert(stats_incomplete(stats));
	output_open(&output, OUTPUT_MEMORY);
	stats_print(stats, &form, &output);
	return output_steal(&output);
}

static char *stats_text(size_t keys_max, size_t top)
{
	struct kit_recording recording = record();
	char *paths[] = { recording.path, NULL };
	char *text = text_of(paths, keys_max, top);

	kit_recording_remove(&recording);
	return text;
}

START_TEST(a_journal_is_counted)
{
	g_autofree char *text = stats_text(STATS_KEYS_MAX, 10);

	ck_assert_str_eq(text,
		"session 3 \"web\": matched 19 = journaled 5 + lost 2 + suppressed 12 + pending 0\n"
		"lost, as the journal says: ring-full 2\n"
		"5 events of 4 packets, 400 B\n"
		"1 of the events not tracked: each of these counts as a packet\n"
		"first event 2026-11-22 05:30:17.000000 UTC\n"
		"last event  2026-11-22 05:30:19.000000 UTC\n"
		"\n"
		"packets over time: a column is 51 ms, the highest is 2 packets (39.22 a second)\n"
		"=                  =                   @\n"
		"\n"
		"EVENTS  BYTES  VERDICT\n"
		"     4  400 B  drop\n"
		"     1  100 B  accept\n"
		"\n"
		"EVENTS  BYTES  PROBE\n"
		"     5  500 B  __nft_trace_packet\n"
		"\n"
		"EVENTS  BYTES       NETNS  PLACE                                       RULE\n"
		"     4  400 B  4026531833  table inet t\\x20t chain in handle 9 drop    reject\n"
		"     1  100 B  4026531833  table inet t\\x20t chain in accept (policy)  -\n"
		"\n"
		"SUPPRESSED       NETNS  PLACE                                RULE\n"
		"         9  4026531833  table inet t\\x20t chain in handle 9  reject\n"
		"         2  4026531833  table inet t\\x20t chain in (policy)  -\n"
		"... and 1 events suppressed of which the rule is not known\n"
		"\n"
		"EVENTS  BYTES  SOURCE\n"
		"     3  300 B  10.0.42.1\n"
		"     1  100 B  fd00::1\n");
}
END_TEST

START_TEST(unlisted_and_combined_keys_are_reported)
{
	g_autofree char *listed = stats_text(STATS_KEYS_MAX, 1);
	g_autofree char *apart = stats_text(1, 10);

	ck_assert_ptr_nonnull(strstr(listed, "10.0.42.1\n... and 1 more\n"));
	ck_assert_ptr_nonnull(strstr(apart,
		"10.0.42.1\n... and 1 events of others: only the first 1 are counted individually\n"));
	ck_assert_ptr_nonnull(strstr(apart,
		"... and 2 events suppressed of others: only the first 1 are counted individually\n"));
}
END_TEST

START_TEST(rule_texts_of_one_journal_are_used_for_another)
{
	struct kit_recording ended = record(), running = kit_record(4, "running");
	char *paths[] = { ended.path, running.path, NULL };
	g_autofree char *text = NULL;

	add_suppressed(&running, 9, 5000);
	kit_recorded(&running, &kit_here);
	text = text_of(paths, STATS_KEYS_MAX, 10);
	ck_assert_ptr_nonnull(
		strstr(text, "... and 1 events suppressed of which the rule is not known\n"));
	kit_recording_remove(&ended);
	kit_recording_remove(&running);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stats");
	TCase *tcase = tcase_create("counts");

	tcase_add_test(tcase, keys_beyond_the_limit_are_counted_as_the_rest);
	tcase_add_test(tcase, timeline_shows_counts_over_time);
	tcase_add_test(tcase, a_line_is_no_longer_than_its_columns);
	tcase_add_test(tcase, a_journal_is_counted);
	tcase_add_test(tcase, unlisted_and_combined_keys_are_reported);
	tcase_add_test(tcase, rule_texts_of_one_journal_are_used_for_another);
	suite_add_tcase(suite, tcase);
	return kit_main(suite);
}
