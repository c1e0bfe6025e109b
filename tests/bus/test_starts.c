/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many starts at once, slow ones among them: no caller waits for the requests of others, and a
 * caller or a daemon that ends during them leaves nothing behind. NFTTRACED_TEST_ROUNDS: how often
 * the maximum number of sessions starts and stops; NFTTRACED_TEST_KILLS: how often the daemon is
 * killed.
 */
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/bus/bus-fixture.h"
#include "tests/bus/holdings.h"

#define SESSIONS_MAX   64
#define DEFAULT_ROUNDS 3
#define DEFAULT_KILLS  5
#define KILL_USEC_MIN  10000 /* at random, up to this or a multiple after the starts were sent */
#define SLOW_HOSTS     1500 /* in an expression that takes libpcap longer than its limit */
#define AT_ONCE_USEC   (8 * G_USEC_PER_SEC) /* on a busy guest */
#define PATIENCE_USEC  (60 * G_USEC_PER_SEC)
#define CALL_USEC      (25 * G_USEC_PER_SEC) /* the default timeout of a call */

static sd_bus *bus;

static void connect_bus(void)
{
	bus = fixture_connect();
	ck_assert_int_ge(sd_bus_set_method_call_timeout(bus, PATIENCE_USEC), 0);
}

static void disconnect_bus(void)
{
	bus = sd_bus_flush_close_unref(bus);
}

struct answers {
	unsigned int waiting, good, full, busy, gone, other;
};

static int on_answer(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct answers *answers = userdata;

	answers->waiting--;
	if (!sd_bus_message_is_method_error(message, NULL))
		answers->good++;
	else if (sd_bus_message_is_method_error(message, ERROR("TooManySessions")))
		answers->full++;
	else if (sd_bus_message_is_method_error(message, SD_BUS_ERROR_LIMITS_EXCEEDED))
		answers->busy++;
	else if (sd_bus_message_is_method_error(message, ERROR("NoSuchSession")))
		answers->gone++;
	else if (answers->other++ == 0)
		printf("# %s: %s\n", sd_bus_message_get_error(message)->name,
			sd_bus_message_get_error(message)->message);
	return 0;
}

#define ORDINARY "tcp port 80 or udp portrange 1000-2000"

/* Sends `count` StartSession without waiting for an answer. */
static void start_many(
	sd_bus *from, unsigned int count, const char *filter, int bound, struct answers *answers)
{
	for (unsigned int i = 0; i < count; i++) {
		ck_assert_int_ge(sd_bus_call_method_async(from, NULL, "org.nfttraced1",
					 MANAGER_PATH, MANAGER_INTERFACE, "StartSession",
					 answers ? on_answer : NULL, answers, "a{sv}", 2, "Filter",
					 "s", filter, "BindToCaller", "b", bound),
			0);
		if (answers)
			answers->waiting++;
	}
}

/* Sends StopSession for every session without waiting for an answer. */
static void stop_many(struct answers *answers)
{
	sd_bus_message *reply = call(bus, MANAGER_PATH, MANAGER_INTERFACE, "ListSessions", "");
	const char *path;

	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "(ota{sv})"), 0);
	while (sd_bus_message_enter_container(reply, 'r', "ota{sv}") > 0) {
		ck_assert_int_gt(sd_bus_message_read(reply, "o", &path), 0);
		ck_assert_int_gt(sd_bus_message_skip(reply, "ta{sv}"), 0);
		ck_assert_int_gt(sd_bus_message_exit_container(reply), 0);
		ck_assert_int_ge(
			sd_bus_call_method_async(bus, NULL, "org.nfttraced1", MANAGER_PATH,
				MANAGER_INTERFACE, "StopSession", on_answer, answers, "o", path),
			0);
		answers->waiting++;
	}
	sd_bus_message_unref(reply);
}

/* Handles replies until at most `left` calls have none; returns how long that took. */
static int64_t await_answers(struct answers *answers, unsigned int left)
{
	int64_t begin = g_get_monotonic_time();

	while (answers->waiting > left) {
		ck_assert_msg(g_get_monotonic_time() < begin + PATIENCE_USEC,
			"%u calls have no answer", answers->waiting);
		ck_assert_int_ge(sd_bus_wait(bus, G_USEC_PER_SEC), 0);
		while (sd_bus_process(bus, NULL) > 0)
			;
	}
	return g_get_monotonic_time() - begin;
}

