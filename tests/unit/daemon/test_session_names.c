/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of a session: names that can't be kept, or are never written, are counted. */
#include "daemon/names/session-names.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define GENERATION 7
#define EXTRA      3

#define RULE_SIZE 8192

static struct session_names names;

static void set_up(void)
{
	session_names_init(&names);
	session_names_reset(&names, GENERATION);
}

static void tear_down(void)
{
	session_names_clear(&names);
}

/* Answers to name requests of `count` namespaces. */
static void answer(unsigned int count)
{
	static const char name[] = "green";
	const struct resolver_answer head = { .kind = RESOLVER_NETNS, .length = strlen(name) };

	for (unsigned int i = 1; i <= count; i++) {
		const struct name_request request = { .generation = GENERATION,
			.segment = 1,
			.cookie = i,
			.kind = NAME_REQUEST_NETNS };

		ck_assert(session_names_add(&names, &request, SESSION_NAMES_REMEMBERS));
		names.asked++;
		session_names_answer(&names, &request, &head, name);
	}
}

START_TEST(names_that_find_no_room_are_lost_and_counted)
{
	answer(SESSION_NAMES_MAX);
	ck_assert_uint_eq(names.lost, 0);
	session_names_reset(&names, GENERATION);
	names.lost = 0;
	answer(SESSION_NAMES_MAX + EXTRA);
	ck_assert_uint_eq(names.lost, EXTRA);
	ck_assert_uint_eq(names.asked, 0);
}
END_TEST

START_TEST(names_that_are_too_long_together_are_lost_and_counted)
{
	g_autofree char *text = g_strnfill(RULE_SIZE, 'x');
	const struct resolver_answer head = { .kind = RESOLVER_RULE, .length = RULE_SIZE };
	const unsigned int fit = SESSION_NAMES_BYTES_MAX / RULE_SIZE;

	for (unsigned int i = 1; i <= fit + EXTRA; i++) {
		const struct name_request request = { .generation = GENERATION,
			.segment = 1,
			.cookie = 1,
			.rule = i,
			.kind = NAME_REQUEST_RULE };

		ck_assert(session_names_add(&names, &request, SESSION_NAMES_REMEMBERS));
		names.asked++;
		session_names_answer(&names, &request, &head, text);
	}
	ck_assert_uint_eq(names.lost, EXTRA);
	ck_assert_uint_eq(names.rules->len, fit);
}
END_TEST

START_TEST(full_set_repeats_names_and_misses_no_text)
{
	const struct name_request known = { .generation = GENERATION,
		.segment = 1,
		.cookie = 1,
		.rule = 1,
		.kind = NAME_REQUEST_RULE };
	const struct name_request other = { .generation = GENERATION,
		.segment = 1,
		.cookie = 1,
		.rule = 2,
		.kind = NAME_REQUEST_RULE };
	const struct resolver_answer replaced = { .kind = RESOLVER_REPLACED,
		.length = 1,
		.since = 1,
		.rule = { .netns = 1, .rule = 2 } };

	ck_assert(session_names_add(&names, &known, SESSION_NAMES_REMEMBERS));
	session_names_replace(&names, &replaced, "x");
	ck_assert_uint_eq(names.rules->len, 0);
	ck_assert(!session_names_add(&names, &known, SESSION_NAMES_IS_FULL));
	ck_assert(session_names_add(&names, &other, SESSION_NAMES_IS_FULL));
	ck_assert(session_names_add(&names, &other, SESSION_NAMES_IS_FULL));
	ck_assert_uint_eq(session_names_count(&names), 1);
	session_names_replace(&names, &replaced, "x");
	ck_assert_uint_eq(names.rules->len, 1);
}
END_TEST

START_TEST(names_that_wait_when_the_session_ends_are_lost_and_counted)
{
	answer(EXTRA);
	ck_assert(!session_names_is_written(&names));
	session_names_reset(&names, 0);
	ck_assert(session_names_is_written(&names));
	ck_assert_uint_eq(names.lost, EXTRA);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session_names");
	TCase *tcase = tcase_create("session_names");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, names_that_find_no_room_are_lost_and_counted);
	tcase_add_test(tcase, names_that_are_too_long_together_are_lost_and_counted);
	tcase_add_test(tcase, full_set_repeats_names_and_misses_no_text);
	tcase_add_test(tcase, names_that_wait_when_the_session_ends_are_lost_and_counted);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
