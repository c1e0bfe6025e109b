/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users who are not root and send too much: they are limited, get answers, and are logged once. */
#include <check.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/bus/holdings.h"
#include "tests/bus/users.h"

#define PATIENCE_USEC   (30 * G_USEC_PER_SEC)
#define CALLS           10000 /* of a user with no rights */
#define BATCH           100 /* calls in flight: the bus has a limit, too */
#define CALLS_OF_CALLER 16
#define CALLS_OF_USER   32
#define CALLS_OF_ALL    96
#define STREAMS_OF_USER 8
#define GREEDY          0
#define OTHER           1

static sd_bus *bus;

static void connect_bus(void)
{
	bus = fixture_connect();
	mock_polkit()->allowed[GREEDY] = MOCK_ALL & ~MOCK_CONTROL_ANY;
	mock_polkit()->allowed[OTHER] = MOCK_ALL;
	mock_polkit()->silent = 0;
}

static void disconnect_bus(void)
{
	mock_polkit()->silent = 0;
	stop_all(bus);
	bus = sd_bus_flush_close_unref(bus);
}

/* Replies to calls that are not awaited one by one. */
struct tally {
	unsigned int done, limited, denied, other;
};

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct tally *tally = userdata;

	if (!sd_bus_message_is_method_error(reply, NULL))
		tally->done++;
	else if (sd_bus_message_is_method_error(reply, LIMITED))
		tally->limited++;
	else if (sd_bus_message_is_method_error(reply, DENIED))
		tally->denied++;
	else
		tally->other++;
	return 0;
}

static unsigned int answers(const struct tally *tally)
{
	return tally->done + tally->limited + tally->denied + tally->other;
}

static void await_answers(sd_bus *other, const struct tally *tally, unsigned int count)
{
	while (answers(tally) < count) {
		if (sd_bus_process(other, NULL) == 0)
			ck_assert_int_ge(sd_bus_wait(other, 30 * G_USEC_PER_SEC), 0);
	}
}

static void send_describe(sd_bus *other, struct tally *tally)
{
	ck_assert_int_ge(sd_bus_call_method_async(other, NULL, "org.nfttraced1", NOWHERE,
				 SESSION_INTERFACE, "Describe", on_answer, tally, ""),
		0);
}

static void floods(sd_bus *other, void *argument)
{
	struct tally tally = { 0 };

	mock_polkit()->allowed[GREEDY] = 0;
	for (unsigned int i = 0; i < CALLS; i++) {
		send_describe(other, &tally);
		if (i % BATCH == BATCH - 1)
			await_answers(other, &tally, i + 1);
	}
	ck_assert_uint_eq(answers(&tally), CALLS);
	ck_assert_uint_eq(tally.done + tally.other, 0);
	ck_assert_uint_gt(tally.denied, 0);
}

START_TEST(ten_thousand_calls_of_a_stranger_are_answered)
{
	struct holdings before;

	start_and_stop(bus);
	hold(&before);
	as_user(GREEDY, floods, NULL);
	ck_assert_uint_le(users_logged("was refused"), 3);
	start_and_stop(bus);
	assert_no_more(&before, 1024);
}
END_TEST

/* polkit may be behind with its reading. */
static void await_polkit(unsigned int waiting)
{
	for (int64_t end = g_get_monotonic_time() + PATIENCE_USEC; mock_polkit()->waiting < waiting;
		g_usleep(5000))
		ck_assert(g_get_monotonic_time() < end);
}

/* While polkit does not answer. */
static void waits_with_two_connections(sd_bus *first, void *argument)
{
	sd_bus *second = fixture_connect();
	struct tally a = { 0 }, b = { 0 }, c = { 0 };
	sd_bus *third = fixture_connect();

	for (unsigned int i = 0; i < CALLS_OF_CALLER + 5; i++)
		send_describe(first, &a);
	await_answers(first, &a, 5);
	for (unsigned int i = 0; i < CALLS_OF_CALLER + 5; i++)
		send_describe(second, &b);
	await_answers(second, &b, 5);
	send_describe(third, &c);
	await_answers(third, &c, 1);
	ck_assert_uint_eq(a.limited, 5);
	ck_assert_uint_eq(b.limited, 5);
	ck_assert_uint_eq(c.limited, 1);
	await_polkit(CALLS_OF_USER);
	ck_assert_uint_eq(mock_polkit()->waiting, CALLS_OF_USER);
	*(volatile int *)argument = 1;
	await_answers(first, &a, CALLS_OF_CALLER + 5);
	await_answers(second, &b, CALLS_OF_CALLER + 5);
	ck_assert_uint_eq(a.denied + b.denied, CALLS_OF_USER);
}

