/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon on its bus: a second one is refused, what it installs, and what remains after the
 * daemon or the bus has ended. */
#include <check.h>
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bus/bus-fixture.h"

#define LOG_PATH      "/org/freedesktop/LogControl1"
#define LOG_INTERFACE "org.freedesktop.LogControl1"
#define STRANGER      65534 /* the user "nobody" */
#define LINES         1000 /* of the log: more than fit into a socket that is not read */
#define LOG_USEC      (30 * G_USEC_PER_SEC)

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

static char *configuration_of(void)
{
	g_autofree char *path = g_build_filename(fixture.directory, "nfttraced.conf", NULL);
	char *text;

	ck_assert(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static void may_not_reload(sd_bus *other, void *argument)
{
	refused(other, "org.freedesktop.DBus.Error.AccessDenied", "root", MANAGER_PATH,
		MANAGER_INTERFACE, "Reload", "");
}

START_TEST(reload_replies_with_its_result)
{
	g_autofree char *before = configuration_of();

	sd_bus_message_unref(call(bus, MANAGER_PATH, MANAGER_INTERFACE, "Reload", ""));
	fixture_configure("[Daemon]\nDropCounters=no\nJournalSize=banana\n");
	refused(bus, ERROR("InvalidConfiguration"), "nfttraced.conf:3: JournalSize=", MANAGER_PATH,
		MANAGER_INTERFACE, "Reload", "");
	/* libpcap's refusal of a filter is found later, by another process. */
	fixture_configure("[Daemon]\nDropCounters=no\n[Session bad]\nFilter=udp portt\n");
	refused(bus, ERROR("InvalidConfiguration"), "nfttraced.conf:4: Filter: ", MANAGER_PATH,
		MANAGER_INTERFACE, "Reload", "");
	fixture_configure(before);
	sd_bus_message_unref(call(bus, MANAGER_PATH, MANAGER_INTERFACE, "Reload", ""));
	ck_assert_int_eq(fixture_wait(fixture_in_child(STRANGER, may_not_reload, NULL)), 0);
}
END_TEST

START_TEST(daemon_is_armed_while_a_session_runs)
{
	g_autofree char *path = NULL;

	ck_assert(!fixture_armed());
	path = start(bus);
	ck_assert(fixture_armed());
	ck_assert_int_eq(system("[ -z \"$(nft list ruleset)\" ]"), 0);
	stop(bus, path);
	ck_assert(!fixture_armed());
}
END_TEST

START_TEST(killed_it_is_not_armed_and_gives_no_id_twice)
{
	g_autofree char *before = start(bus), *after = NULL;

	ck_assert(fixture_armed());
	kill(fixture.daemon, SIGKILL);
	fixture_wait(fixture.daemon);
	ck_assert(!fixture_armed());
	fixture_daemon_start();
	after = start(bus);
	ck_assert_str_ne(before, after);
	stop(bus, after);
}
END_TEST

static void bus_end(void)
{
	kill(fixture.bus, SIGTERM);
	fixture_wait(fixture.bus);
}

START_TEST(sessions_survive_a_bus_restart_and_daemon_reconnects)
{
	g_autofree char *path = start(bus), *other = NULL;
	sd_bus_message *bound = call(bus, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}",
		1, "BindToCaller", "b", 1);

	sd_bus_message_unref(bound);
	bus_end();
	disconnect_bus();
	fixture_bus_start();
	fixture_daemon_await();
	connect_bus();
	/* The session bound to a caller has ended, because its caller has left the bus. */
	await_sessions(bus, 1);
	ended_with(bus, 2, "bus-replaced");
	ck_assert(fixture_armed());
	other = start(bus);
	stop(bus, other);
	stop(bus, path);
	ended_with(bus, 1, "stopped");
	ck_assert(!fixture_armed());
}
END_TEST

/* Forwards bytes, for one connection after the other: a bus that the daemon can lose while others
 * keep it. */
static void hand_on(int from, int to)
{
	struct pollfd fds[] = { { .fd = from, .events = POLLIN }, { .fd = to, .events = POLLIN } };
	char buffer[4096];

	while (poll(fds, G_N_ELEMENTS(fds), -1) > 0) {
		for (unsigned int i = 0; i < G_N_ELEMENTS(fds); i++) {
			ssize_t size = fds[i].revents ? read(fds[i].fd, buffer, sizeof(buffer)) : 0;

			if (fds[i].revents &&
				(size <= 0 || write(fds[1 - i].fd, buffer, size) != size))
				return;
		}
	}
}

static int socket_at(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	g_strlcpy(ret->sun_path, path, sizeof(ret->sun_path));
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static pid_t relay_start(const char *path)
{
	g_autofree char *bus_path = g_build_filename(fixture.directory, "bus", NULL);
	struct sockaddr_un address, bus_address;
	int listener = socket_at(path, &address);
	pid_t pid;

	unlink(path);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	pid = fork();
	if (pid == 0) {
		int from, to;

		/* The forwarder must not hold callers' connections open. */
		dup2(listener, STDERR_FILENO + 1);
		close_range(STDERR_FILENO + 2, ~0U, 0);
		from = accept(STDERR_FILENO + 1, NULL, NULL);
		to = socket_at(bus_path, &bus_address);
		if (connect(to, (struct sockaddr *)&bus_address, sizeof(bus_address)) == 0)
			hand_on(from, to);
		_exit(0);
	}
	close(listener);
	return pid;
}

static void daemon_again(const char *bus_path)
{
	g_autofree char *own = g_strdup(g_getenv("DBUS_SYSTEM_BUS_ADDRESS"));
	g_autofree char *address = g_strdup_printf("unix:path=%s", bus_path);

	kill(fixture.daemon, SIGTERM);
	fixture_wait(fixture.daemon);
	g_setenv("DBUS_SYSTEM_BUS_ADDRESS", address, TRUE);
	fixture.daemon = fixture_spawn(fixture.state, NULL);
	g_setenv("DBUS_SYSTEM_BUS_ADDRESS", own, TRUE);
	fixture_daemon_await();
}

START_TEST(bound_session_survives_a_bus_restart_with_its_caller)
{
	g_autofree char *path = g_build_filename(fixture.directory, "relay", NULL);
	pid_t relay = relay_start(path);
	sd_bus *stays, *leaves;

	daemon_again(path);
	stays = fixture_connect();
	leaves = fixture_connect();
	sd_bus_message_unref(call(stays, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}",
		1, "BindToCaller", "b", 1));
	sd_bus_message_unref(call(leaves, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}",
		1, "BindToCaller", "b", 1));
	ck_assert_uint_eq(sessions(bus), 2);
	kill(relay, SIGKILL);
	fixture_wait(relay);
	sd_bus_flush_close_unref(leaves);
	relay = relay_start(path);
	fixture_daemon_await();
	/* One caller is still connected; the other one is not. */
	await_sessions(bus, 1);
	ended_with(bus, 2, "caller-left-unseen");
	start_and_stop(stays);
	ck_assert_uint_eq(sessions(bus), 1);
	ck_assert_ptr_null(end_reason(bus, 1));
	sd_bus_flush_close_unref(stays);
	await_sessions(bus, 0);
	ended_with(bus, 1, "caller-left");
	kill(relay, SIGKILL);
	fixture_wait(relay);
}
END_TEST

