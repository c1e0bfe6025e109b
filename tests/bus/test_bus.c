/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bus contract, from outside: the interfaces that are served, and calls that are refused. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bus/bus-fixture.h"
#include "tests/bus/introspection.h"

#define SESSIONS_MAX 64

static sd_bus *bus;

static void connect_bus(void)
{
	bus = fixture_connect();
}

static void disconnect_bus(void)
{
	bus = sd_bus_flush_close_unref(bus);
}

static void start_refused(
	const char *name, const char *text, const char *key, const char *type, const void *value)
{
	if (strcmp(type, "s") == 0)
		refused(bus, name, text, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}",
			1, key, "s", (const char *)value);
	else if (strcmp(type, "t") == 0)
		refused(bus, name, text, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}",
			1, key, "t", *(const uint64_t *)value);
	else
		refused(bus, name, text, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}",
			1, key, "as", 1, (const char *)value);
	ck_assert_uint_eq(sessions(bus), 0);
}

static void compare_introspection(const char *path, const char *interface, const char *file)
{
	sd_bus_message *reply =
		call(bus, path, "org.freedesktop.DBus.Introspectable", "Introspect", "");
	g_autofree char *name = g_build_filename(getenv("NFTTRACED_TEST_DBUS"), file, NULL);
	g_autofree char *text = NULL, *declared = NULL, *served = NULL;
	const char *xml;

	ck_assert_int_gt(sd_bus_message_read(reply, "s", &xml), 0);
	ck_assert(g_file_get_contents(name, &text, NULL, NULL));
	declared = introspection_digest(text, interface);
	served = introspection_digest(xml, interface);
	ck_assert_ptr_nonnull(declared);
	ck_assert_int_gt(strlen(declared), 100);
	ck_assert_str_eq(served, declared);
	sd_bus_message_unref(reply);
}

START_TEST(interfaces_match_the_xml)
{
	g_autofree char *path = start(bus);

	compare_introspection(MANAGER_PATH, MANAGER_INTERFACE, "org.nfttraced1.Manager.xml");
	compare_introspection(path, SESSION_INTERFACE, "org.nfttraced1.Session.xml");
	stop(bus, path);
}
END_TEST

/* A counter of the manager; UINT64_MAX if none has that name. */
static uint64_t counter(const char *name)
{
	sd_bus_message *reply = call(bus, MANAGER_PATH, "org.freedesktop.DBus.Properties", "Get",
		"ss", MANAGER_INTERFACE, "Counters");
	uint64_t value, found = UINT64_MAX;
	const char *key;

	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'v', "a{st}"), 0);
	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "{st}"), 0);
	while (sd_bus_message_read(reply, "{st}", &key, &value) > 0)
		if (strcmp(key, name) == 0)
			found = value;
	sd_bus_message_unref(reply);
	return found;
}

START_TEST(names_that_got_into_no_journal_are_counted)
{
	ck_assert_uint_eq(counter("names-lost"), 0);
	ck_assert_uint_eq(counter("names-overflow"), 0);
}
END_TEST

START_TEST(unknown_verdict_is_refused_with_the_list)
{
	start_refused(ERROR("InvalidVerdict"), "drop, accept, stolen", "Verdicts", "as", "explode");
}
END_TEST

START_TEST(unknown_section_is_refused_with_the_list)
{
	start_refused(ERROR("InvalidOption"), "packet, dev, ns, ct", "Sections", "as", "explode");
}
END_TEST

START_TEST(a_filter_that_libpcap_refuses_is_refused_in_its_words)
{
	start_refused(ERROR("InvalidFilter"), "syntax error", "Filter", "s", "udp port port");
}
END_TEST

START_TEST(unknown_option_is_refused_with_the_list)
{
	start_refused(ERROR("InvalidOption"), "BindToCaller", "Colour", "s", "blue");
}
END_TEST

