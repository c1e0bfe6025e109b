/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests that wait for the worker at the same time: one swap carries out all of them, and each
 * has its own reply. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/journals/state-errors.h"
#include "tests/unit/kit/fake-pipeline.h"
#include "tests/unit/kit/session-kit.h"

#define REQUESTS_MAX 32

/* The replies, in the order in which they came. */
static struct {
	size_t count;
	struct {
		unsigned int number; /* of the request */
		enum failure_kind kind;
		struct session *session; /* NULL: it was stopped, or not started */
		struct dictionary_totals totals;
	} came[REQUESTS_MAX];
} replies;

static void take_reply(void *context, struct session *session,
	const struct dictionary_totals *totals, const struct failure *failure)
{
	size_t i = replies.count++;

	ck_assert_uint_lt(i, REQUESTS_MAX);
	replies.came[i].number = GPOINTER_TO_UINT(context);
	replies.came[i].kind = failure ? failure->kind : FAILURE_NONE;
	replies.came[i].session = totals ? NULL : session;
	if (totals)
		replies.came[i].totals = *totals;
}

static struct manager_call numbered(unsigned int number)
{
	return (struct manager_call){ .reply = take_reply, .context = GUINT_TO_POINTER(number) };
}

static struct session *request_start(unsigned int number, uint32_t verdicts)
{
	auto_session_options options;

	session_options_init(&options);
	options.verdicts = verdicts;
	return manager_session_start(manager, &options, 0, "test", numbered(number));
}

/* Waits until the worker is held in a swap, after `before` earlier ones. */
static void await_swap(unsigned int before)
{
	int64_t end = g_get_monotonic_time() + PATIENCE_USEC;

	for (; fake_swaps() == before; turn())
		ck_assert(g_get_monotonic_time() < end);
}

/* Makes sure that the worker has all requests so far: those without a filter take one turn of the
 * loop; another one is to be safe. */
static void hand_over(void)
{
	turn();
	turn();
}

static void await_replies(size_t count)
{
	int64_t end = g_get_monotonic_time() + PATIENCE_USEC;

	for (; replies.count < count; turn())
		ck_assert(g_get_monotonic_time() < end);
}

/* Has the worker held in the swap of a session, which is returned when the swap is released. */
static void hold_worker(void)
{
	unsigned int before = fake_swaps();

	fake_hold();
	request_start(0, VERDICT_MASK_DEFAULT);
	await_swap(before);
}

START_TEST(sessions_that_start_while_one_starts_take_one_swap)
{
	unsigned int before = fake_swaps();

	hold_worker();
	for (unsigned int i = 1; i <= 10; i++)
		request_start(i, VERDICT_MASK_DEFAULT);
	hand_over();
	fake_release();
	await_replies(11);
	ck_assert_uint_eq(fake_swaps(), before + 2);
	for (unsigned int i = 0; i < 11; i++) {
		ck_assert_uint_eq(replies.came[i].number, i);
		ck_assert_int_eq(replies.came[i].kind, FAILURE_NONE);
		ck_assert_uint_eq(replies.came[i].session->id, i + 1);
		fake_event(1ULL << replies.came[i].session->bit);
	}
	for (unsigned int i = 0; i < 11; i++)
		ck_assert_uint_eq(stop(replies.came[i].session)->journaled, 1);
	ck_assert_uint_eq(recorder_unclaimed(recorder), 0);
}
END_TEST

START_TEST(sessions_that_stop_at_once_take_one_swap_and_have_their_own_totals)
{
	struct session *sessions[8];
	unsigned int before;

	for (unsigned int i = 0; i < G_N_ELEMENTS(sessions); i++)
		sessions[i] = start();
	hold_worker();
	before = fake_swaps();
	for (unsigned int i = 0; i < G_N_ELEMENTS(sessions); i++) {
		for (unsigned int n = 0; n <= i; n++)
			fake_event(1ULL << sessions[i]->bit);
		manager_session_stop(sessions[i], SESSION_END_STOPPED, numbered(i + 1));
	}
	fake_release();
	await_replies(9);
	ck_assert_uint_eq(fake_swaps(), before + 1);
	for (unsigned int i = 1; i <= G_N_ELEMENTS(sessions); i++) {
		ck_assert_uint_eq(replies.came[i].number, i);
		ck_assert_uint_eq(replies.came[i].totals.matched, i);
		ck_assert_uint_eq(replies.came[i].totals.journaled, i);
	}
	stop(replies.came[0].session);
	ck_assert(fake_is_empty());
}
END_TEST

