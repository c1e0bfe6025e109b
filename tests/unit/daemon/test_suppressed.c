/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events that the rates of sessions suppressed, by rule, in their journals. */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "journal/format/suppressed-rules.h"
#include "tests/unit/kit/fake-pipeline.h"
#include "tests/unit/kit/session-kit.h"

static struct session *start_rated(uint64_t rate)
{
	struct session_options options;

	session_options_init(&options);
	options.rate = rate;
	return start_with(&options);
}

static void suppress(const struct session *session, uint64_t rule, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		fake_suppressed_by(session->bit, rule, 1000 + i);
}

static const struct suppressed_rule *rule_at(const GArray *rules, unsigned int index)
{
	return &g_array_index(rules, struct suppressed_rule, index);
}

/* The rules of the session's last record; asserts that there are `count`. */
static GArray *told(uint64_t id, unsigned int count)
{
	g_autofree char *path = g_strdup_printf("%s/%" PRIu64, directory, id), *reason = NULL;
	struct journal_reader *reader;
	struct journal_entry entry;
	unsigned int found = 0;
	GArray *rules = NULL;

	ck_assert_int_eq(journal_reader_open(AT_FDCWD, path, &reader, &reason), 0);
	while (journal_reader_next(reader, &entry) == 1) {
		if (entry.type != JOURNAL_SUPPRESSED)
			continue;
		found++;
		g_clear_pointer(&rules, g_array_unref);
		rules = suppressed_record_parse(entry.data, entry.size);
		ck_assert_ptr_nonnull(rules);
	}
	journal_reader_free(reader);
	ck_assert_uint_eq(found, count);
	return rules;
}

START_TEST(journal_records_suppressed_events_by_rule)
{
	struct session *session = start_rated(1);
	uint64_t id = session->id;
	g_autoptr(GArray) rules = NULL;

	suppress(session, 7, 5);
	suppress(session, 0, 2);
	ck_assert_uint_eq(stop(session)->suppressed, 7);
	rules = told(id, 1);
	ck_assert_uint_eq(rules->len, 2);
	ck_assert_uint_eq(rule_at(rules, 0)->rule_handle, 7);
	ck_assert_uint_eq(rule_at(rules, 0)->count, 5);
	ck_assert_uint_eq(rule_at(rules, 0)->since, 1000);
	ck_assert_uint_eq(rule_at(rules, 0)->until, 1004);
	ck_assert_str_eq(rule_at(rules, 0)->table, "filter");
	ck_assert_str_eq(rule_at(rules, 0)->chain, "input");
	ck_assert_uint_eq(rule_at(rules, 0)->netns_cookie, 1);
	ck_assert_uint_eq(rule_at(rules, 0)->table_handle, 2);
	ck_assert_uint_eq(rule_at(rules, 0)->chain_handle, 3);
	ck_assert_uint_eq(rule_at(rules, 1)->rule_handle, 0);
	ck_assert_uint_eq(rule_at(rules, 1)->count, 2);
}
END_TEST

START_TEST(each_record_has_the_increase)
{
	struct session *session = start_rated(1);
	uint64_t id = session->id;
	g_autoptr(GArray) rules = NULL;

	suppress(session, 7, 5);
	suppress(session, 8, 1);
	/* The first is written while the session runs, when it is tended. */
	for (int64_t end = g_get_monotonic_time() + PATIENCE_USEC;
		records(id, JOURNAL_SUPPRESSED, NULL) == 0; turn())
		ck_assert(g_get_monotonic_time() < end);
	suppress(session, 7, 3);
	ck_assert_uint_eq(stop(session)->suppressed, 9);
	rules = told(id, 2);
	ck_assert_uint_eq(rules->len, 1);
	ck_assert_uint_eq(rule_at(rules, 0)->rule_handle, 7);
	ck_assert_uint_eq(rule_at(rules, 0)->count, 3);
	ck_assert_uint_eq(rule_at(rules, 0)->since, 1004);
}
END_TEST

/* Events, and rules, of all records of a session's journal. */
static uint64_t told_in_all(uint64_t id, unsigned int *ret_rules)
{
	g_autofree char *path = g_strdup_printf("%s/%" PRIu64, directory, id), *reason = NULL;
	struct journal_reader *reader;
	struct journal_entry entry;
	uint64_t sum = 0;

	*ret_rules = 0;
	ck_assert_int_eq(journal_reader_open(AT_FDCWD, path, &reader, &reason), 0);
	while (journal_reader_next(reader, &entry) == 1) {
		g_autoptr(GArray) rules = NULL;

		if (entry.type != JOURNAL_SUPPRESSED)
			continue;
		rules = suppressed_record_parse(entry.data, entry.size);
		ck_assert_ptr_nonnull(rules);
		*ret_rules += rules->len;
		for (unsigned int i = 0; i < rules->len; i++)
			sum += rule_at(rules, i)->count;
	}
	journal_reader_free(reader);
	return sum;
}