START_TEST(daemon_is_ready_without_a_bus_and_joins_later)
{
	g_autofree char *notify = g_build_filename(fixture.directory, "notify", NULL);
	g_autofree char *path = NULL;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char said[256] = "";

	kill(fixture.daemon, SIGTERM);
	fixture_wait(fixture.daemon);
	bus_end();
	disconnect_bus();
	g_strlcpy(address.sun_path, notify, sizeof(address.sun_path));
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&address, sizeof(address)), 0);
	g_setenv("NOTIFY_SOCKET", notify, TRUE);
	fixture.daemon = fixture_spawn(fixture.state, NULL);
	g_unsetenv("NOTIFY_SOCKET");
	ck_assert_int_gt(recv(manager, said, sizeof(said) - 1, 0), 0);
	ck_assert_msg(g_str_has_prefix(said, "READY=1"), "it said: %s", said);
	ck_assert_msg(strstr(said, "no bus"), "it said: %s", said);
	close(manager);
	fixture_bus_start();
	fixture_daemon_await();
	connect_bus();
	path = start(bus);
	stop(bus, path);
}
END_TEST

START_TEST(configured_sessions_exist_once_the_bus_name_does)
{
	disconnect_bus();
	kill(fixture.daemon, SIGTERM);
	fixture_wait(fixture.daemon);
	fixture_configure("[Daemon]\nDropCounters=no\n[Session web]\nFilter=udp port 8080\n");
	fixture_daemon_start();
	connect_bus();
	ck_assert_uint_eq(sessions(bus), 1);
}
END_TEST

START_TEST(a_wrong_option_is_usage)
{
	const char *const arguments[] = { g_getenv("NFTTRACED_TEST_DAEMON"), "--attach=tape",
		NULL };
	g_autofree char *said = NULL;
	int status;

	ck_assert(g_spawn_sync(NULL, (char **)arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL,
		&said, &status, NULL));
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 2);
	ck_assert_str_eq(said,
		"nfttraced: --attach=tape: must be auto, kprobe or fentry; see nfttraced --help\n");
}
END_TEST

