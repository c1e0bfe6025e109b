/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GetDropCounters, from outside: the contents of a reply, and replies with thousands of
 * counters. */
#include <check.h>
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bus/bus-fixture.h"

#define CALLS   100
#define WAITING 64 /* calls that the daemon lets wait */

static sd_bus *bus;

static void daemon_again(const char *config, const char *drops)
{
	kill(fixture.daemon, SIGTERM);
	fixture_wait(fixture.daemon);
	fixture_configure(config);
	if (drops)
		g_setenv("NFTTRACED_FAKE_DROPS", drops, TRUE);
	fixture_daemon_start();
	g_unsetenv("NFTTRACED_FAKE_DROPS");
}

static void set_up(void)
{
	fixture_start();
	bus = fixture_connect();
}

static void tear_down(void)
{
	bus = sd_bus_flush_close_unref(bus);
	fixture_stop();
}

static void count_drops(const char *drops)
{
	daemon_again("[Daemon]\nDropCounters=yes\nDropSummary=no\nAllowSystemChanges=no\n", drops);
}

static sd_bus_message *get_counters(void)
{
	return call(bus, MANAGER_PATH, MANAGER_INTERFACE, "GetDropCounters", "a{sv}", 0);
}

/* A dictionary as a line of "key type", in the order of the message; its numbers in `numbers`. */
static char *read_keys(sd_bus_message *reply, GHashTable *numbers)
{
	g_autoptr(GString) keys = g_string_new(NULL);

	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "{sv}"), 0);
	while (sd_bus_message_enter_container(reply, 'e', "sv") > 0) {
		const char *key, *type;

		ck_assert_int_gt(sd_bus_message_read(reply, "s", &key), 0);
		ck_assert_int_gt(sd_bus_message_peek_type(reply, NULL, &type), 0);
		g_string_append_printf(keys, "%s%s %s", keys->len ? ", " : "", key, type);
		if (strcmp(type, "t") == 0) {
			uint64_t *number = g_new(uint64_t, 1);

			ck_assert_int_gt(sd_bus_message_read(reply, "v", "t", number), 0);
			g_hash_table_insert(numbers, g_strdup(key), number);
		} else {
			ck_assert_int_gt(sd_bus_message_skip(reply, "v"), 0);
		}
		ck_assert_int_ge(sd_bus_message_exit_container(reply), 0);
	}
	ck_assert_int_ge(sd_bus_message_exit_container(reply), 0);
	return g_string_free(g_steal_pointer(&keys), FALSE);
}

static uint64_t number(GHashTable *numbers, const char *key)
{
	const uint64_t *value = g_hash_table_lookup(numbers, key);

	ck_assert_ptr_nonnull(value);
	return *value;
}

static void read_reply(sd_bus_message *reply, unsigned int counters)
{
	g_autoptr(GHashTable) numbers =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autofree char *totals = NULL;
	uint64_t packets = 0, bytes = 0;
	unsigned int count = 0;

	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "a{sv}"), 0);
	while (!sd_bus_message_at_end(reply, 0)) {
		g_autofree char *keys = read_keys(reply, numbers);
		const char *wanted =
			"netns-cookie t, netns-inode u, family s, table s, table-handle t, "
			"chain s, chain-handle t, policy b, packets t, bytes t, first t, "
			"last t, handle t, example s";

		/* Its first rule is a policy. */
		if (!strstr(keys, ", handle t"))
			wanted =
				"netns-cookie t, netns-inode u, family s, table s, table-handle t, "
				"chain s, chain-handle t, policy b, packets t, bytes t, first t, last t, "
				"example s";
		ck_assert_str_eq(keys, wanted);
		packets += number(numbers, "packets");
		bytes += number(numbers, "bytes");
		count++;
	}
	ck_assert_int_ge(sd_bus_message_exit_container(reply), 0);
	ck_assert_uint_eq(count, counters);
	totals = read_keys(reply, numbers);
	ck_assert_str_eq(totals, "packets t, bytes t, uncounted t, missed t");
	ck_assert_uint_eq(number(numbers, "packets"), packets);
	ck_assert_uint_eq(number(numbers, "bytes"), bytes);
	ck_assert_uint_eq(packets, (uint64_t)counters * (counters + 1) / 2);
}

