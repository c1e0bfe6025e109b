/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The queue of filters: each user's share, and short expressions beside long ones. */
#include <check.h>
#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>

#include "daemon/filter/filter-queue.h"
#include "tests/unit/kit/expressions.h"

#define PATIENCE_USEC (60 * G_USEC_PER_SEC)
#define ENDLESS_HOSTS 1500

/* An expression that was submitted, and its result. */
struct submitted {
	struct compilation *compilation;
	unsigned int rank; /* the first that was done has 1; 0: it is not done */
	bool accepted;
	enum failure_kind kind;
};

static sd_event *event;
static struct compiler *compiler;
static unsigned int done;

static void setup(void)
{
	done = 0;
	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_ge(compiler_new(event, &compiler), 0);
}

static void teardown(void)
{
	compiler = compiler_free(compiler);
	event = sd_event_unref(event);
}

static void on_done(void *context, struct filter *filter, const struct failure *failure)
{
	struct submitted *submitted = context;

	ck_assert_uint_eq(submitted->rank, 0);
	submitted->compilation = NULL;
	submitted->rank = ++done;
	submitted->accepted = failure == NULL;
	if (failure)
		submitted->kind = failure->kind;
	filter_free(filter);
}

static void submit(struct submitted *submitted, const char *expression, uid_t owner)
{
	submitted->compilation = compiler_submit(compiler, expression, owner, on_done, submitted);
}

static void await(unsigned int count)
{
	int64_t end = g_get_monotonic_time() + PATIENCE_USEC;

	while (done < count) {
		ck_assert_msg(g_get_monotonic_time() < end, "%u of %u are done", done, count);
		ck_assert_int_ge(sd_event_run(event, G_USEC_PER_SEC), 0);
	}
}

/* Takes some tenths of a second. */
static char *long_expression(void)
{
	return expression_list("host 10.1.0.#", 120);
}

/* Takes more time than libpcap may have. */
static char *endless_expression(void)
{
	GString *text = g_string_new("host 10.0.0.1");

	for (unsigned int i = 1; i < ENDLESS_HOSTS; i++)
		g_string_append_printf(text, " or host 10.%u.%u.1", i / 250, i % 250);
	return g_string_free(text, FALSE);
}

START_TEST(an_expression_is_compiled_and_an_empty_one_gives_no_filter)
{
	struct submitted good = { 0 }, empty = { 0 }, bad = { 0 };

	submit(&good, "udp port 53", 0);
	submit(&empty, "", 0);
	submit(&bad, "udp prt 53", 0);
	/* `done` is not called before the event loop runs. */
	ck_assert_uint_eq(done, 0);
	await(3);
	ck_assert(good.accepted && empty.accepted && !bad.accepted);
	ck_assert_int_eq(bad.kind, FAILURE_INVALID_FILTER);
}
END_TEST

START_TEST(a_short_expression_does_not_wait_for_long_ones)
{
	g_autofree char *endless = endless_expression();
	struct submitted slow[COMPILER_USER_LONG_MAX] = { 0 }, quick = { 0 };

	for (unsigned int i = 0; i < G_N_ELEMENTS(slow); i++)
		submit(&slow[i], endless, 0);
	submit(&quick, "udp port 53", 0);
	await(1);
	ck_assert_uint_eq(quick.rank, 1);
}
END_TEST

START_TEST(the_long_expressions_of_a_user_are_limited_and_not_the_configurations)
{
	g_autofree char *endless = endless_expression();
	struct submitted own[COMPILER_USER_LONG_MAX + 1] = { 0 }, other = { 0 };
	struct submitted configured[COMPILER_USER_LONG_MAX + 1] = { 0 };

	for (unsigned int i = 0; i < G_N_ELEMENTS(own); i++) {
		submit(&own[i], endless, 1000);
		submit(&configured[i], endless, COMPILER_CONFIGURATION);
	}
	submit(&other, endless, 1001);
	await(1);
	ck_assert_uint_eq(own[COMPILER_USER_LONG_MAX].rank, 1);
	ck_assert_int_eq(own[COMPILER_USER_LONG_MAX].kind, FAILURE_BUSY);
	/* There is room again. */
	compilation_cancel(own[0].compilation);
	submit(&own[0], endless, 1000);
	ck_assert_int_ge(sd_event_run(event, 0), 0);
	ck_assert_int_ge(sd_event_run(event, 0), 0);
	ck_assert_uint_eq(done, 1);
}
END_TEST

START_TEST(the_next_one_is_of_the_user_with_the_fewest_processes)
{
	g_autofree char *expression = long_expression();
	struct submitted many[6] = { 0 }, one = { 0 };

	for (unsigned int i = 0; i < G_N_ELEMENTS(many); i++)
		submit(&many[i], expression, 1000);
	submit(&one, expression, 1001);
	await(G_N_ELEMENTS(many) + 1);
	/* It begins beside the first of the other user; its exact rank depends on how fast each of
	 * them runs. */
	ck_assert_uint_le(one.rank, 4);
	ck_assert(one.accepted);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("filter_queue");
	TCase *tcase = tcase_create("filter_queue");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, an_expression_is_compiled_and_an_empty_one_gives_no_filter);
	tcase_add_test(tcase, a_short_expression_does_not_wait_for_long_ones);
	tcase_add_test(
		tcase, the_long_expressions_of_a_user_are_limited_and_not_the_configurations);
	tcase_add_test(tcase, the_next_one_is_of_the_user_with_the_fewest_processes);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