static void lists(sd_bus *other, void *argument)
{
	ck_assert_uint_eq(sessions(other), 0);
}

START_TEST(calls_waiting_for_polkit_are_limited_per_user)
{
	volatile int *waiting = mmap(
		NULL, sizeof(*waiting), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid, other;

	mock_polkit()->silent = 1;
	pid = fixture_in_child(
		MOCK_USER_FIRST + GREEDY, waits_with_two_connections, (void *)waiting);
	while (!*waiting && kill(pid, 0) == 0)
		g_usleep(5000);
	/* Root is served, and another user's call gets as far as polkit. */
	start_and_stop(bus);
	other = fixture_in_child(MOCK_USER_FIRST + OTHER, lists, NULL);
	await_polkit(CALLS_OF_USER + 1);
	mock_polkit()->silent = 0;
	ck_assert_int_eq(fixture_wait(other), 0);
	ck_assert_int_eq(fixture_wait(pid), 0);
}
END_TEST

/* Makes as many calls as a user may have under way, until polkit answers. */
static void holds_calls(sd_bus *first, void *argument)
{
	sd_bus *second = fixture_connect();
	struct tally a = { 0 }, b = { 0 };

	for (unsigned int i = 0; i < CALLS_OF_CALLER; i++) {
		send_describe(first, &a);
		send_describe(second, &b);
	}
	ck_assert_int_ge(sd_bus_flush(second), 0);
	await_answers(first, &a, CALLS_OF_CALLER);
	await_answers(second, &b, CALLS_OF_CALLER);
}

static void is_refused_for_all(sd_bus *other, void *argument)
{
	refused(other, LIMITED, "limit of 96 calls under way reached", NOWHERE, SESSION_INTERFACE,
		"Describe", "");
}

START_TEST(many_users_together_have_no_more_calls_than_polkit_can_be_asked_about)
{
	struct mock_polkit *polkit = mock_polkit();
	pid_t pids[CALLS_OF_ALL / CALLS_OF_USER + 1];

	polkit->silent = 1;
	for (unsigned int i = 0; i < G_N_ELEMENTS(pids); i++)
		pids[i] = fixture_in_child(MOCK_USER_FIRST + i, holds_calls, NULL);
	await_polkit(CALLS_OF_ALL);
	as_user(MOCK_USERS, is_refused_for_all, NULL);
	start_and_stop(bus);
	ck_assert_uint_eq(users_logged("polkit can't be asked"), 0);
	polkit->silent = 0;
	for (unsigned int i = 0; i < G_N_ELEMENTS(pids); i++)
		ck_assert_int_eq(fixture_wait(pids[i]), 0);
}
END_TEST

static void sends_much(sd_bus *other, void *argument)
{
	g_autofree char *filter = g_strnfill(16 << 20, ' ');
	unsigned int asked = mock_polkit()->asked;

	refused(other, LIMITED, "bytes of arguments", MANAGER_PATH, MANAGER_INTERFACE,
		"StartSession", "a{sv}", 1, "Filter", "s", filter);
	refused(other, LIMITED, "bytes of arguments", NOWHERE, SESSION_INTERFACE, "SetFilter", "s",
		filter);
	ck_assert_uint_eq(mock_polkit()->asked, asked);
	/* An argument of the maximum length is not refused. */
	filter[65000] = '\0';
	sd_bus_message_unref(call(other, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}",
		1, "Filter", "s", filter));
}

START_TEST(a_huge_call_is_not_kept)
{
	struct holdings before;

	start_and_stop(bus);
	hold(&before);
	as_user(GREEDY, sends_much, NULL);
	stop_all(bus);
	assert_no_more(&before, 2048);
}
END_TEST

/* The count of refused calls after the bus has delivered all messages of callers that have
 * ended. */
