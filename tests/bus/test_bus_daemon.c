/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon on its bus: that there is one, what it installs, and what is left when it or the bus is gone. */
#include <check.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus_fixture.h"

static sd_bus *bus;

static void connect_bus(void)
{
	bus = fixture_connect();
}

static void disconnect_bus(void)
{
	bus = sd_bus_flush_close_unref(bus);
}

static void second_daemon(const char *state, const char *text)
{
	g_autofree char *errors = g_build_filename(fixture.directory, "second.err", NULL);
	g_autofree char *said = NULL;
	int status = fixture_wait(fixture_spawn(state, errors));

	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	ck_assert(g_file_get_contents(errors, &said, NULL, NULL));
	ck_assert_msg(strstr(said, "already running"), "it said: %s", said);
	ck_assert_msg(strstr(said, text), "it said: %s", said);
}

START_TEST(a_second_daemon_is_refused_by_its_state_directory_or_the_bus)
{
	g_autofree char *other = g_build_filename(fixture.directory, "other", NULL);

	second_daemon(fixture.state, "state directory");
	second_daemon(other, "org.nfttraced1 is owned by PID");
}
END_TEST

START_TEST(it_is_armed_while_there_is_a_session)
{
	g_autofree char *path = NULL;

	ck_assert(!fixture_table_exists());
	path = start(bus);
	ck_assert(fixture_table_exists());
	stop(bus, path);
	ck_assert(!fixture_table_exists());
}
END_TEST

START_TEST(killed_it_leaves_no_table_and_gives_no_id_twice)
{
	g_autofree char *before = start(bus), *after = NULL;

	ck_assert(fixture_table_exists());
	kill(fixture.daemon, SIGKILL);
	fixture_wait(fixture.daemon);
	ck_assert(!fixture_table_exists());
	fixture_daemon_start();
	after = start(bus);
	ck_assert_str_ne(before, after);
	stop(bus, after);
}
END_TEST

START_TEST(without_its_bus_it_ends_its_sessions_and_says_that_it_failed)
{
	g_autofree char *path = start(bus), *id = g_path_get_basename(path), *file = NULL,
			*journal = NULL;
	size_t size;
	int status;

	kill(fixture.bus, SIGTERM);
	fixture_wait(fixture.bus);
	status = fixture_wait(fixture.daemon);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	ck_assert(!fixture_table_exists());
	file = g_build_filename(fixture.state, id, "0000000001.nftj", NULL);
	ck_assert(g_file_get_contents(file, &journal, &size, NULL));
	ck_assert_ptr_nonnull(memmem(journal, size, "\"journaled\"", strlen("\"journaled\"")));
	fixture_bus_start();
	fixture_daemon_start();
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("bus_daemon");
	TCase *daemon = tcase_create("daemon"), *ends = tcase_create("ends");

	tcase_set_timeout(daemon, 300);
	tcase_add_unchecked_fixture(daemon, fixture_start, fixture_stop);
	tcase_add_checked_fixture(daemon, connect_bus, disconnect_bus);
	tcase_add_test(daemon, a_second_daemon_is_refused_by_its_state_directory_or_the_bus);
	tcase_add_test(daemon, it_is_armed_while_there_is_a_session);
	suite_add_tcase(suite, daemon);

	tcase_set_timeout(ends, 300);
	tcase_add_checked_fixture(ends, fixture_start, fixture_stop);
	tcase_add_checked_fixture(ends, connect_bus, disconnect_bus);
	tcase_add_test(ends, killed_it_leaves_no_table_and_gives_no_id_twice);
	tcase_add_test(ends, without_its_bus_it_ends_its_sessions_and_says_that_it_failed);
	suite_add_tcase(suite, ends);
	return suite;
}

int main(void)
{
	return fixture_run(suite());
}