START_TEST(without_counters_it_is_not_supported)
{
	refused(bus, "org.nfttraced1.Error.NotSupported", "DropCounters=no", MANAGER_PATH,
		MANAGER_INTERFACE, "GetDropCounters", "a{sv}", 0);
}
END_TEST

START_TEST(an_unknown_option_is_refused)
{
	count_drops(NULL);
	refused(bus, "org.nfttraced1.Error.InvalidOption", "Frobnicate", MANAGER_PATH,
		MANAGER_INTERFACE, "GetDropCounters", "a{sv}", 1, "Frobnicate", "b", 1);
}
END_TEST

START_TEST(a_reply_has_every_counter_and_the_totals)
{
	static const char *const counts[] = { "0", "1", "65", "300" };

	for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
		sd_bus_message *reply;

		count_drops(counts[i]);
		reply = get_counters();
		read_reply(reply, (unsigned int)atoi(counts[i]));
		sd_bus_message_unref(reply);
	}
}
END_TEST

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	unsigned int *answers = userdata;

	answers[sd_bus_message_is_method_error(reply, NULL) != 0]++;
	return 0;
}

static void call_later(sd_bus *connection, unsigned int *answers)
{
	ck_assert_int_ge(
		sd_bus_call_method_async(connection, NULL, "org.nfttraced1", MANAGER_PATH,
			MANAGER_INTERFACE, "GetDropCounters", on_reply, answers, "a{sv}", 0),
		0);
}

static void process(sd_bus *connection)
{
	if (sd_bus_process(connection, NULL) == 0)
		sd_bus_wait(connection, G_USEC_PER_SEC);
}

START_TEST(others_are_answered_while_thousands_are_put_together)
{
	unsigned int answers[2] = { 0 }, others[2] = { 0 };

	count_drops("4096");
	call_later(bus, answers);
	ck_assert_int_ge(sd_bus_call_method_async(bus, NULL, "org.nfttraced1", MANAGER_PATH,
				 "org.freedesktop.DBus.Properties", "Get", on_reply, others, "ss",
				 MANAGER_INTERFACE, "Armed"),
		0);
	while (!others[0])
		process(bus);
	/* The later call does not wait for the reply that takes longer. */
	ck_assert_uint_eq(answers[0], 0);
	while (!answers[0])
		process(bus);
}
END_TEST

START_TEST(a_flood_is_bounded_and_every_call_is_answered)
{
	unsigned int answers[2] = { 0 };

	count_drops("512");
	for (unsigned int i = 0; i < CALLS; i++)
		call_later(bus, answers);
	while (answers[0] + answers[1] < CALLS)
		process(bus);
	ck_assert_uint_ge(answers[0], WAITING);
	sd_bus_message_unref(get_counters());
}
END_TEST

START_TEST(it_ends_while_calls_wait)
{
	unsigned int answers[2] = { 0 };

	count_drops("4096");
	for (unsigned int i = 0; i < WAITING; i++)
		call_later(bus, answers);
	ck_assert_int_ge(sd_bus_flush(bus), 0);
	kill(fixture.daemon, SIGTERM);
	ck_assert_int_eq(fixture_wait(fixture.daemon), 0);
	fixture_daemon_start();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("drop_replies");
	TCase *tcase = tcase_create("drops");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, without_counters_it_is_not_supported);
	tcase_add_test(tcase, an_unknown_option_is_refused);
	tcase_add_test(tcase, a_reply_has_every_counter_and_the_totals);
	tcase_add_test(tcase, others_are_answered_while_thousands_are_put_together);
	tcase_add_test(tcase, a_flood_is_bounded_and_every_call_is_answered);
	tcase_add_test(tcase, it_ends_while_calls_wait);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
