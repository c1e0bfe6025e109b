/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name table: names are read as they were written, before, between and after the events they
 * belong to, and appear in the text of an event. */
#include "client/text/text-sections.h"
#include "journal/reader/name-table.h"
#include "tests/unit/kit/journal-kit.h"
#include "tests/unit/kit/synthetic.h"

#define COOKIE 0x1002
#define INODE  4026532197

#define MANY         200000 /* texts of a rule */
#define RECORD_RULES 500
#define TEXT_SIZE    8

static const struct rule_name drop_rule = {
	.key = { .netns = COOKIE, .family = 1, .table = 4, .rule = 284 },
	.text = "udp dport 8080 counter drop comment \"keep out\"",
};

static struct name_table *name_table;

static void set_up(void)
{
	name_table = name_table_new();
}

static void tear_down(void)
{
	name_table = name_table_free(name_table);
}

static void take(enum journal_type type, char *json)
{
	ck_assert_int_eq(name_table_take(name_table, type, json, strlen(json)), 1);
	g_free(json);
}

static struct event rule_event(const struct rule_key *key)
{
	return (struct event){
		.head = { .netns_cookie = key->netns, .netns_inode = INODE },
		.has_netns = true,
		.has_nft = true,
		.table = { "t", 1 },
		.chain = { "c", 1 },
		.nft = { .flags = EVENT_NFT_RULE | EVENT_NFT_CHAIN,
			.family = key->family,
			.table_handle = key->table,
			.rule_handle = key->rule },
	};
}

START_TEST(a_rule_is_found_by_its_event)
{
	struct event event = rule_event(&drop_rule.key);
	const struct rule_name *rule;

	take(JOURNAL_RULES, names_rules_new(&drop_rule, 1));
	rule = name_table_rule(name_table, &event);
	ck_assert_ptr_nonnull(rule);
	ck_assert_int_eq(rule->fate, RULE_READ);
	ck_assert_str_eq(rule->text, drop_rule.text);

	event.nft.rule_handle++;
	ck_assert_ptr_null(name_table_rule(name_table, &event));
	event = rule_event(&drop_rule.key);
	event.nft.table_handle++;
	ck_assert_ptr_null(name_table_rule(name_table, &event));
	event = rule_event(&drop_rule.key);
	event.nft.family++;
	ck_assert_ptr_null(name_table_rule(name_table, &event));
	event = rule_event(&drop_rule.key);
	event.head.netns_cookie++;
	ck_assert_ptr_null(name_table_rule(name_table, &event));
}
END_TEST

START_TEST(a_policy_has_no_rule)
{
	struct event event = rule_event(&drop_rule.key);

	take(JOURNAL_RULES, names_rules_new(&drop_rule, 1));
	event.nft.flags = EVENT_NFT_CHAIN | EVENT_NFT_POLICY;
	ck_assert_ptr_null(name_table_rule(name_table, &event));
}
END_TEST

START_TEST(without_a_cookie_the_inode_counts)
{
	struct rule_name rule = drop_rule;
	struct event event = rule_event(&rule.key);

	rule.key.netns = INODE;
	event.head.netns_cookie = 0;
	take(JOURNAL_RULES, names_rules_new(&rule, 1));
	ck_assert_ptr_nonnull(name_table_rule(name_table, &event));
}
END_TEST

START_TEST(a_text_stays_when_the_rule_has_gone_later)
{
	struct event event = rule_event(&drop_rule.key);
	struct rule_name gone = { .key = drop_rule.key, .fate = RULE_VANISHED };

	take(JOURNAL_RULES, names_rules_new(&gone, 1));
	ck_assert_int_eq(name_table_rule(name_table, &event)->fate, RULE_VANISHED);
	take(JOURNAL_RULES, names_rules_new(&drop_rule, 1));
	take(JOURNAL_RULES, names_rules_new(&gone, 1));
	ck_assert_str_eq(name_table_rule(name_table, &event)->text, drop_rule.text);
}
END_TEST

START_TEST(a_rule_that_was_replaced_has_the_text_of_its_time)
{
	struct rule_name later = { .key = drop_rule.key, .text = "accept", .since = 200 };
	struct rule_name last = { .key = drop_rule.key, .text = "reject", .since = 300 };
	struct event event = rule_event(&drop_rule.key);

	take(JOURNAL_RULES, names_rules_new(&last, 1));
	take(JOURNAL_RULES, names_rules_new(&drop_rule, 1));
	take(JOURNAL_RULES, names_rules_new(&later, 1));
	take(JOURNAL_RULES, names_rules_new(&last, 1));
	event.head.time = 199;
	ck_assert_str_eq(name_table_rule(name_table, &event)->text, drop_rule.text);
	event.head.time = 200;
	ck_assert_str_eq(name_table_rule(name_table, &event)->text, "accept");
	event.head.time = 300;
	ck_assert_str_eq(name_table_rule(name_table, &event)->text, "reject");
}
END_TEST