static char *slow_filter(void)
{
	GString *text = g_string_new("host 10.0.0.1");

	for (unsigned int i = 1; i < SLOW_HOSTS; i++)
		g_string_append_printf(text, " or host 10.%u.%u.1", i / 250, i % 250);
	return g_string_free(text, FALSE);
}

START_TEST(of_200_concurrent_starts_the_limit_succeeds)
{
	struct answers answers = { 0 };
	struct holdings before;

	hold(&before);
	start_many(bus, 200, ORDINARY, 0, &answers);
	printf("# 200 answers after %" G_GINT64_FORMAT " ms\n", await_answers(&answers, 0) / 1000);
	ck_assert_uint_eq(answers.good, SESSIONS_MAX);
	ck_assert_uint_eq(answers.full, 200 - SESSIONS_MAX);
	ck_assert_uint_eq(answers.other, 0);
	stop_many(&answers);
	await_answers(&answers, 0);
	assert_no_more(&before, 8192);
}
END_TEST

/* Starts the maximum number of sessions, and stops them; prints the ms that one start took, the
 * others together, and their stops. */
static void round_of_all(void)
{
	struct answers answers = { 0 };
	int64_t one, others, stops;

	start_many(bus, 1, ORDINARY, 0, &answers);
	one = await_answers(&answers, 0);
	start_many(bus, SESSIONS_MAX - 1, ORDINARY, 0, &answers);
	others = await_answers(&answers, 0);
	ck_assert_uint_eq(answers.good, SESSIONS_MAX);
	stop_many(&answers);
	stops = await_answers(&answers, 0);
	ck_assert_uint_eq(answers.good, 2 * SESSIONS_MAX);
	ck_assert_uint_eq(sessions(bus), 0);
	printf("# one start %" G_GINT64_FORMAT " ms, %d more at once %" G_GINT64_FORMAT
	       " ms, all their stops at once %" G_GINT64_FORMAT " ms\n",
		one / 1000, SESSIONS_MAX - 1, others / 1000, stops / 1000);
	ck_assert_int_lt(others, CALL_USEC);
	ck_assert_int_lt(stops, CALL_USEC);
}

START_TEST(maximum_of_sessions_start_and_stop_together)
{
	const char *rounds = getenv("NFTTRACED_TEST_ROUNDS");
	struct holdings before;

	round_of_all();
	hold(&before);
	/* The allocator's arenas settle within 4 MiB, and stay there for hundreds of rounds; bytes
	 * that are lost are found by the build with sanitizers. */
	for (unsigned int i = 0; i < (rounds ? strtoul(rounds, NULL, 10) : DEFAULT_ROUNDS); i++)
		round_of_all();
	assert_no_more(&before, 4096);
	ck_assert(!fixture_armed());
}
END_TEST

START_TEST(a_start_does_not_wait_for_filters_that_take_long)
{
	g_autofree char *filter = slow_filter();
	struct answers slow = { 0 }, usual = { 0 };
	int64_t answered;

	/* So that only a matcher has to be loaded. */
	g_free(start(bus));
	start_many(bus, 4, filter, 1, &slow);
	ck_assert_int_ge(sd_bus_flush(bus), 0);
	start_many(bus, 1, ORDINARY, 0, &usual);
	answered = await_answers(&usual, 0);
	printf("# a start beside slow ones %" G_GINT64_FORMAT " ms\n", answered / 1000);
	ck_assert_uint_eq(usual.good, 1);
	ck_assert_uint_eq(slow.waiting, 4);
	ck_assert_int_lt(answered, AT_ONCE_USEC);
	stop_all(bus);
}
END_TEST

START_TEST(filters_that_take_long_wait_in_a_line_that_is_short)
{
	g_autofree char *filter = slow_filter();
	struct answers answers = { 0 };

	start_many(bus, 10, filter, 1, &answers);
	await_answers(&answers, 8);
	ck_assert_uint_eq(answers.busy, 2);
	ck_assert_uint_eq(answers.other, 0);
	start_and_stop(bus);
}
END_TEST