START_TEST(starts_changes_and_stops_go_together)
{
	const uint32_t drop = 1u << VERDICT_DROP;
	struct session *changed = start(), *stopped = start();
	unsigned int before;

	hold_worker();
	before = fake_swaps();
	request_start(1, 1u << VERDICT_ACCEPT);
	hand_over();
	manager_session_change(changed, &drop, NULL, numbered(2));
	manager_session_stop(stopped, SESSION_END_STOPPED, numbered(3));
	fake_release();
	await_replies(4);
	ck_assert_uint_eq(fake_swaps(), before + 1);
	for (unsigned int i = 1; i <= 3; i++) {
		ck_assert_uint_eq(replies.came[i].number, i);
		ck_assert_int_eq(replies.came[i].kind, FAILURE_NONE);
	}
	ck_assert_uint_eq(changed->options.verdicts, drop);
	stop(changed);
	stop(replies.came[1].session);
	stop(replies.came[0].session);
}
END_TEST

START_TEST(a_session_that_is_changed_and_then_stopped_is_changed_first)
{
	const uint32_t drop = 1u << VERDICT_DROP;
	struct session *session = start();
	uint64_t id = session->id;
	unsigned int before;

	hold_worker();
	before = fake_swaps();
	manager_session_change(session, &drop, NULL, numbered(1));
	manager_session_stop(session, SESSION_END_STOPPED, numbered(2));
	fake_release();
	await_replies(3);
	ck_assert_uint_eq(fake_swaps(), before + 2);
	ck_assert_uint_eq(replies.came[1].number, 1);
	ck_assert_int_eq(replies.came[1].kind, FAILURE_NONE);
	ck_assert_uint_eq(replies.came[2].number, 2);
	ck_assert_uint_eq(records(id, JOURNAL_SETTINGS, NULL), 2);
	stop(replies.came[0].session);
}
END_TEST

START_TEST(the_one_that_the_kernel_refuses_fails_alone)
{
	hold_worker();
	fake_refuse_verdicts(1u << VERDICT_QUEUE);
	for (unsigned int i = 1; i <= 7; i++)
		request_start(i, i == 5 ? 1u << VERDICT_QUEUE : VERDICT_MASK_DEFAULT);
	hand_over();
	fake_release();
	await_replies(8);
	for (unsigned int i = 0; i <= 7; i++) {
		struct session *session = replies.came[i].session;
		g_autofree char *path = NULL;

		ck_assert_uint_eq(replies.came[i].number, i);
		ck_assert_int_eq(replies.came[i].kind, i == 5 ? FAILURE_INTERNAL : FAILURE_NONE);
		if (i == 5)
			continue;
		fake_event(1ULL << session->bit);
		path = g_strdup(session->path);
		ck_assert_uint_eq(stop(session)->journaled, 1);
		ck_assert_int_eq(access(path, F_OK), 0);
	}
	fake_refuse_verdicts(0);
	ck_assert_uint_eq(recorder_unclaimed(recorder), 0);
	ck_assert_uint_eq(manager->sessions->len, 0);
}
END_TEST

static struct session *start_filter(uid_t owner, const char *name, const char *filter)
{
	struct session_options options;

	session_options_init(&options);
	g_free(options.name);
	options.name = g_strdup(name);
	g_free(options.filter);
	options.filter = g_strdup(filter);
	answer.came = false;
	manager_session_start(manager, &options, owner, "test", call);
	await_answer();
	return answer.kind == FAILURE_NONE ? answer.session : NULL;
}