START_TEST(an_option_of_another_type_is_refused_with_the_right_one)
{
	start_refused(ERROR("InvalidOption"), "Track must be a boolean (b)", "Track", "s", "yes");
	start_refused(ERROR("InvalidOption"), "Limit must be a number (t)", "Limit", "s", "7");
}
END_TEST

START_TEST(names_that_could_be_taken_for_something_else_are_refused)
{
	const char *const names[] = { "a/b", "a\033b", "-a", ".a", "17", "a\nb" };
	g_autofree char *longest = g_strnfill(65, 'a');

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		start_refused(ERROR("InvalidOption"), "Name", "Name", "s", names[i]);
	start_refused(ERROR("InvalidOption"), "Name", "Name", "s", longest);
}
END_TEST

START_TEST(numbers_out_of_range_are_refused)
{
	const uint64_t small = 4096, large = UINT64_MAX;

	start_refused(ERROR("InvalidOption"), "Size", "Size", "t", &small);
	start_refused(ERROR("InvalidOption"), "Rate", "Rate", "t", &large);
	start_refused(ERROR("InvalidOption"), "Duration", "Duration", "t", &large);
}
END_TEST

START_TEST(a_name_is_given_once_at_a_time)
{
	sd_bus_message *reply = call(bus, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}",
		1, "Name", "s", "steady");
	const char *path;

	ck_assert_int_gt(sd_bus_message_read(reply, "o", &path), 0);
	refused(bus, ERROR("InvalidOption"), "steady", MANAGER_PATH, MANAGER_INTERFACE,
		"StartSession", "a{sv}", 1, "Name", "s", "steady");
	stop(bus, path);
	sd_bus_message_unref(reply);
}
END_TEST

START_TEST(a_session_that_does_not_exist_is_refused)
{
	refused(bus, ERROR("NoSuchSession"), "999", MANAGER_PATH, MANAGER_INTERFACE, "StopSession",
		"o", "/org/nfttraced1/session/999");
	refused(bus, ERROR("NoSuchSession"), "999", "/org/nfttraced1/session/999",
		SESSION_INTERFACE, "Describe", "");
	refused(bus, ERROR("NoSuchSession"), "elsewhere", MANAGER_PATH, MANAGER_INTERFACE,
		"StopSession", "o", "/elsewhere");
}
END_TEST

START_TEST(session_beyond_the_limit_is_refused)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

	for (unsigned int i = 0; i < SESSIONS_MAX; i++)
		g_ptr_array_add(paths, start(bus));
	refused(bus, ERROR("TooManySessions"), "64", MANAGER_PATH, MANAGER_INTERFACE,
		"StartSession", "a{sv}", 0);
	for (unsigned int i = 0; i < SESSIONS_MAX; i++)
		stop(bus, paths->pdata[i]);
	ck_assert_uint_eq(sessions(bus), 0);
	start_and_stop(bus);
}
END_TEST

START_TEST(a_refused_change_leaves_the_session_as_it_is)
{
	g_autofree char *path = start(bus);
	sd_bus_message *reply;
	const char *key, *text = NULL;
	bool found = false;

	sd_bus_message_unref(call(bus, path, SESSION_INTERFACE, "SetFilter", "s", "udp port 53"));
	refused(bus, ERROR("InvalidFilter"), "syntax error", path, SESSION_INTERFACE, "SetFilter",
		"s", "udp port port");
	refused(bus, ERROR("InvalidVerdict"), "explode", path, SESSION_INTERFACE, "SetVerdicts",
		"as", 1, "explode");
	refused(bus, ERROR("InvalidVerdict"), "at least one", path, SESSION_INTERFACE,
		"SetVerdicts", "as", 0);

	reply = call(bus, path, SESSION_INTERFACE, "Describe", "");
	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "{sv}"), 0);
	while (sd_bus_message_enter_container(reply, 'e', "sv") > 0) {
		ck_assert_int_gt(sd_bus_message_read(reply, "s", &key), 0);
		if (strcmp(key, "Filter") == 0) {
			ck_assert_int_gt(sd_bus_message_read(reply, "v", "s", &text), 0);
			ck_assert_str_eq(text, "udp port 53");
			found = true;
		} else {
			ck_assert_int_gt(sd_bus_message_skip(reply, "v"), 0);
		}
		ck_assert_int_gt(sd_bus_message_exit_container(reply), 0);
	}
	ck_assert(found);
	sd_bus_message_unref(reply);
	stop(bus, path);
}
END_TEST