START_TEST(the_log_has_a_level_that_root_sets)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	char *level = NULL;

	ck_assert_int_ge(sd_bus_set_property(bus, "org.nfttraced1", LOG_PATH, LOG_INTERFACE,
				 "LogLevel", &error, "s", "debug"),
		0);
	ck_assert_int_ge(sd_bus_get_property_string(bus, "org.nfttraced1", LOG_PATH, LOG_INTERFACE,
				 "LogLevel", &error, &level),
		0);
	ck_assert_str_eq(level, "debug");
	g_free(level);
	ck_assert_int_lt(sd_bus_set_property(bus, "org.nfttraced1", LOG_PATH, LOG_INTERFACE,
				 "LogLevel", &error, "s", "loud"),
		0);
	ck_assert_msg(strstr(error.message, "emerg, alert"), "it said: %s", error.message);
	sd_bus_error_free(&error);
}
END_TEST

static void set_level_as_stranger(sd_bus *connection, void *argument)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = sd_bus_set_property(connection, "org.nfttraced1", LOG_PATH, LOG_INTERFACE,
		"LogLevel", &error, "s", "emerg");

	_exit(r < 0 && sd_bus_error_has_name(&error, SD_BUS_ERROR_ACCESS_DENIED) ? 0 : 1);
}

START_TEST(the_log_level_is_not_for_strangers)
{
	int status = fixture_wait(fixture_in_child(STRANGER, set_level_as_stranger, NULL));

	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

/* Replaces the system journal with a socket, for this test and the daemons that it starts. */
static int journal_begin(void)
{
	const struct sockaddr_un address = {
		.sun_family = AF_UNIX,
		.sun_path = "/run/systemd/journal/socket",
	};
	int journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	g_autofree char *stream = NULL;
	struct stat status;

	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("tmpfs", "/run", "tmpfs", 0, NULL), 0);
	ck_assert_int_eq(g_mkdir_with_parents("/run/systemd/journal", 0755), 0);
	ck_assert_int_eq(bind(journal, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(fstat(STDERR_FILENO, &status), 0);
	stream = g_strdup_printf(
		"%" PRIu64 ":%" PRIu64, (uint64_t)status.st_dev, (uint64_t)status.st_ino);
	g_setenv("JOURNAL_STREAM", stream, TRUE);
	return journal;
}

/* Reads lines of the log until `count` of them contain `text`. */
static void await_lines(int journal, const char *text, unsigned int count)
{
	int64_t end = g_get_monotonic_time() + LOG_USEC;

	while (count > 0) {
		char line[4096] = "";

		if (recv(journal, line, sizeof(line) - 1, 0) < 0) {
			ck_assert_msg(g_get_monotonic_time() < end,
				"%u lines with \"%s\" did not come", count, text);
			g_usleep(10 * 1000);
		}
		count -= strstr(line, text) != NULL;
	}
}

START_TEST(blocked_system_journal_does_not_block_daemon)
{
	int journal, status;

	disconnect_bus();
	kill(fixture.daemon, SIGTERM);
	fixture_wait(fixture.daemon);
	journal = journal_begin();
	fixture_daemon_start();
	connect_bus();
	for (unsigned int i = 0; i < LINES; i++)
		ck_assert_int_ge(sd_bus_set_property(bus, "org.nfttraced1", LOG_PATH, LOG_INTERFACE,
					 "LogLevel", NULL, "s", "debug"),
			0);
	start_and_stop(bus);
	await_lines(journal, "log level is debug", LINES);
	await_lines(journal, "session 1 ended", 1);
	/* An unread journal does not keep the daemon from ending, either. */
	for (unsigned int i = 0; i < LINES; i++)
		ck_assert_int_ge(sd_bus_set_property(bus, "org.nfttraced1", LOG_PATH, LOG_INTERFACE,
					 "LogLevel", NULL, "s", "debug"),
			0);
	kill(fixture.daemon, SIGTERM);
	status = fixture_wait(fixture.daemon);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(journal);
	g_unsetenv("JOURNAL_STREAM");
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
	tcase_add_test(daemon, reload_replies_with_its_result);
	tcase_add_test(daemon, a_wrong_option_is_usage);
	tcase_add_test(daemon, the_log_has_a_level_that_root_sets);
	tcase_add_test(daemon, the_log_level_is_not_for_strangers);
	tcase_add_test(daemon, daemon_is_armed_while_a_session_runs);
	suite_add_tcase(suite, daemon);

	tcase_set_timeout(ends, 300);
	tcase_add_checked_fixture(ends, fixture_start, fixture_stop);
	tcase_add_checked_fixture(ends, connect_bus, disconnect_bus);
	tcase_add_test(ends, killed_it_is_not_armed_and_gives_no_id_twice);
	tcase_add_test(ends, sessions_survive_a_bus_restart_and_daemon_reconnects);
	tcase_add_test(ends, bound_session_survives_a_bus_restart_with_its_caller);
	tcase_add_test(ends, configured_sessions_exist_once_the_bus_name_does);
	tcase_add_test(ends, daemon_is_ready_without_a_bus_and_joins_later);
	tcase_add_test(ends, blocked_system_journal_does_not_block_daemon);
	suite_add_tcase(suite, ends);
	return suite;
}

int main(void)
{
	return fixture_run(suite());
}