static uint64_t refused_settled(void)
{
	uint64_t before, now = fixture_counter(bus, "calls-refused");

	do {
		before = now;
		sd_bus_message_unref(
			call(bus, MANAGER_PATH, MANAGER_INTERFACE, "ListSessions", ""));
		now = fixture_counter(bus, "calls-refused");
	} while (now != before);
	return now;
}

#define SILENT_CALLS 1000
#define SILENT_SIZE  1000 /* bytes of arguments */
#define SILENT_USEC  (10 * G_USEC_PER_SEC)

static void asks_without_wanting_to_know(sd_bus *other, void *argument)
{
	for (unsigned int i = 0; i < SILENT_CALLS; i++)
		call_silently(other, MANAGER_PATH,
			i % 2 ? "org.freedesktop.DBus.ObjectManager"
			      : "org.freedesktop.DBus.Introspectable",
			i % 2 ? "GetManagedObjects" : "Introspect", "");
	/* The same user's other calls are still answered. */
	sd_bus_message_unref(call(other, MANAGER_PATH, "org.freedesktop.DBus.ObjectManager",
		"GetManagedObjects", ""));
}

START_TEST(unread_polkit_replies_are_only_counted)
{
	uint64_t before = fixture_counter(bus, "calls-refused");

	as_user(GREEDY, asks_without_wanting_to_know, NULL);
	ck_assert_uint_eq(fixture_counter(bus, "calls-refused"), before + SILENT_CALLS);
}
END_TEST

static void changes_without_end(sd_bus *other, void *argument)
{
	g_autofree char *filter = g_strnfill(SILENT_SIZE, 'x');

	for (;;) {
		call_silently(other, NOWHERE, SESSION_INTERFACE, "SetFilter", "s", filter);
		sd_bus_flush(other);
	}
}

START_TEST(calls_without_reply_take_no_memory_and_do_not_delay_root)
{
	uint64_t before = fixture_counter(bus, "calls-refused");
	int64_t end = g_get_monotonic_time() + SILENT_USEC;
	struct holdings held;
	pid_t pid;

	start_and_stop(bus);
	hold(&held);
	pid = fixture_in_child(MOCK_USER_FIRST + GREEDY, changes_without_end, NULL);
	while (fixture_counter(bus, "calls-refused") < before + SILENT_CALLS)
		ck_assert_int_lt(g_get_monotonic_time(), end);
	start_and_stop(bus);
	assert_no_more(&held, 8 << 10);
	kill(pid, SIGKILL);
	fixture_wait(pid);
}
END_TEST

static void hoards_streams(sd_bus *other, void *argument)
{
	g_autofree char *path = start(other);

	for (unsigned int i = 0; i < STREAMS_OF_USER; i++)
		call(other, path, SESSION_INTERFACE, "Follow", "a{sv}", 1, "FromStart", "b", 1);
	for (unsigned int i = 0; i < 100; i++)
		refused(other, LIMITED, "limit of 8 streams of this user reached", path,
			SESSION_INTERFACE, "Follow", "a{sv}", 0);
}

START_TEST(streams_per_user_are_limited)
{
	struct holdings before;
	uint64_t refused;

	start_and_stop(bus);
	hold(&before);
	refused = refused_settled();
	as_user(GREEDY, hoards_streams, NULL);
	ck_assert_uint_eq(fixture_counter(bus, "calls-refused"), refused + 100);
	stop_all(bus);
	assert_no_more(&before, 2048);
	ck_assert_uint_le(users_logged("was refused"), 5);
}
END_TEST

static void storms(sd_bus *other, void *argument)
{
	struct tally tally = { 0 };

	for (unsigned int i = 0; i < BATCH; i++)
		ck_assert_int_ge(
			sd_bus_call_method_async(other, NULL, "org.nfttraced1", MANAGER_PATH,
				MANAGER_INTERFACE, "StartSession", on_answer, &tally, "a{sv}", 2,
				"Rate", "t", (uint64_t)1, "Size", "t", (uint64_t)(1 << 20)),
			0);
	await_answers(other, &tally, BATCH);
	ck_assert_uint_ge(tally.done, 1);
	ck_assert_uint_le(tally.done, 8);
	ck_assert_uint_eq(tally.denied, 0);
	ck_assert_uint_eq(sessions(other), tally.done);
}

START_TEST(many_starts_stop_at_the_session_limit_of_the_user)
{
	as_user(GREEDY, storms, NULL);
	start_and_stop(bus);
}
END_TEST