START_TEST(an_address_has_the_name_of_its_time)
{
	const uint64_t address = 0xffffffffc0123456;
	const struct symbol_name before = { address, "one+0x1 [a]" };
	const struct symbol_name after = { address, "other+0x2 [b]" };

	take(JOURNAL_SYMBOLS, names_symbols_new(100, &before, 1));
	take(JOURNAL_SYMBOLS, names_symbols_new(200, &after, 1));
	take(JOURNAL_SYMBOLS, names_symbols_new(100, &before, 1));
	ck_assert_str_eq(name_table_symbol(name_table, address, 50), before.name);
	ck_assert_str_eq(name_table_symbol(name_table, address, 199), before.name);
	ck_assert_str_eq(name_table_symbol(name_table, address, 200), after.name);
	ck_assert_ptr_null(name_table_symbol(name_table, address + 1, 200));
}
END_TEST

START_TEST(reasons_and_namespaces_have_names)
{
	const struct reason_name reason = { 1 << 16 | 3, "RX_DROP_U_REPLAY" };
	const struct netns_name netns = { COOKIE, INODE, "server" };

	take(JOURNAL_REASONS, names_reasons_new(&reason, 1));
	take(JOURNAL_NETNS, names_netns_new(&netns, 1));
	ck_assert_str_eq(name_table_reason(name_table, 65539), reason.name);
	ck_assert_ptr_null(name_table_reason(name_table, 3));
	ck_assert_str_eq(name_table_netns(name_table, COOKIE, INODE), "server");
	ck_assert_ptr_null(name_table_netns(name_table, COOKIE + 1, INODE));
}
END_TEST

START_TEST(invalid_names_are_skipped)
{
	static const char *const records[] = {
		"{}",
		"{\"rules\":7,\"symbols\":[],\"reasons\":\"x\",\"netns\":{}}",
		"{\"rules\":[7,{},{\"text\":7},{\"unknown\":[]}],\"netns\":[\"x\",{\"name\":7}]}",
		"{\"symbols\":{\"\":\"x\",\"zz\":7,\"-1\":\"y\"},\"reasons\":{\"\":{},\"x\":\"y\"}}",
	};
	struct event event = rule_event(&drop_rule.key);

	for (unsigned int i = 0; i < G_N_ELEMENTS(records); i++)
		for (int type = JOURNAL_RULES; type <= JOURNAL_NETNS; type++)
			ck_assert_int_eq(
				name_table_take(name_table, type, records[i], strlen(records[i])),
				1);
	ck_assert_int_eq(name_table_take(name_table, JOURNAL_RULES, "[]", 2), -EBADMSG);
	ck_assert_int_eq(name_table_take(name_table, JOURNAL_RULES, "{", 1), -EBADMSG);
	ck_assert_int_eq(name_table_take(name_table, JOURNAL_END, "{}", 2), 0);
	ck_assert_ptr_null(name_table_rule(name_table, &event));
}
END_TEST

/* The totals of a session, in which nothing was lost, as show prints them. */
static char *totals_rendered(void)
{
	static const char totals[] = "{\"matched\":1,\"journaled\":1}";
	const struct journal_entry entry = {
		.type = JOURNAL_END, .data = totals, .size = sizeof(totals) - 1
	};
	const struct text_form form = { .colour = TEXT_COLOUR_OFF };
	auto_renderer *renderer = NULL;
	auto_output output = { 0 };

	output_open(&output, OUTPUT_MEMORY);
	renderer = text_new(&output, name_table, &form);
	renderer_render(renderer, &entry);
	ck_assert(!renderer->incomplete);
	return output_steal(&output);
}