/* A filter of some thousand instructions. */
static char *many_ports(void)
{
	GString *list = g_string_new("port 1");

	for (unsigned int port = 2; port < 100; port++)
		g_string_append_printf(list, " or port %u", port);
	return g_string_free(list, FALSE);
}

START_TEST(the_filters_of_a_user_stay_within_his_share)
{
	g_autofree char *list = many_ports();

	settings->user_filter_size = 500;
	ck_assert_ptr_nonnull(start_filter(1000, "one", "udp port 53"));
	ck_assert_ptr_null(start_filter(1000, "two", list));
	ck_assert_int_eq(answer.kind, FAILURE_FILTER_TOO_COMPLEX);
	ck_assert_ptr_nonnull(strstr(answer.reason, "UserFilterSize"));
	ck_assert_ptr_nonnull(strstr(answer.reason, "500 instructions"));
	/* Other users have shares of their own, and root the rest. */
	ck_assert_ptr_nonnull(start_filter(1001, "three", "tcp port 80"));
	ck_assert_ptr_nonnull(start_filter(0, "four", list));
}
END_TEST

START_TEST(the_filters_of_all_stay_within_what_the_configuration_has_for_them)
{
	g_autofree char *list = many_ports();

	settings->filters_size = 500;
	ck_assert_ptr_nonnull(start_filter(0, "one", "udp port 53"));
	ck_assert_ptr_null(start_filter(0, "two", list));
	ck_assert_int_eq(answer.kind, FAILURE_FILTER_TOO_COMPLEX);
	ck_assert_ptr_nonnull(strstr(answer.reason, "larger FiltersSize="));
	settings->filters_size = 5000;
	ck_assert_ptr_nonnull(start_filter(0, "two", list));
}
END_TEST

/* Not even root can write this file: a folder is in its place. */
START_TEST(state_directory_errors_are_counted)
{
	g_autofree char *path = g_build_filename(settings->state_directory, "next-id.new", NULL);
	uint64_t before = state_errors();

	ck_assert_int_eq(g_mkdir(path, 0700), 0);
	ck_assert_ptr_null(start_filter(0, "one", ""));
	ck_assert_ptr_nonnull(strstr(answer.reason, "can't begin a journal"));
	ck_assert_uint_eq(state_errors(), before + 1);
	ck_assert_int_eq(g_rmdir(path), 0);
	ck_assert_ptr_nonnull(start_filter(0, "one", ""));
	ck_assert_uint_eq(state_errors(), before + 1);
}
END_TEST

START_TEST(undone_start_leaves_no_journal)
{
	unsigned int journals = 0;
	const char *name;
	g_autoptr(GDir) entries = NULL;

	hold_worker();
	fake_refuse_verdicts(1u << VERDICT_QUEUE);
	request_start(1, VERDICT_MASK_DEFAULT);
	request_start(2, 1u << VERDICT_QUEUE);
	hand_over();
	fake_release();
	await_replies(3);
	fake_refuse_verdicts(0);
	entries = g_dir_open(directory, 0, NULL);
	while ((name = g_dir_read_name(entries)))
		journals += g_ascii_isdigit(*name) != 0;
	ck_assert_uint_eq(journals, 2);
	stop(replies.came[0].session);
	stop(replies.came[1].session);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("requests");
	TCase *cases = tcase_create("requests");

	tcase_add_test(cases, sessions_that_start_while_one_starts_take_one_swap);
	tcase_add_test(cases, sessions_that_stop_at_once_take_one_swap_and_have_their_own_totals);
	tcase_add_test(cases, starts_changes_and_stops_go_together);
	tcase_add_test(cases, a_session_that_is_changed_and_then_stopped_is_changed_first);
	tcase_add_test(cases, the_one_that_the_kernel_refuses_fails_alone);
	tcase_add_test(cases, the_filters_of_a_user_stay_within_his_share);
	tcase_add_test(cases, the_filters_of_all_stay_within_what_the_configuration_has_for_them);
	tcase_add_test(cases, state_directory_errors_are_counted);
	tcase_add_test(cases, undone_start_leaves_no_journal);
	return session_tests_run(suite, cases);
}