START_TEST(maximum_of_rules_is_recorded_with_any_names)
{
	struct suppressed_slot *slots;
	struct session_options options;
	struct session *session;
	unsigned int rules;
	uint64_t id;

	session_options_init(&options);
	options.rate = 1;
	options.size = 8 << 20;
	session = start_with(&options);
	id = session->id;
	slots = pipeline_suppressed(NULL);
	for (unsigned int i = 0; i < SUPPRESSED_SLOTS; i++) {
		fake_suppressed_by(session->bit, i, 1000);
		memset(slots[i].table, 1, EVENT_NAME_MAX);
		memset(slots[i].chain, 1, EVENT_NAME_MAX);
	}
	ck_assert_uint_eq(stop(session)->suppressed, SUPPRESSED_SLOTS);
	ck_assert_uint_eq(told_in_all(id, &rules), SUPPRESSED_SLOTS);
	ck_assert_uint_eq(rules, SUPPRESSED_SLOTS);
}
END_TEST

/* The kernel side does not count for the session and for the rule at the same moment. */
START_TEST(late_counts_are_recorded)
{
	struct session *session = start_rated(1);
	uint64_t id = session->id;
	unsigned int rules;

	suppress(session, 7, 5);
	for (int64_t end = g_get_monotonic_time() + PATIENCE_USEC;
		records(id, JOURNAL_SUPPRESSED, NULL) == 0; turn())
		ck_assert(g_get_monotonic_time() < end);
	pipeline_suppressed(NULL)->count++;
	stop(session);
	ck_assert_uint_eq(told_in_all(id, &rules), 6);
}
END_TEST

START_TEST(sessions_are_kept_apart_and_so_is_the_next_one_with_the_bit)
{
	struct session *one = start_rated(1), *other = start_rated(1), *next;
	uint64_t first = one->id, second = other->id, third;
	unsigned int bit = one->bit;

	suppress(one, 7, 5);
	suppress(other, 7, 2);
	stop(one);
	stop(other);
	g_array_unref(told(first, 1));
	next = start_rated(1);
	third = next->id;
	ck_assert_uint_eq(next->bit, bit);
	suppress(next, 7, 1);
	stop(next);
	for (unsigned int i = 0; i < 3; i++) {
		const uint64_t ids[] = { first, second, third }, counts[] = { 5, 2, 1 };
		g_autoptr(GArray) rules = told(ids[i], 1);

		ck_assert_uint_eq(rules->len, 1);
		ck_assert_uint_eq(rule_at(rules, 0)->count, counts[i]);
	}
}
END_TEST

START_TEST(no_record_without_suppressed_events)
{
	struct session *session = start_rated(1);
	uint64_t id = session->id;

	fake_event(1ULL << session->bit);
	stop(session);
	told(id, 0);
}
END_TEST

START_TEST(forged_counts_are_harmless)
{
	static const char *const texts[] = { "", "{", "[]", "{}", "{\"suppressed\":7}",
		"{\"suppressed\":[7,{},[],null,{\"count\":\"x\",\"table\":5}]}" };
	g_autoptr(GString) many = g_string_new("{\"suppressed\":[{}");

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		GArray *rules = suppressed_record_parse(texts[i], strlen(texts[i]));

		for (unsigned int at = 0; rules && at < rules->len; at++) {
			ck_assert_uint_eq(rule_at(rules, at)->count, 0);
			ck_assert_str_eq(rule_at(rules, at)->table, "");
		}
		if (rules)
			g_array_unref(rules);
	}
	for (unsigned int i = 0; i < SUPPRESSED_RULES_MAX + 10; i++)
		g_string_append(many, ",{}");
	g_string_append(many, "]}");
	{
		g_autoptr(GArray) rules = suppressed_record_parse(many->str, many->len);

		ck_assert_uint_eq(rules->len, SUPPRESSED_RULES_MAX);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("suppressed");
	TCase *cases = tcase_create("suppressed");

	tcase_add_test(cases, journal_records_suppressed_events_by_rule);
	tcase_add_test(cases, each_record_has_the_increase);
	tcase_add_test(cases, maximum_of_rules_is_recorded_with_any_names);
	tcase_add_test(cases, late_counts_are_recorded);
	tcase_add_test(cases, sessions_are_kept_apart_and_so_is_the_next_one_with_the_bit);
	tcase_add_test(cases, no_record_without_suppressed_events);
	tcase_add_test(cases, forged_counts_are_harmless);
	return session_tests_run(suite, cases);
}
