/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Malicious callers: whatever they send, the daemon answers and does not grow.
 * NFTTRACED_TEST_CYCLES says how often sessions start and stop, and how many have streams.
 */
#include <check.h>
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bus/bus-fixture.h"
#include "tests/bus/holdings.h"

#define DEFAULT_CYCLES 200
#define WARM_UP        4 /* cycles until all memory that is kept has been allocated */
#define TIMED          1000 /* cycles that are timed at the beginning and at the end */
#define NONSENSE       1000 /* calls */
#define NONSENSE_STOPS 250 /* calls after which all sessions are stopped */
#define SESSIONS_MAX   64
#define FOLLOWERS_MAX  16
#define QUEUE_USEC     (240 * G_USEC_PER_SEC)
#define REASON_MAX     2048 /* bytes of an error message, whatever it quotes */

static sd_bus *bus;

static void connect_bus(void)
{
	bus = fixture_connect();
	/* Calls that wait behind 64 starts take longer than the usual 25 s in a guest. */
	ck_assert_int_ge(sd_bus_set_method_call_timeout(bus, QUEUE_USEC), 0);
}

static void disconnect_bus(void)
{
	bus = sd_bus_flush_close_unref(bus);
}

static unsigned int cycles(void)
{
	const char *text = getenv("NFTTRACED_TEST_CYCLES");

	return text ? strtoul(text, NULL, 10) : DEFAULT_CYCLES;
}

/* Any argument, of any type. */
static void append_nonsense(sd_bus_message *message, GRand *random)
{
	static const char *const strings[] = { "", "Name", "Filter", "udp", "\001\033[2J", "all",
		"/org/nfttraced1", "((((((((", "\xe2\x80\xae", "drop", "%s%n%n%n" };
	const char *string = strings[g_rand_int_range(random, 0, G_N_ELEMENTS(strings))];

	switch (g_rand_int_range(random, 0, 9)) {
	case 0:
		sd_bus_message_append(message, "s", string);
		break;
	case 1:
		sd_bus_message_append(message, "as", 2, string, "drop");
		break;
	case 2:
		sd_bus_message_append(message, "a{sv}", 1, string, "t", (uint64_t)-1);
		break;
	case 3:
		sd_bus_message_append(
			message, "a{sv}", 2, "Filter", "s", string, "BindToCaller", "b", 1);
		break;
	case 4:
		sd_bus_message_append(message, "o", "/org/nfttraced1/session/18446744073709551616");
		break;
	case 5:
		sd_bus_message_append(message, "h", STDIN_FILENO);
		break;
	case 6:
		sd_bus_message_append(message, "v", "a{sv}", 1, string, "s", string);
		break;
	case 7:
		sd_bus_message_append(message, "a{sv}", 1, "Verdicts", "as", 1, string);
		break;
	default:
		sd_bus_message_append(message, "");
		break;
	}
}

START_TEST(invalid_calls_are_answered_and_leave_no_state)
{
	static const char *const members[] = { "StartSession", "StopSession", "ListSessions",
		"CountHidden", "GetConfiguration", "Stop", "SetVerdicts", "SetFilter", "Describe",
		"Follow", "OpenJournal", "Get", "Set", "GetAll", "Introspect", "GetManagedObjects",
		"Nothing" };
	static const char *const interfaces[] = { MANAGER_INTERFACE, SESSION_INTERFACE,
		"org.freedesktop.DBus.Properties", "org.freedesktop.DBus.ObjectManager", NULL };
	g_autoptr(GRand) random = g_rand_new_with_seed(20);
	const char *const paths[] = { MANAGER_PATH, "/org/nfttraced1/session/1",
		"/org/nfttraced1/session/2", "/", "/org/nfttraced1/session",
		"/org/nfttraced1/session/0" };
	struct holdings before;

	hold(&before);
	for (unsigned int i = 0; i < NONSENSE; i++) {
		sd_bus_error error = SD_BUS_ERROR_NULL;
		sd_bus_message *message = NULL, *reply = NULL;
		const char *path = paths[g_rand_int_range(random, 0, G_N_ELEMENTS(paths))];
		const char *interface =
			interfaces[g_rand_int_range(random, 0, G_N_ELEMENTS(interfaces))];
		const char *member = members[g_rand_int_range(random, 0, G_N_ELEMENTS(members))];

		ck_assert_int_ge(sd_bus_message_new_method_call(
					 bus, &message, "org.nfttraced1", path, interface, member),
			0);
		append_nonsense(message, random);
		if (sd_bus_call(bus, message, 0, &error, &reply) < 0) {
			ck_assert_ptr_nonnull(error.name);
			ck_assert_str_ne(error.name, "org.freedesktop.DBus.Error.NoReply");
			ck_assert_str_ne(error.name, "org.freedesktop.DBus.Error.ServiceUnknown");
		}
		sd_bus_error_free(&error);
		sd_bus_message_unref(reply);
		sd_bus_message_unref(message);
		/* Rarely: the first session after none loads all programs. */
		if (i % NONSENSE_STOPS == 0)
			stop_all(bus);
	}
	stop_all(bus);
	assert_no_more(&before, 4096);
}
END_TEST

/* Sends StartSession with one option; asserts that the error is short. */
static void refused_briefly(const char *error_name, const char *key, const char *value)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;

	ck_assert_int_lt(sd_bus_call_method(bus, "org.nfttraced1", MANAGER_PATH, MANAGER_INTERFACE,
				 "StartSession", &error, NULL, "a{sv}", 1, key, "s", value),
		0);
	ck_assert_str_eq(error.name, error_name);
	ck_assert_uint_le(strlen(error.message), REASON_MAX);
	sd_bus_error_free(&error);
}

