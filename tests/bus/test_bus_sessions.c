/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session on the bus: its lifetime, its properties, and how its events are read. */
#include <check.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bus/bus-fixture.h"

static sd_bus *bus;

static void connect_bus(void)
{
	bus = fixture_connect();
}

static void disconnect_bus(void)
{
	bus = sd_bus_flush_close_unref(bus);
}

static void child_binds(sd_bus *other, void *argument)
{
	sd_bus_message_unref(call(other, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}",
		1, "BindToCaller", "b", 1));
	pause();
}

START_TEST(bound_session_ends_when_its_caller_is_killed)
{
	pid_t pid = fixture_in_child(0, child_binds, NULL);

	await_sessions(bus, 1);
	kill(pid, SIGKILL);
	fixture_wait(pid);
	await_sessions(bus, 0);
}
END_TEST

START_TEST(a_session_that_is_not_bound_stays)
{
	g_autofree char *path = start(bus);

	disconnect_bus();
	connect_bus();
	ck_assert_uint_eq(sessions(bus), 1);
	stop(bus, path);
}
END_TEST

START_TEST(a_session_ends_after_its_duration)
{
	sd_bus_message_unref(call(bus, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}", 1,
		"Duration", "t", (uint64_t)200000));
	await_sessions(bus, 0);
}
END_TEST

static void totals_balance(const char *path)
{
	const char *const names[] = { "Matched", "Journaled", "Lost", "Suppressed", "Pending" };
	uint64_t values[G_N_ELEMENTS(names)];

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		ck_assert_int_ge(sd_bus_get_property_trivial(bus, "org.nfttraced1", path,
					 SESSION_INTERFACE, names[i], NULL, 't', &values[i]),
			0);
	ck_assert_uint_eq(values[0], values[1] + values[2] + values[3] + values[4]);
}

START_TEST(properties_can_be_read_and_object_manager_has_the_session)
{
	g_autofree char *path = start(bus);
	sd_bus_message *reply;
	char *state = NULL;
	const char *object;
	bool found = false;
	int armed;

	ck_assert_int_ge(sd_bus_get_property_string(bus, "org.nfttraced1", MANAGER_PATH,
				 MANAGER_INTERFACE, "State", NULL, &state),
		0);
	ck_assert_str_eq(state, "ready");
	free(state);
	ck_assert_int_ge(sd_bus_get_property_string(bus, "org.nfttraced1", path, SESSION_INTERFACE,
				 "State", NULL, &state),
		0);
	ck_assert_str_eq(state, "running");
	free(state);
	ck_assert_int_ge(sd_bus_get_property_trivial(bus, "org.nfttraced1", MANAGER_PATH,
				 MANAGER_INTERFACE, "Armed", NULL, 'b', &armed),
		0);
	ck_assert_int_eq(armed, 1);
	totals_balance(path);

	reply = call(
		bus, MANAGER_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "");
	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "{oa{sa{sv}}}"), 0);
	while (sd_bus_message_enter_container(reply, 'e', "oa{sa{sv}}") > 0) {
		ck_assert_int_gt(sd_bus_message_read(reply, "o", &object), 0);
		found = found || strcmp(object, path) == 0;
		ck_assert_int_gt(sd_bus_message_skip(reply, "a{sa{sv}}"), 0);
		ck_assert_int_gt(sd_bus_message_exit_container(reply), 0);
	}
	ck_assert(found);
	sd_bus_message_unref(reply);
	stop(bus, path);
	ck_assert_int_ge(sd_bus_get_property_trivial(bus, "org.nfttraced1", MANAGER_PATH,
				 MANAGER_INTERFACE, "Armed", NULL, 'b', &armed),
		0);
	ck_assert_int_eq(armed, 0);
}
END_TEST