START_TEST(table_size_is_limited_and_totals_count_missing_names)
{
	g_autofree char *all = totals_rendered(), *missing = NULL;
	GString *json = NULL;

	for (uint32_t i = 0; i < NAME_TABLE_NAMES_MAX + 10; i++) {
		if (!json)
			json = g_string_new("{\"reasons\":{");
		g_string_append_printf(json, "\"%u\":\"x\",", i);
		if (json->len > JOURNAL_RECORD_MAX / 2 || i == NAME_TABLE_NAMES_MAX + 9) {
			g_string_truncate(json, json->len - 1);
			g_string_append(json, "}}");
			take(JOURNAL_REASONS, g_string_free(g_steal_pointer(&json), FALSE));
		}
	}
	ck_assert_uint_eq(name_table_unread(name_table), 10);
	take(JOURNAL_REASONS, g_strdup("{\"reasons\":{\"7\":\"y\"}}"));
	ck_assert_uint_eq(name_table_unread(name_table), 10);
	missing = totals_rendered();
	ck_assert(g_str_has_prefix(all, "-- session 0: matched 1 = journaled 1 "));
	ck_assert(g_str_has_prefix(missing, all));
	ck_assert_str_eq(missing + strlen(all),
		"\n-- 10 names were not read: the journal has more than 262144 of one kind\n");
}
END_TEST

/* This would take hours if all texts of a rule were searched for each of them, or for each
 * event. */
START_TEST(a_rule_with_many_texts_has_each_at_its_time)
{
	struct rule_name rules[RECORD_RULES];
	struct event event = rule_event(&drop_rule.key);
	g_autofree char *texts = g_malloc(MANY * TEXT_SIZE);

	/* From the last one on. */
	for (unsigned int left = MANY; left > 0; left -= RECORD_RULES) {
		for (unsigned int i = 0; i < RECORD_RULES; i++) {
			unsigned int number = left - 1 - i;

			g_snprintf(texts + number * TEXT_SIZE, TEXT_SIZE, "%u", number);
			rules[i] = (struct rule_name){
				.key = drop_rule.key,
				.text = texts + number * TEXT_SIZE,
				.since = 10 * number,
			};
		}
		take(JOURNAL_RULES, names_rules_new(rules, RECORD_RULES));
	}
	for (unsigned int i = 0; i < MANY; i++) {
		event.head.time = 10 * i + i % 10;
		ck_assert_str_eq(name_table_rule(name_table, &event)->text, texts + i * TEXT_SIZE);
	}
	ck_assert_uint_eq(name_table_unread(name_table), 0);
}
END_TEST

START_TEST(a_name_may_come_segments_after_its_event)
{
	struct event event = rule_event(&drop_rule.key);
	struct journal_reader *reader;
	struct journal_writer *writer;
	struct journal_entry entry;
	g_autofree char *json = names_rules_new(&drop_rule, 1);
	unsigned int events = 0;
	char *path;
	int fd = kit_directory(&path);

	writer = kit_writer(fd, &kit_limits);
	for (uint32_t id = 1; id <= 1000; id++)
		ck_assert_int_eq(kit_append(writer, 0, id, id), 0);
	ck_assert_int_eq(journal_writer_append_json(writer, JOURNAL_RULES, json), 0);
	reader = kit_reader(AT_FDCWD, path);
	ck_assert_int_eq(journal_reader_next(reader, &entry), 1);
	ck_assert_str_eq(
		name_table_rule(journal_reader_names(reader), &event)->text, drop_rule.text);

	/* Reading the names has not moved the reader; names that are written later reach the name
	 * table, too. */
	event.nft.rule_handle = 285;
	g_free(json);
	json = g_strdup("{\"rules\":[{\"netns\":4098,\"family\":1,\"table\":4,\"rule\":285,"
			"\"unknown\":\"vanished\"}]}");
	ck_assert_int_eq(journal_writer_append_json(writer, JOURNAL_RULES, json), 0);
	ck_assert_ptr_null(name_table_rule(journal_reader_names(reader), &event));
	do {
		ck_assert_int_ne(entry.type, JOURNAL_RULES);
		events += entry.type == JOURNAL_EVENT;
	} while (journal_reader_next(reader, &entry) == 1);
	ck_assert_uint_eq(events, 1000);
	ck_assert_int_eq(journal_reader_next(reader, &entry), 0);
	ck_assert_int_eq(
		name_table_rule(journal_reader_names(reader), &event)->fate, RULE_VANISHED);
	journal_reader_free(reader);
	journal_writer_free(writer);
	kit_directory_remove(fd, path);
}
END_TEST

