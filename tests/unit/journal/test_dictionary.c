/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal's dictionaries from and to JSON: also with malicious input. */
#include "tests/unit/kit/journal-kit.h"

#include "journal/format/dictionary.h"
#include "tests/unit/kit/settings-kit.h"

START_TEST(start_record_has_owner_host_and_time)
{
	g_autofree char *json = journal_start_new(12, "naïve", "nfttracectl start");
	auto_dictionary_start start = { 0 };

	ck_assert_int_eq(dictionary_start_parse(json, strlen(json), &start), 0);
	ck_assert_uint_eq(start.session, 12);
	ck_assert_str_eq(start.name, "naïve");
	ck_assert_str_eq(start.command, "nfttracectl start");
	ck_assert_uint_eq(strlen(start.boot_id), 32);
	ck_assert_str_ne(start.kernel, "");
	ck_assert_str_ne(start.version, "");
	ck_assert_int_gt(start.offset_sec, 0);
	ck_assert_uint_lt(start.offset_nsec, 1000000000);
}
END_TEST

START_TEST(settings_and_totals_come_back_as_they_were)
{
	char *verdicts[] = { (char *)"drop", (char *)"accept", NULL };
	char *sections[] = { (char *)"skb", (char *)"ct", NULL };
	struct dictionary_probe probes[] = {
		{ 2, (char *)"kprobe", (char *)"ip_local_deliver", false },
		{ 31, (char *)"raw_tracepoint", (char *)"skb:kfree_skb", true },
	};
	struct dictionary_settings settings = {
		.name = (char *)"n",
		.verdicts = verdicts,
		.filter = (char *)"udp port 8080",
		.track = true,
		.limit = UINT64_MAX,
		.rate = 2,
		.size = 3,
		.duration = 4,
		.owner = UINT32_MAX,
		.sections = sections,
		.probes = probes,
		.probe_count = G_N_ELEMENTS(probes),
		.stack = true,
	};
	struct dictionary_totals totals = { .matched = 10,
		.journaled = 6,
		.lost = 3,
		.pending = 1,
		.end = SESSION_END_CALLER_LEFT };
	struct dictionary_totals totals_back;
	auto_dictionary_settings back = { 0 };
	g_autofree char *json = dictionary_settings_new(&settings), *text = NULL;

	ck_assert_int_eq(dictionary_settings_parse(json, strlen(json), &back), 0);
	ck_assert_str_eq(back.name, "n");
	ck_assert_uint_eq(g_strv_length(back.verdicts), 2);
	ck_assert_str_eq(back.verdicts[1], "accept");
	ck_assert_str_eq(back.filter, "udp port 8080");
	ck_assert(back.track);
	ck_assert_uint_eq(back.limit, UINT64_MAX);
	ck_assert_uint_eq(back.duration, 4);
	ck_assert_uint_eq(back.owner, UINT32_MAX);
	ck_assert_uint_eq(g_strv_length(back.sections), 2);
	ck_assert_str_eq(back.sections[1], "ct");
	ck_assert(back.stack);
	ck_assert_uint_eq(back.probe_count, 2);
	ck_assert_str_eq(settings_probe(&back, 2)->symbol, "ip_local_deliver");
	ck_assert(!settings_probe(&back, 2)->stack);
	ck_assert_str_eq(settings_probe(&back, 31)->type, "raw_tracepoint");
	ck_assert(settings_probe(&back, 31)->stack);
	ck_assert_ptr_null(settings_probe(&back, 3));

	totals.lost_by[LOSS_RING_FULL] = 1;
	totals.lost_by[LOSS_NO_MODULE] = 2;
	text = dictionary_totals_new(&totals);
	ck_assert_int_eq(dictionary_totals_parse(text, strlen(text), &totals_back), 0);
	ck_assert_mem_eq(&totals_back, &totals, sizeof(totals));
}
END_TEST

START_TEST(dictionaries_of_the_wrong_shape_are_empty_or_refused)
{
	static const char *const odd = "{\"name\":[1],\"verdicts\":[7,\"drop\",{}],\"filter\":null,"
				       "\"track\":\"yes\",\"limit\":1.5,\"owner\":\"root\"}";
	static const char *const refused[] = { "", "[]", "{", "7", "nul",
		"[[[[[[[[[[[[[[[[]]]]]]]]", "\xff\xfe",
		"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}" };
	auto_dictionary_settings settings = { 0 };

	ck_assert_int_eq(dictionary_settings_parse(odd, strlen(odd), &settings), 0);
	ck_assert_str_eq(settings.name, "");
	ck_assert_uint_eq(g_strv_length(settings.verdicts), 1);
	ck_assert(!settings.track);
	ck_assert_uint_eq(settings.limit, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		struct dictionary_start start;

		ck_assert_int_eq(
			dictionary_start_parse(refused[i], strlen(refused[i]), &start), -EBADMSG);
	}
}
END_TEST

START_TEST(settings_of_an_older_journal_say_nothing_of_sections_and_probes)
{
	auto_dictionary_settings settings = { 0 };

	ck_assert_int_eq(dictionary_settings_parse("{}", 2, &settings), 0);
	ck_assert_ptr_nonnull(settings.sections);
	ck_assert_ptr_null(settings.sections[0]);
	ck_assert_uint_eq(settings.probe_count, 0);
	ck_assert_ptr_null(settings_probe(&settings, EVENT_PROBE_FIRST));
	ck_assert(!settings.stack);
}
END_TEST

START_TEST(probes_that_no_record_can_name_are_left_out)
{
	g_autoptr(GString) json = g_string_new("{\"sections\":{},\"probes\":[1,null,[],{},"
					       "{\"number\":1},{\"number\":32},{\"number\":-3},"
					       "{\"number\":\"4\"},"
					       "{\"number\":5,\"symbol\":7,\"stack\":1}");
	auto_dictionary_settings settings = { 0 };

	for (int i = 0; i < 1000; i++)
		g_string_append_printf(json, ",{\"number\":%d,\"symbol\":\"late\"}", i % 40);
	g_string_append(json, "]}");
	ck_assert_int_eq(dictionary_settings_parse(json->str, json->len, &settings), 0);
	ck_assert_uint_eq(settings.probe_count, EVENT_PROBES_MAX - EVENT_PROBE_FIRST);
	ck_assert_str_eq(settings_probe(&settings, 5)->symbol, "");
	ck_assert_str_eq(settings_probe(&settings, 5)->type, "");
	ck_assert(!settings_probe(&settings, 5)->stack);
	ck_assert_str_eq(settings_probe(&settings, 6)->symbol, "late");
	ck_assert_ptr_null(settings_probe(&settings, 1));
}
END_TEST

static Suite *dictionary_suite(void)
{
	Suite *suite = suite_create("dictionary");
	TCase *tests = tcase_create("dictionary");

	tcase_add_test(tests, start_record_has_owner_host_and_time);
	tcase_add_test(tests, settings_and_totals_come_back_as_they_were);
	tcase_add_test(tests, dictionaries_of_the_wrong_shape_are_empty_or_refused);
	tcase_add_test(tests, settings_of_an_older_journal_say_nothing_of_sections_and_probes);
	tcase_add_test(tests, probes_that_no_record_can_name_are_left_out);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return kit_main(dictionary_suite());
}