START_TEST(the_journal_is_reached_through_its_descriptor_only)
{
	g_autofree char *path = start(bus);
	sd_bus_message *reply = call(bus, path, SESSION_INTERFACE, "OpenJournal", "");
	struct stat status;
	int fd;

	ck_assert_int_gt(sd_bus_message_read(reply, "h", &fd), 0);
	ck_assert_int_eq(fstatat(fd, "0000000001.nftj", &status, 0), 0);
	ck_assert_int_eq(stat(fixture.state, &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0700);
	sd_bus_message_unref(reply);
	stop(bus, path);
}
END_TEST

START_TEST(a_stream_is_the_journal_and_ends_with_the_session)
{
	g_autofree char *path = start(bus), *file = NULL, *journal = NULL,
			*id = g_path_get_basename(path);
	sd_bus_message *reply =
		call(bus, path, SESSION_INTERFACE, "Follow", "a{sv}", 1, "FromStart", "b", 1);
	char stream[65536];
	size_t size, journal_size;
	int fd;

	ck_assert_int_gt(sd_bus_message_read(reply, "h", &fd), 0);
	stop(bus, path);
	size = read_stream(fd, stream, sizeof(stream));
	file = g_build_filename(fixture.state, id, "0000000001.nftj", NULL);
	ck_assert(g_file_get_contents(file, &journal, &journal_size, NULL));
	ck_assert_uint_eq(size, journal_size);
	ck_assert_mem_eq(stream, journal, size);
	sd_bus_message_unref(reply);
}
END_TEST

START_TEST(a_stream_from_now_begins_with_the_dictionaries)
{
	g_autofree char *path = start(bus);
	sd_bus_message *reply = call(bus, path, SESSION_INTERFACE, "Follow", "a{sv}", 0);
	char head[8];
	int fd;

	ck_assert_int_gt(sd_bus_message_read(reply, "h", &fd), 0);
	ck_assert_uint_eq(read_stream(fd, head, sizeof(head)), sizeof(head));
	ck_assert_mem_eq(head, "nftjrnl\n", sizeof(head));
	refused(bus, ERROR("InvalidOption"), "FromStart", path, SESSION_INTERFACE, "Follow",
		"a{sv}", 1, "Backwards", "b", 1);
	sd_bus_message_unref(reply);
	stop(bus, path);
}
END_TEST

START_TEST(a_stream_is_lines_of_json_if_that_is_asked_for)
{
	g_autofree char *path = start(bus), *all = NULL;
	sd_bus_message *reply = call(bus, path, SESSION_INTERFACE, "Follow", "a{sv}", 2,
		"FromStart", "b", 1, "Format", "s", "json");
	char stream[65536];
	size_t size;
	int fd;

	ck_assert_int_gt(sd_bus_message_read(reply, "h", &fd), 0);
	stop(bus, path);
	size = read_stream(fd, stream, sizeof(stream));
	all = g_strndup(stream, size);
	ck_assert_ptr_nonnull(strstr(all, "\"startup\":{\"retis_version\":"));
	ck_assert_ptr_nonnull(strstr(all, "\"end\":{\"matched\":"));
	ck_assert(g_str_has_prefix(all, "{\"common\":") && g_str_has_suffix(all, "}\n"));
	sd_bus_message_unref(reply);
}
END_TEST

START_TEST(a_stream_has_no_other_formats)
{
	g_autofree char *path = start(bus);

	refused(bus, ERROR("InvalidOption"), "journal or json", path, SESSION_INTERFACE, "Follow",
		"a{sv}", 1, "Format", "s", "xml");
	refused(bus, ERROR("InvalidOption"), "Format", path, SESSION_INTERFACE, "Follow", "a{sv}",
		1, "Format", "b", 1);
	stop(bus, path);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("bus_sessions");
	TCase *sessions = tcase_create("sessions");

	tcase_set_timeout(sessions, 300);
	tcase_add_unchecked_fixture(sessions, fixture_start, fixture_stop);
	tcase_add_checked_fixture(sessions, connect_bus, disconnect_bus);
	tcase_add_test(sessions, bound_session_ends_when_its_caller_is_killed);
	tcase_add_test(sessions, a_session_that_is_not_bound_stays);
	tcase_add_test(sessions, a_session_ends_after_its_duration);
	tcase_add_test(sessions, properties_can_be_read_and_object_manager_has_the_session);
	tcase_add_test(sessions, the_journal_is_reached_through_its_descriptor_only);
	tcase_add_test(sessions, a_stream_is_the_journal_and_ends_with_the_session);
	tcase_add_test(sessions, a_stream_from_now_begins_with_the_dictionaries);
	tcase_add_test(sessions, a_stream_is_lines_of_json_if_that_is_asked_for);
	tcase_add_test(sessions, a_stream_has_no_other_formats);
	suite_add_tcase(suite, sessions);
	return suite;
}

int main(void)
{
	return fixture_run(suite());
}