START_TEST(a_session_can_be_stopped_while_its_new_filter_is_compiled)
{
	g_autofree char *filter = slow_filter(), *path = start(bus);
	struct answers answers = { .waiting = 1 };
	int64_t begin;

	ck_assert_int_ge(sd_bus_call_method_async(bus, NULL, "org.nfttraced1", path,
				 SESSION_INTERFACE, "SetFilter", on_answer, &answers, "s", filter),
		0);
	begin = g_get_monotonic_time();
	stop(bus, path);
	ck_assert_int_lt(g_get_monotonic_time() - begin, AT_ONCE_USEC);
	await_answers(&answers, 0);
	ck_assert_uint_eq(answers.gone, 1);
}
END_TEST

/* Processes that compile, including the one that forks them. */
static unsigned int count_compilers(void)
{
	g_autoptr(GDir) directory = g_dir_open("/proc", 0, NULL);
	unsigned int count = 0;
	const char *name;

	while ((name = g_dir_read_name(directory))) {
		g_autofree char *path = g_strdup_printf("/proc/%s/stat", name), *text = NULL;
		int group;

		/* The daemon is the parent or grandparent: both are in the daemon's session and
		 * group. */
		if (!g_ascii_isdigit(*name) || !g_file_get_contents(path, &text, NULL, NULL))
			continue;
		if (strstr(text, "(nfttraced-pcap) ") &&
			sscanf(strstr(text, ") "), ") %*c %*d %d", &group) == 1)
			count += group == getpgid(fixture.daemon);
	}
	return count;
}

static void await_compilers(unsigned int count)
{
	int64_t end = g_get_monotonic_time() + PATIENCE_USEC;

	while (count_compilers() < count) {
		ck_assert_int_lt(g_get_monotonic_time(), end);
		g_usleep(10 * 1000);
	}
}

START_TEST(disconnecting_cancels_the_compilation)
{
	g_autofree char *filter = slow_filter();
	sd_bus *other = fixture_connect();
	int64_t begin;

	start_many(other, 4, filter, 1, NULL);
	ck_assert_int_ge(sd_bus_flush(other), 0);
	await_compilers(2);
	sd_bus_close_unref(other);
	begin = g_get_monotonic_time();
	while (count_compilers() > 1) {
		ck_assert_int_lt(g_get_monotonic_time() - begin, AT_ONCE_USEC);
		g_usleep(10 * 1000);
	}
	start_and_stop(bus);
	ck_assert_uint_eq(sessions(bus), 0);
}
END_TEST

START_TEST(disconnecting_during_a_start_leaves_no_bound_session)
{
	struct holdings before;

	hold(&before);
	for (unsigned int i = 0; i < 10; i++) {
		sd_bus *other = fixture_connect();

		start_many(other, 5, ORDINARY, 1, NULL);
		sd_bus_flush_close_unref(other);
	}
	/* Behind them in the daemon's queue. */
	start_and_stop(bus);
	await_sessions(bus, 0);
	assert_no_more(&before, 8192);
}
END_TEST

/* The number of sessions that were ever started. */
static unsigned int count_journals(void)
{
	g_autoptr(GDir) directory = g_dir_open(fixture.state, 0, NULL);
	unsigned int count = 0;
	const char *name;

	ck_assert_ptr_nonnull(directory);
	while ((name = g_dir_read_name(directory)))
		count += g_ascii_isdigit(*name) != 0;
	return count;
}

static void signal_while_starting(int number, int expected)
{
	struct answers answers = { 0 };
	int status;

	start_many(bus, SESSIONS_MAX, ORDINARY, 0, &answers);
	ck_assert_int_ge(sd_bus_flush(bus), 0);
	/* One start was answered, the others are under way. */
	await_answers(&answers, SESSIONS_MAX - 1);
	ck_assert_uint_ge(answers.good, 1);
	kill(fixture.daemon, number);
	status = fixture_wait(fixture.daemon);
	ck_assert_int_eq(status, expected);
	ck_assert(!fixture_armed());
	ck_assert_uint_ge(count_journals(), 1);
	fixture_daemon_start();
	ck_assert_uint_eq(sessions(bus), 0);
	start_and_stop(bus);
}