START_TEST(too_long_values_are_refused_briefly)
{
	g_autofree char *name = g_strnfill(100000, 'a'), *filter = g_strnfill(65537, '('),
			*key = g_strnfill(20 << 20, '\001');
	sd_bus_error error = SD_BUS_ERROR_NULL;

	refused_briefly(ERROR("InvalidOption"), "Name", name);
	refused_briefly(ERROR("FilterTooComplex"), "Filter", filter);
	refused_briefly(ERROR("InvalidOption"), key, "");
	ck_assert_int_lt(
		sd_bus_call_method(bus, "org.nfttraced1", MANAGER_PATH, MANAGER_INTERFACE,
			"StartSession", &error, NULL, "a{sv}", 1, "Verdicts", "as", 1, key),
		0);
	ck_assert_str_eq(error.name, ERROR("InvalidVerdict"));
	ck_assert_uint_le(strlen(error.message), REASON_MAX);
	sd_bus_error_free(&error);
	start_and_stop(bus);
}
END_TEST

START_TEST(a_thousand_options_are_as_good_as_their_worst)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *message = NULL, *reply = NULL;

	for (unsigned int wrong = 0; wrong < 2; wrong++) {
		ck_assert_int_ge(sd_bus_message_new_method_call(bus, &message, "org.nfttraced1",
					 MANAGER_PATH, MANAGER_INTERFACE, "StartSession"),
			0);
		ck_assert_int_ge(sd_bus_message_open_container(message, 'a', "{sv}"), 0);
		for (unsigned int i = 0; i < 1000; i++)
			sd_bus_message_append(message, "{sv}", "Filter", "s", "udp");
		if (wrong)
			sd_bus_message_append(message, "{sv}", "Colour", "s", "blue");
		ck_assert_int_ge(sd_bus_message_close_container(message), 0);
		ck_assert_int_eq(
			sd_bus_call(bus, message, 0, &error, &reply) < 0 ? 1 : 0, (int)wrong);
		sd_bus_error_free(&error);
		message = sd_bus_message_unref(message);
		reply = sd_bus_message_unref(reply);
	}
	stop_all(bus);
}
END_TEST

/* In ms, of `count` cycles. */
static double run_cycles(unsigned int count)
{
	int64_t begin = g_get_monotonic_time();

	for (unsigned int i = 0; i < count; i++)
		start_and_stop(bus);
	return (double)(g_get_monotonic_time() - begin) / 1000 / MAX(count, 1);
}

static unsigned int count_journals(void)
{
	g_autoptr(GDir) directory = g_dir_open(fixture.state, 0, NULL);
	unsigned int count = 0;
	const char *name;

	while ((name = g_dir_read_name(directory)))
		count += g_ascii_isdigit(*name) != 0;
	return count;
}

/* Journals are kept, as on a machine where sessions come and go: each known one takes memory. */
START_TEST(starts_and_stops_leak_nothing)
{
	unsigned int count = cycles(), part = MIN(count / 2, TIMED);
	struct holdings before;
	double first, last;

	kill(fixture.daemon, SIGTERM);
	fixture_wait(fixture.daemon);
	fixture_configure("[Daemon]\nDropCounters=no\nJournalsSize=1M\n");
	fixture_daemon_start();
	run_cycles(WARM_UP);
	hold(&before);
	first = run_cycles(part);
	run_cycles(count - 2 * part);
	last = run_cycles(part);
	printf("# %u cycles, the first %u of them %.2f ms each, the last %.2f ms; %u journals kept\n",
		count, part, first, last, count_journals());
	assert_no_more(&before, 256);
}
END_TEST

START_TEST(unread_streams_are_limited)
{
	unsigned int count = MIN(SESSIONS_MAX, cycles());
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	sd_bus_message *replies[SESSIONS_MAX * FOLLOWERS_MAX];
	struct holdings before;

	hold(&before);
	for (unsigned int i = 0; i < count; i++)
		g_ptr_array_add(paths, start(bus));
	for (unsigned int i = 0; i < count * FOLLOWERS_MAX; i++)
		replies[i] = call(bus, paths->pdata[i % count], SESSION_INTERFACE, "Follow",
			"a{sv}", 1, "FromStart", "b", 1);
	refused(bus, "org.freedesktop.DBus.Error.LimitsExceeded", "16", paths->pdata[0],
		SESSION_INTERFACE, "Follow", "a{sv}", 0);
	for (unsigned int i = 0; i < count * FOLLOWERS_MAX; i++)
		sd_bus_message_unref(replies[i]);
	stop_all(bus);
	assert_no_more(&before, 12288);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("hostile");
	TCase *cases = tcase_create("hostile"), *alone = tcase_create("cycles");

	tcase_set_timeout(cases, 300);
	tcase_add_unchecked_fixture(cases, fixture_start, fixture_stop);
	tcase_add_checked_fixture(cases, connect_bus, disconnect_bus);
	tcase_add_test(cases, invalid_calls_are_answered_and_leave_no_state);
	tcase_add_test(cases, too_long_values_are_refused_briefly);
	tcase_add_test(cases, a_thousand_options_are_as_good_as_their_worst);
	tcase_add_test(cases, unread_streams_are_limited);
	suite_add_tcase(suite, cases);

	tcase_set_timeout(alone, 3000);
	tcase_add_checked_fixture(alone, fixture_start, fixture_stop);
	tcase_add_checked_fixture(alone, connect_bus, disconnect_bus);
	tcase_add_test(alone, starts_and_stops_leak_nothing);
	suite_add_tcase(suite, alone);
	return suite;
}

int main(void)
{
	return fixture_run(suite());
}
