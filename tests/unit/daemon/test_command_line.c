/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A caller's command line in the journal. */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/command-line.h"

START_TEST(plain_words_are_joined_as_they_are)
{
	char *words[] = { (char *)"nfttracectl", (char *)"start", (char *)"--verdicts=drop,accept",
		(char *)"udp", NULL };
	g_autofree char *line = command_line_join(words);

	ck_assert_str_eq(line, "nfttracectl start --verdicts=drop,accept udp");
}
END_TEST

START_TEST(words_a_shell_would_split_or_read_are_quoted)
{
	char *words[] = { (char *)"nfttracectl", (char *)"start", (char *)"--filter",
		(char *)"udp port 8080", (char *)"", (char *)"it's", (char *)"$(id)", NULL };
	g_autofree char *line = command_line_join(words);

	ck_assert_str_eq(line, "nfttracectl start --filter 'udp port 8080' '' 'it'\\''s' '$(id)'");
}
END_TEST

START_TEST(the_quoted_line_gives_the_words_back)
{
	char *words[] = { (char *)"a b", (char *)"'", (char *)"\\", (char *)"\"x\"\n", NULL };
	g_autofree char *line = command_line_join(words);
	g_auto(GStrv) parsed = NULL;

	ck_assert(g_shell_parse_argv(line, NULL, &parsed, NULL));
	ck_assert(g_strv_equal((const char *const *)words, (const char *const *)parsed));
}
END_TEST

START_TEST(no_words_are_an_empty_line)
{
	char *words[] = { NULL };
	g_autofree char *line = command_line_join(words);

	ck_assert_str_eq(line, "");
}
END_TEST

START_TEST(a_line_too_long_is_cut_and_says_so)
{
	g_autofree char *fits = g_strnfill(COMMAND_LINE_MAX, 'a');
	g_autofree char *longer = g_strnfill(COMMAND_LINE_MAX + 1, 'a');
	g_autofree char *whole = command_line_join((char *[]){ fits, NULL });
	g_autofree char *cut = command_line_join((char *[]){ longer, fits, NULL });

	ck_assert_str_eq(whole, fits);
	ck_assert_uint_eq(strlen(cut), COMMAND_LINE_MAX);
	ck_assert(g_str_has_suffix(cut, "aaa..."));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("command line of a caller");
	TCase *tcase = tcase_create("joining");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, plain_words_are_joined_as_they_are);
	tcase_add_test(tcase, words_a_shell_would_split_or_read_are_quoted);
	tcase_add_test(tcase, the_quoted_line_gives_the_words_back);
	tcase_add_test(tcase, no_words_are_an_empty_line);
	tcase_add_test(tcase, a_line_too_long_is_cut_and_says_so);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
