/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The private socket: root's way to the daemon when others flood the bus, or there is none. */
#include <check.h>
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bus/bus-fixture.h"

#define STRANGER   65534 /* the user "nobody" */
#define PEERS_MAX  256
#define STUCK_USEC (60 * G_USEC_PER_SEC) /* the daemon waits for 15 s */

/* A bus with a low limit of unread messages. */
#define SMALL_BUS                                            \
	"<limit name='max_incoming_bytes'>65536</limit>"     \
	"<limit name='max_outgoing_bytes'>100000000</limit>" \
	"<limit name='max_replies_per_connection'>100000</limit>"

static sd_bus *bus;
static char *path;

/* A daemon may accept a connection and not answer yet: the first call shows that. */
static sd_bus *connect_private(void)
{
	g_autofree char *address = g_strdup_printf("unix:path=%s", path);
	sd_bus *peer = NULL;

	ck_assert_int_ge(sd_bus_new(&peer), 0);
	ck_assert_int_ge(sd_bus_set_address(peer, address), 0);
	/* A connection that is closed at once is detected by a call, too. */
	sd_bus_start(peer);
	return peer;
}

static void begin(void)
{
	path = g_strdup_printf("/tmp/nfttraced-private-%d", (int)getpid());
	g_setenv("NFTTRACED_PRIVATE_SOCKET", path, TRUE);
	fixture_start();
	bus = connect_private();
}

static void finish(void)
{
	bus = sd_bus_flush_close_unref(bus);
	fixture_stop();
	/* The daemon removes it. */
	ck_assert_int_lt(access(path, F_OK), 0);
	g_clear_pointer(&path, g_free);
}

START_TEST(root_can_do_the_same_as_on_the_bus)
{
	sd_bus *other = fixture_connect();
	g_autofree char *session = start(bus);

	ck_assert_uint_eq(sessions(bus), 1);
	ck_assert_uint_eq(sessions(other), 1);
	sd_bus_message_unref(call(bus, session, SESSION_INTERFACE, "Describe", ""));
	sd_bus_message_unref(call(bus, MANAGER_PATH, "org.freedesktop.DBus.Properties", "GetAll",
		"s", MANAGER_INTERFACE));
	sd_bus_message_unref(call(
		bus, MANAGER_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", ""));
	sd_bus_message_unref(call(bus, session, SESSION_INTERFACE, "Follow", "a{sv}", 0));
	stop(bus, session);
	ck_assert_uint_eq(sessions(other), 0);
	refused(bus, ERROR("NoSuchSession"), session, session, SESSION_INTERFACE, "Describe", "");
	sd_bus_flush_close_unref(other);
}
END_TEST

START_TEST(a_session_that_is_bound_to_a_connection_ends_with_it)
{
	sd_bus *peer = connect_private();
	g_autofree char *unbound = start(peer);

	sd_bus_message_unref(call(peer, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}", 1,
		"BindToCaller", "b", 1));
	ck_assert_uint_eq(sessions(bus), 2);
	sd_bus_flush_close_unref(peer);
	await_sessions(bus, 1);
	stop(bus, unbound);
}
END_TEST

START_TEST(it_needs_no_bus)
{
	g_autofree char *session = NULL;

	kill(fixture.bus, SIGKILL);
	fixture_wait(fixture.bus);
	session = start(bus);
	ck_assert_uint_eq(sessions(bus), 1);
	stop(bus, session);
	fixture_bus_start();
	fixture_daemon_await();
}
END_TEST

static void begin_small(void)
{
	fixture_bus_limits = SMALL_BUS;
	begin();
}

/* Sends calls, and reads no replies. */
static void asks_only(sd_bus *connection, void *argument)
{
	for (;;) {
		sd_bus_message *message = NULL;
		uint64_t cookie; /* if it is not asked for, sd-bus requests no reply */

		if (sd_bus_message_new_method_call(connection, &message, "org.nfttraced1",
			    MANAGER_PATH, "org.freedesktop.DBus.Introspectable",
			    "Introspect") < 0 ||
			sd_bus_send(connection, message, &cookie) < 0 ||
			sd_bus_flush(connection) < 0)
			_exit(1);
		sd_bus_message_unref(message);
		g_usleep(1000);
	}
}

START_TEST(a_client_that_reads_no_replies_does_not_keep_others_from_theirs)
{
	sd_bus *caller = fixture_connect();
	int64_t end = g_get_monotonic_time() + STUCK_USEC;
	pid_t stranger;

	sd_bus_message_unref(call(caller, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}",
		1, "BindToCaller", "b", 1));
	stranger = fixture_in_child(STRANGER, asks_only, NULL);
	while (fixture_counter(bus, "bus-losses") == 0) {
		ck_assert(g_get_monotonic_time() < end);
		g_usleep(100 * 1000);
	}
	kill(stranger, SIGKILL);
	fixture_wait(stranger);
	fixture_daemon_await();
	/* It is the same bus, and the same caller. */
	ck_assert_uint_eq(sessions(caller), 1);
	sd_bus_flush_close_unref(caller);
	await_sessions(bus, 0);
}
END_TEST