static void child_is_denied(sd_bus *other, void *argument)
{
	const char *session = argument, *denied = "org.freedesktop.DBus.Error.AccessDenied";

	refused(other, denied, "root", MANAGER_PATH, MANAGER_INTERFACE, "ListSessions", "");
	refused(other, denied, "root", MANAGER_PATH, MANAGER_INTERFACE, "GetConfiguration", "");
	refused(other, denied, "root", MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}", 0);
	refused(other, denied, "root", session, SESSION_INTERFACE, "Describe", "");
	refused(other, denied, "root", "/org/nfttraced1/session/999", SESSION_INTERFACE, "Describe",
		"");
	refused(other, denied, "root", "/elsewhere", SESSION_INTERFACE, "Describe", "");
	refused(other, denied, "root", session, NULL, "Describe", "");
	/* A call that wants no reply gets none, and has no effect. */
	call_silently(other, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}", 0);
	call_silently(other, session, SESSION_INTERFACE, "Stop", "");
	/* Every user may see these. */
	sd_bus_message_unref(call(other, session, "org.freedesktop.DBus.Properties", "GetAll", "s",
		SESSION_INTERFACE));
	sd_bus_message_unref(call(other, MANAGER_PATH, "org.freedesktop.DBus.ObjectManager",
		"GetManagedObjects", ""));
}

START_TEST(others_than_root_cannot_tell_whether_a_session_exists)
{
	g_autofree char *path = start(bus);

	ck_assert_int_eq(fixture_wait(fixture_in_child(65534, child_is_denied, path)), 0);
	ck_assert_uint_eq(sessions(bus), 1);
	stop(bus, path);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("bus");
	TCase *contract = tcase_create("contract");

	tcase_set_timeout(contract, 300);
	tcase_add_unchecked_fixture(contract, fixture_start, fixture_stop);
	tcase_add_checked_fixture(contract, connect_bus, disconnect_bus);
	tcase_add_test(contract, interfaces_match_the_xml);
	tcase_add_test(contract, names_that_got_into_no_journal_are_counted);
	tcase_add_test(contract, unknown_verdict_is_refused_with_the_list);
	tcase_add_test(contract, unknown_section_is_refused_with_the_list);
	tcase_add_test(contract, a_filter_that_libpcap_refuses_is_refused_in_its_words);
	tcase_add_test(contract, unknown_option_is_refused_with_the_list);
	tcase_add_test(contract, an_option_of_another_type_is_refused_with_the_right_one);
	tcase_add_test(contract, names_that_could_be_taken_for_something_else_are_refused);
	tcase_add_test(contract, numbers_out_of_range_are_refused);
	tcase_add_test(contract, a_name_is_given_once_at_a_time);
	tcase_add_test(contract, a_session_that_does_not_exist_is_refused);
	tcase_add_test(contract, session_beyond_the_limit_is_refused);
	tcase_add_test(contract, a_refused_change_leaves_the_session_as_it_is);
	tcase_add_test(contract, others_than_root_cannot_tell_whether_a_session_exists);
	suite_add_tcase(suite, contract);
	return suite;
}

int main(void)
{
	/* Counters keep the programs loaded from the first test to the last: loading takes long. */
	fixture_config = "[Daemon]\nDropSummary=no\n";
	return fixture_run(suite());
}