static void starts_too_many(sd_bus *other, void *argument)
{
	g_autofree char *error = NULL;

	for (unsigned int i = 0; i < 8; i++) {
		g_autofree char *path = start_with(other, "Limit", 1000, &error);

		ck_assert_ptr_nonnull(path);
	}
	ck_assert_ptr_null(start_with(other, "Limit", 1000, &error));
	ck_assert_str_eq(error,
		ERROR("TooManySessions") ": UserSessions: this user has 8 "
					 "sessions, and may have 8: stop one of them");
}

START_TEST(sessions_per_user_are_limited_and_root_has_more)
{
	as_user(GREEDY, starts_too_many, NULL);
	ck_assert_uint_eq(sessions(bus), 8);
	start_and_stop(bus);
}
END_TEST

static void starts_too_large(sd_bus *other, void *argument)
{
	const uint64_t gib = 1ULL << 30;
	g_autofree char *error = NULL, *rest = NULL;

	for (unsigned int i = 0; i < 3; i++) {
		g_autofree char *path = start_with(other, "Size", gib + (gib >> 3), &error);

		ck_assert_ptr_nonnull(path);
	}
	ck_assert_ptr_null(start_with(other, "Size", gib, &error));
	ck_assert_str_eq(error,
		LIMITED ": UserJournalSize: the sessions of a user may have 4294967296 bytes of "
			"journal in all, and this user's have 3623878656: ask for less, or stop "
			"one of them");
	/* A session without a size gets the rest. */
	rest = start_with(other, "Size", 0, &error);
	ck_assert_uint_eq(described(other, rest, "Size"), 4 * gib - 3 * (gib + (gib >> 3)));
}

START_TEST(journal_bytes_per_user_are_limited)
{
	as_user(GREEDY, starts_too_large, NULL);
}
END_TEST

static void starts_too_fast(sd_bus *other, void *argument)
{
	g_autofree char *error = NULL, *first = NULL, *rest = NULL;

	first = start_with(other, "Rate", 9000, &error);
	ck_assert_ptr_null(start_with(other, "Rate", 1001, &error));
	ck_assert_str_eq(error,
		LIMITED ": UserRate: the sessions of a user may have 10000 events a second in "
			"all, and this user's have 9000: ask for less, or stop one of them");
	g_clear_pointer(&error, g_free);
	rest = start_with(other, "Rate", 0, &error);
	ck_assert_uint_eq(described(other, rest, "Rate"), 500);
	ck_assert_ptr_nonnull(start_with(other, "Rate", 0, &error));
	ck_assert_ptr_nonnull(start_with(other, "Rate", 250, &error));
	ck_assert_ptr_null(start_with(other, "Rate", 0, &error));
	stop(other, first);
	ck_assert_ptr_nonnull(start_with(other, "Rate", 9000, &error));
}

START_TEST(event_rate_per_user_is_limited)
{
	as_user(GREEDY, starts_too_fast, NULL);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("floods");
	TCase *cases = tcase_create("floods");

	tcase_set_timeout(cases, 300);
	tcase_add_unchecked_fixture(cases, users_start, users_stop);
	tcase_add_checked_fixture(cases, connect_bus, disconnect_bus);
	tcase_add_test(cases, ten_thousand_calls_of_a_stranger_are_answered);
	tcase_add_test(cases, calls_waiting_for_polkit_are_limited_per_user);
	tcase_add_test(
		cases, many_users_together_have_no_more_calls_than_polkit_can_be_asked_about);
	tcase_add_test(cases, a_huge_call_is_not_kept);
	tcase_add_test(cases, unread_polkit_replies_are_only_counted);
	tcase_add_test(cases, calls_without_reply_take_no_memory_and_do_not_delay_root);
	tcase_add_test(cases, streams_per_user_are_limited);
	tcase_add_test(cases, many_starts_stop_at_the_session_limit_of_the_user);
	tcase_add_test(cases, sessions_per_user_are_limited_and_root_has_more);
	tcase_add_test(cases, journal_bytes_per_user_are_limited);
	tcase_add_test(cases, event_rate_per_user_is_limited);
	suite_add_tcase(suite, cases);
	return suite;
}

int main(void)
{
	/* The limits must hold on any bus. */
	fixture_bus_limits = "";
	return fixture_run(suite());
}