static void starts_and_asks_only(sd_bus *connection, void *argument)
{
	sd_bus *peer = connect_private();

	sd_bus_message_unref(call(peer, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}", 1,
		"BindToCaller", "b", 1));
	asks_only(peer, NULL);
}

START_TEST(a_peer_that_reads_no_replies_is_disconnected_and_its_session_ends)
{
	pid_t peer = fixture_in_child(0, starts_and_asks_only, NULL);

	await_sessions(bus, 1);
	fixture_wait(peer);
	await_sessions(bus, 0);
}
END_TEST

static void knocks(sd_bus *connection, void *argument)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	_exit(connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 && errno == EACCES ? 0
											       : 1);
}

START_TEST(it_is_roots_alone)
{
	struct stat status;

	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0600);
	ck_assert_int_eq(fixture_wait(fixture_in_child(STRANGER, knocks, NULL)), 0);
	/* Nor does a changed mode let other users in: the kernel reports the peer's uid. */
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert_int_ne(fixture_wait(fixture_in_child(STRANGER, knocks, NULL)), 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
}
END_TEST

static int ask(sd_bus *peer)
{
	return sd_bus_call_method(peer, "org.nfttraced1", MANAGER_PATH, MANAGER_INTERFACE,
		"ListSessions", NULL, NULL, "");
}

static void asks(sd_bus *connection, void *argument)
{
	_exit(ask(connect_private()) < 0 ? 0 : 1);
}

START_TEST(peer_other_than_root_gets_no_answer)
{
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert_int_eq(fixture_wait(fixture_in_child(STRANGER, asks, NULL)), 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_uint_eq(sessions(bus), 0);
}
END_TEST

START_TEST(a_connection_beyond_the_limit_is_closed)
{
	sd_bus *peers[PEERS_MAX], *one_more;

	/* The fixture's connection is one of them. */
	for (unsigned int i = 0; i < PEERS_MAX - 1; i++) {
		peers[i] = connect_private();
		ck_assert_int_ge(ask(peers[i]), 0);
	}
	one_more = connect_private();
	ck_assert_int_lt(ask(one_more), 0);
	sd_bus_flush_close_unref(one_more);
	for (unsigned int i = 0; i < PEERS_MAX - 1; i++)
		sd_bus_flush_close_unref(peers[i]);
	/* The daemon may be behind with closing connections. */
	while (one_more = connect_private(), ask(one_more) < 0)
		sd_bus_close_unref(one_more);
	sd_bus_flush_close_unref(one_more);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("private");
	TCase *cases = tcase_create("private");
	TCase *small = tcase_create("a bus that is soon full");

	tcase_set_timeout(cases, 120);
	tcase_add_checked_fixture(cases, begin, finish);
	tcase_add_test(cases, root_can_do_the_same_as_on_the_bus);
	tcase_add_test(cases, a_session_that_is_bound_to_a_connection_ends_with_it);
	tcase_add_test(cases, it_needs_no_bus);
	tcase_add_test(cases, a_peer_that_reads_no_replies_is_disconnected_and_its_session_ends);
	tcase_add_test(cases, it_is_roots_alone);
	tcase_add_test(cases, peer_other_than_root_gets_no_answer);
	tcase_add_test(cases, a_connection_beyond_the_limit_is_closed);
	suite_add_tcase(suite, cases);

	tcase_set_timeout(small, 120);
	tcase_add_checked_fixture(small, begin_small, finish);
	tcase_add_test(small, a_client_that_reads_no_replies_does_not_keep_others_from_theirs);
	suite_add_tcase(suite, small);
	return suite;
}

int main(void)
{
	return fixture_run(suite());
}