START_TEST(sigterm_during_starts_ends_cleanly)
{
	signal_while_starting(SIGTERM, 0);
}
END_TEST

START_TEST(sigterm_does_not_wait_for_filters)
{
	g_autofree char *filter = slow_filter();
	struct answers answers = { 0 };
	int64_t begin;

	start_many(bus, 4, filter, 0, &answers);
	ck_assert_int_ge(sd_bus_flush(bus), 0);
	await_compilers(2);
	begin = g_get_monotonic_time();
	kill(fixture.daemon, SIGTERM);
	ck_assert_int_eq(fixture_wait(fixture.daemon), 0);
	ck_assert_int_lt(g_get_monotonic_time() - begin, AT_ONCE_USEC);
	ck_assert_uint_eq(count_journals(), 0);
	fixture_daemon_start();
}
END_TEST

START_TEST(killed_in_the_middle_of_starts_it_starts_again)
{
	signal_while_starting(SIGKILL, SIGKILL);
}
END_TEST

/* A process that holds a netlink socket of nf_tables keeps the tables that the socket owns. */
static void print_holders(void)
{
	ck_assert_int_eq(system("ps -ef"), 0);
}

START_TEST(killed_at_any_moment_it_is_not_armed)
{
	const char *kills = getenv("NFTTRACED_TEST_KILLS");
	g_autoptr(GRand) random = g_rand_new_with_seed(12);
	unsigned int count = kills ? strtoul(kills, NULL, 10) : DEFAULT_KILLS, armed = 0;
	int moment = KILL_USEC_MIN;

	for (unsigned int i = 0; i < count; i++) {
		struct answers answers = { 0 };
		bool exists;

		start_many(bus, SESSIONS_MAX, ORDINARY, 0, &answers);
		ck_assert_int_ge(sd_bus_flush(bus), 0);
		g_usleep(g_rand_int_range(random, 0, moment));
		exists = fixture_armed();
		armed += exists;
		kill(fixture.daemon, SIGKILL);
		ck_assert_int_eq(fixture_wait(fixture.daemon), SIGKILL);
		if (fixture_armed()) {
			print_holders();
			ck_abort_msg("it is armed after the kill number %u", i + 1);
		}
		await_answers(&answers, 0);
		fixture_daemon_start();
		/* At some moments nothing is installed yet, at others it is. */
		moment = exists ? MAX(moment / 2, KILL_USEC_MIN) : moment * 2;
	}
	printf("# killed %u times, %u of them armed\n", count, armed);
	start_and_stop(bus);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("starts");
	TCase *starts = tcase_create("starts"), *ends = tcase_create("ends");

	tcase_set_timeout(starts, 300);
	tcase_add_unchecked_fixture(starts, fixture_start, fixture_stop);
	tcase_add_checked_fixture(starts, connect_bus, disconnect_bus);
	tcase_add_test(starts, of_200_concurrent_starts_the_limit_succeeds);
	tcase_add_test(starts, maximum_of_sessions_start_and_stop_together);
	tcase_add_test(starts, a_start_does_not_wait_for_filters_that_take_long);
	tcase_add_test(starts, filters_that_take_long_wait_in_a_line_that_is_short);
	tcase_add_test(starts, a_session_can_be_stopped_while_its_new_filter_is_compiled);
	tcase_add_test(starts, disconnecting_cancels_the_compilation);
	tcase_add_test(starts, disconnecting_during_a_start_leaves_no_bound_session);
	suite_add_tcase(suite, starts);

	tcase_set_timeout(ends, 1200);
	tcase_add_checked_fixture(ends, fixture_start, fixture_stop);
	tcase_add_checked_fixture(ends, connect_bus, disconnect_bus);
	tcase_add_test(ends, sigterm_during_starts_ends_cleanly);
	tcase_add_test(ends, sigterm_does_not_wait_for_filters);
	tcase_add_test(ends, killed_in_the_middle_of_starts_it_starts_again);
	tcase_add_test(ends, killed_at_any_moment_it_is_not_armed);
	suite_add_tcase(suite, ends);
	return suite;
}

int main(void)
{
	return fixture_run(suite());
}