START_TEST(names_of_a_stream_are_used_as_they_arrive)
{
	struct event event = rule_event(&drop_rule.key);
	struct journal_reader *reader = NULL;
	struct journal_entry entry;
	g_autofree char *json = names_rules_new(&drop_rule, 1), *reason = NULL;
	uint8_t bytes[4096] = { 0 };
	struct journal_segment header;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	journal_segment_begin(&header, 7, 1);
	ck_assert_int_eq(write(ends[1], &header, sizeof(header)), sizeof(header));
	ck_assert_int_eq(journal_reader_open_stream(ends[0], &reader, &reason), 0);
	kit_event(bytes + sizeof(struct journal_record), KIT_EVENT_SIZE, 1, 1);
	journal_record_write(
		bytes, JOURNAL_EVENT, 0, 0, bytes + sizeof(struct journal_record), KIT_EVENT_SIZE);
	ck_assert_int_gt(write(ends[1], bytes, journal_record_span(KIT_EVENT_SIZE)), 0);
	ck_assert_int_eq(journal_reader_next(reader, &entry), 1);
	ck_assert_ptr_null(name_table_rule(journal_reader_names(reader), &event));

	memset(bytes, 0, sizeof(bytes));
	journal_record_write(bytes, JOURNAL_RULES, 0, 0, json, strlen(json));
	ck_assert_int_gt(write(ends[1], bytes, journal_record_span(strlen(json))), 0);
	ck_assert_int_eq(journal_reader_read_ahead(reader), -EAGAIN);
	ck_assert_ptr_nonnull(name_table_rule(journal_reader_names(reader), &event));
	ck_assert_uint_eq(kit_id(&entry), 1);
	ck_assert_int_eq(journal_reader_next(reader, &entry), -EAGAIN);
	close(ends[1]);
	ck_assert_int_eq(journal_reader_next(reader, &entry), 0);
	journal_reader_free(reader);
}
END_TEST

static char *rendered(const struct event *event, enum text_rules rules)
{
	auto_output output = { 0 };
	const struct text_form form = { .rules = rules };
	auto_renderer *renderer = NULL;

	output_open(&output, OUTPUT_MEMORY);
	renderer = text_new(&output, name_table, &form);
	text_event((struct text *)renderer, event);
	return output_steal(&output);
}

START_TEST(the_text_of_a_rule_is_a_line_under_its_event)
{
	struct rule_name hostile = { .key = drop_rule.key,
		.text = "drop comment \"\x1b[2J\nrule accept\"" };
	struct rule_name gone = { .key = { .netns = COOKIE, .family = 1, .table = 4, .rule = 9 },
		.fate = RULE_VANISHED };
	const struct netns_name netns = { COOKIE, INODE, "ser ver" };
	struct event event = rule_event(&drop_rule.key);
	g_autofree char *without = rendered(&event, TEXT_RULES_OFF), *unknown = NULL;
	g_autofree char *with = NULL, *vanished = NULL;

	ck_assert_ptr_null(strstr(without, "rule"));
	unknown = rendered(&event, TEXT_RULES_ON);
	ck_assert_ptr_nonnull(strstr(unknown, "\n  rule text unknown: it is not in the journal\n"));
	take(JOURNAL_RULES, names_rules_new(&hostile, 1));
	take(JOURNAL_RULES, names_rules_new(&gone, 1));
	take(JOURNAL_NETNS, names_netns_new(&netns, 1));
	with = rendered(&event, TEXT_RULES_ON);
	ck_assert_ptr_nonnull(strstr(with, "\n  rule drop comment \"\\x1b[2J\\x0arule accept\"\n"));
	ck_assert_ptr_nonnull(strstr(with, "\n  ns 0x1002/4026532197 (ser\\x20ver)\n"));
	event = rule_event(&gone.key);
	vanished = rendered(&event, TEXT_RULES_ON);
	ck_assert_ptr_nonnull(strstr(
		vanished, "\n  rule text unknown: it was removed before it could be read\n"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("name_table");
	TCase *tcase = tcase_create("names");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_rule_is_found_by_its_event);
	tcase_add_test(tcase, a_policy_has_no_rule);
	tcase_add_test(tcase, without_a_cookie_the_inode_counts);
	tcase_add_test(tcase, a_text_stays_when_the_rule_has_gone_later);
	tcase_add_test(tcase, a_rule_that_was_replaced_has_the_text_of_its_time);
	tcase_add_test(tcase, an_address_has_the_name_of_its_time);
	tcase_add_test(tcase, reasons_and_namespaces_have_names);
	tcase_add_test(tcase, invalid_names_are_skipped);
	tcase_add_test(tcase, table_size_is_limited_and_totals_count_missing_names);
	tcase_add_test(tcase, a_rule_with_many_texts_has_each_at_its_time);
	tcase_add_test(tcase, a_name_may_come_segments_after_its_event);
	tcase_add_test(tcase, names_of_a_stream_are_used_as_they_arrive);
	tcase_add_test(tcase, the_text_of_a_rule_is_a_line_under_its_event);
	suite_add_tcase(suite, tcase);
	return kit_main(suite);
}
