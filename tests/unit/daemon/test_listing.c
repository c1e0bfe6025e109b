/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ruleset's listing is split rule by rule, whatever users wrote into names and comments. */
#include "daemon/resolver/listing.h"

#include <check.h>
#include <glib.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define INET 1
#define IP   2
#define MANY 100000

static struct listing *listing;
static GString *result;

static void set_up(void)
{
	listing = listing_new();
	result = g_string_new(NULL);
}

static void tear_down(void)
{
	listing = listing_free(listing);
	g_string_free(result, TRUE);
}

static void found(void *context, uint8_t family, uint64_t table, uint64_t rule, const char *text,
	size_t length)
{
	g_string_append_printf(result, "%u/%" PRIu64 "/%" PRIu64 " ", family, table, rule);
	if (text)
		g_string_append_len(result, text, (gssize)length);
	else
		g_string_append(result, "?");
	g_string_append_c(result, ';');
}

static void match(const char *text)
{
	listing_match(listing, text, strlen(text), found, NULL);
}

static void add(const char *chain, uint64_t handle, const char *word)
{
	const char *const words[] = { word, NULL };

	listing_add_rule(listing, INET, "t", chain, handle, words);
}

START_TEST(rules_have_their_texts)
{
	listing_add_table(listing, INET, "t", 7);
	listing_add_table(listing, IP, "t", 8);
	add("c", 4, NULL);
	add("c", 6, "say \\ it");
	add("c", 5, NULL);
	listing_add_rule(listing, IP, "t", "c", 4, NULL);
	listing_add_rule(listing, IP, "gone", "c", 4, NULL);
	match("table inet t { # handle 7\n"
	      "\tset s { # handle 2\n\t\ttype ipv4_addr\n\t}\n\n"
	      "\tchain c { # handle 1\n"
	      "\t\ttype filter hook input priority filter; policy accept;\n"
	      "\t\ttcp dport { 22, 80 } counter accept # handle 4\n"
	      "\t\tiifname \"eth0\" drop comment \"say \\ it\" # handle 6\n"
	      "\t\tip saddr vmap { 10.0.0.1 : accept, 10.0.0.2 : jump d } # handle 5\n"
	      "\t}\n"
	      "}\n"
	      "table ip t { # handle 8\n"
	      "\tchain c { # handle 1\n"
	      "\t\tdrop # handle 4\n"
	      "\t}\n"
	      "}\n");
	ck_assert_str_eq(result->str,
		"1/7/4 tcp dport { 22, 80 } counter accept;"
		"1/7/6 iifname \"eth0\" drop comment \"say \\ it\";"
		"1/7/5 ip saddr vmap { 10.0.0.1 : accept, 10.0.0.2 : jump d };"
		"2/8/4 drop;");
}
END_TEST

START_TEST(a_comment_that_looks_like_a_listing_is_a_comment)
{
	const char *hostile = "x\" # handle 4\n\t\taccept # handle 6\n\t}\n\tchain c {\n";
	g_autofree char *text = g_strdup_printf("table inet t { # handle 7\n"
						"\tchain c { # handle 1\n"
						"\t\tdrop comment \"%s\" # handle 4\n"
						"\t\treject comment \"# handle 4\" # handle 6\n"
						"\t}\n"
						"}\n",
		hostile);
	g_autofree char *expected = g_strdup_printf(
		"1/7/4 drop comment \"%s\";1/7/6 reject comment \"# handle 4\";", hostile);

	listing_add_table(listing, INET, "t", 7);
	add("c", 4, hostile);
	add("c", 6, "# handle 4");
	match(text);
	ck_assert_str_eq(result->str, expected);
}
END_TEST

START_TEST(a_rule_with_two_words_is_whole)
{
	static const char *const words[] = { "a", "a\"\nb", NULL };

	listing_add_table(listing, INET, "t", 7);
	listing_add_rule(listing, INET, "t", "c", 4, words);
	match("table inet t { # handle 7\n"
	      "\tchain c {\n"
	      "\t\tlog prefix \"a\"\nb\" drop comment \"a\" # handle 4\n"
	      "\t}\n"
	      "}\n");
	ck_assert_str_eq(result->str, "1/7/4 log prefix \"a\"\nb\" drop comment \"a\";");
}
END_TEST

START_TEST(a_rule_that_is_not_listed_costs_only_itself)
{
	listing_add_table(listing, INET, "t", 7);
	add("c", 4, NULL);
	add("c", 5, NULL);
	add("d", 9, NULL);
	match("table inet t { # handle 7\n"
	      "\tchain c { # handle 1\n"
	      "\t\tdrop # handle 5\n"
	      "\t}\n\n"
	      "\tchain d { # handle 2\n"
	      "\t\tdrop # handle 4\n"
	      "\t\taccept # handle 9\n"
	      "\t}\n"
	      "}\n");
	ck_assert_ptr_nonnull(strstr(result->str, "1/7/4 ?;1/7/5 drop;"));
	ck_assert_ptr_nonnull(strstr(result->str, "1/7/9 accept;"));
}
END_TEST

START_TEST(a_chain_that_is_there_twice_is_not_believed)
{
	listing_add_table(listing, INET, "t", 7);
	add("c", 4, NULL);
	match("table inet t { # handle 7\n"
	      "\tset s { # handle 2\n"
	      "\t\tcomment \"\n"
	      "\tchain c {\n"
	      "\t\taccept # handle 4\n"
	      "\t}\n"
	      "\"\n\t}\n"
	      "\tchain c { # handle 1\n"
	      "\t\tdrop # handle 4\n"
	      "\t}\n"
	      "}\n");
	ck_assert_str_eq(result->str, "1/7/4 ?;");
}
END_TEST

START_TEST(a_listing_that_is_cut_off_is_no_trouble)
{
	static const char *const texts[] = { "", "table inet t", "table inet t {\n\tchain c",
		"table inet t {\n\tchain c {\n", "table inet t {\n\tchain c {\n\t\tdrop # handle 4",
		"table inet t {\n\tchain c {\n\t\tdrop \"" };

	for (unsigned int i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *exact = g_memdup2(texts[i], strlen(texts[i]));

		listing_free(listing);
		listing = listing_new();
		listing_add_table(listing, INET, "t", 7);
		add("c", 4, "word");
		g_string_truncate(result, 0);
		listing_match(listing, exact, strlen(texts[i]), found, NULL);
		ck_assert_str_eq(result->str, "1/7/4 ?;");
	}
}
END_TEST

START_TEST(a_hundred_thousand_rules_take_their_time_once)
{
	g_autoptr(GString) text =
		g_string_new("table inet t { # handle 7\n\tchain c { # handle 1\n");
	int64_t begin = g_get_monotonic_time();

	listing_add_table(listing, INET, "t", 7);
	for (unsigned int i = 0; i < 100000; i++) {
		add("c", i, "a comment");
		/* Every other rule is missing: searching to the end for each would take far too
		 * long. */
		if (i % 2)
			g_string_append_printf(
				text, "\t\tdrop comment \"a comment\" # handle %u\n", i);
	}
	g_string_append(text, "\t}\n}\n");
	match(text->str);
	ck_assert_int_lt(g_get_monotonic_time() - begin, 60 * G_USEC_PER_SEC);
	ck_assert_ptr_nonnull(strstr(result->str, "1/7/99999 drop"));
}
END_TEST

/* Each of these would take hours if everything were searched once for each rule. */

START_TEST(a_ruleset_that_was_loaded_anew_meanwhile_takes_its_time_once)
{
	g_autoptr(GString) text =
		g_string_new("table inet t { # handle 7\n\tchain c { # handle 1\n");

	listing_add_table(listing, INET, "t", 7);
	for (unsigned int i = 0; i < MANY; i++) {
		add("c", i, NULL);
		g_string_append_printf(text, "\t\tudp dport 53 drop # handle %u\n", MANY + i);
	}
	g_string_append(text, "\t}\n}\n");
	match(text->str);
	ck_assert_ptr_nonnull(strstr(result->str, "1/7/0 ?;"));
	ck_assert_ptr_null(strstr(result->str, "drop"));
}
END_TEST

START_TEST(many_tables_and_chains_take_their_time_once)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (unsigned int i = 0; i < MANY; i++) {
		g_autofree char *name = g_strdup_printf("t%u", i);

		listing_add_table(listing, INET, name, i);
		listing_add_rule(listing, INET, name, "c", 2, NULL);
		g_string_append_printf(text,
			"table inet %s { # handle %u\n\tchain c { # handle 1\n"
			"\t\tdrop # handle 2\n\t}\n}\n",
			name, i);
	}
	match(text->str);
	ck_assert_ptr_null(strchr(result->str, '?'));
	ck_assert(g_str_has_suffix(result->str, "1/99999/2 drop;"));
}
END_TEST

START_TEST(a_chain_that_is_there_often_is_doubted_once)
{
	g_autoptr(GString) text =
		g_string_new("table inet t { # handle 7\n\tchain c { # handle 1\n");

	listing_add_table(listing, INET, "t", 7);
	for (unsigned int i = 0; i < MANY; i++) {
		add("c", i, NULL);
		g_string_append_printf(text, "\t\tdrop # handle %u\n", i);
	}
	g_string_append(text, "\t}\n");
	for (unsigned int i = 0; i < MANY; i++)
		g_string_append(text, "\tchain c {\n");
	match(text->str);
	ck_assert_ptr_nonnull(strstr(result->str, "1/7/99999 ?;"));
	ck_assert_ptr_null(strstr(result->str, "drop"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("listing");
	TCase *tcase = tcase_create("listing");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, rules_have_their_texts);
	tcase_add_test(tcase, a_comment_that_looks_like_a_listing_is_a_comment);
	tcase_add_test(tcase, a_rule_with_two_words_is_whole);
	tcase_add_test(tcase, a_rule_that_is_not_listed_costs_only_itself);
	tcase_add_test(tcase, a_chain_that_is_there_twice_is_not_believed);
	tcase_add_test(tcase, a_listing_that_is_cut_off_is_no_trouble);
	tcase_add_test(tcase, a_hundred_thousand_rules_take_their_time_once);
	tcase_add_test(tcase, a_ruleset_that_was_loaded_anew_meanwhile_takes_its_time_once);
	tcase_add_test(tcase, many_tables_and_chains_take_their_time_once);
	tcase_add_test(tcase, a_chain_that_is_there_often_is_doubted_once);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
