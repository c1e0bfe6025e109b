/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bus and a daemon for tests; see bus-fixture.h. */
#include "tests/bus/bus-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hidden-netns.h"

#define PATIENCE_USEC (30 * G_USEC_PER_SEC) /* a guest is slow */

struct fixture fixture;
const char *fixture_bus_limits = "<limit name='max_replies_per_connection'>1024</limit>";

const char *fixture_config = "[Daemon]\nDropCounters=no\n";

static const char bus_config[] =
	"<busconfig><type>system</type><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>"
	"<policy context='default'><allow user='*'/><allow own='*'/>"
	"<allow send_destination='*'/><allow receive_type='method_call'/>"
	"<allow receive_type='method_return'/><allow receive_type='error'/>"
	"<allow receive_type='signal'/></policy>"
	"%s</busconfig>";

static pid_t spawn(const char *const *arguments, const char *error_path)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (error_path) {
		int fd = open(error_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(fd, STDERR_FILENO);
	}
	execvp(arguments[0], (char *const *)arguments);
	_exit(127);
}

pid_t fixture_spawn(const char *state, const char *error_path)
{
	const char *daemon = getenv("NFTTRACED_TEST_DAEMON");
	g_autofree char *config = g_build_filename(fixture.directory, "nfttraced.conf", NULL);
	const char *const arguments[] = { daemon, "--config", config, "--state-dir", state, NULL };

	ck_assert_msg(daemon, "NFTTRACED_TEST_DAEMON must name the daemon");
	return spawn(arguments, error_path);
}

int fixture_wait(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

sd_bus *fixture_connect(void)
{
	int64_t end = g_get_monotonic_time() + PATIENCE_USEC;
	sd_bus *bus;
	int r;

	/* A socket exists before a process listens on it. */
	while ((r = sd_bus_open_system(&bus)) == -ECONNREFUSED && g_get_monotonic_time() < end)
		g_usleep(10 * 1000);
	ck_assert_int_ge(r, 0);
	return bus;
}

static void await_file(const char *path)
{
	for (int64_t end = g_get_monotonic_time() + PATIENCE_USEC; g_access(path, F_OK) < 0;) {
		ck_assert_msg(g_get_monotonic_time() < end, "%s did not appear", path);
		g_usleep(10 * 1000);
	}
}

void fixture_configure(const char *text)
{
	g_autofree char *path = g_build_filename(fixture.directory, "nfttraced.conf", NULL);

	ck_assert(g_file_set_contents(path, text, -1, NULL));
}

void fixture_daemon_start(void)
{
	fixture.daemon = fixture_spawn(fixture.state, NULL);
	fixture_daemon_await();
}

void fixture_daemon_await(void)
{
	int64_t end = g_get_monotonic_time() + PATIENCE_USEC;
	sd_bus *bus = fixture_connect();

	while (sd_bus_call_method(bus, "org.nfttraced1", MANAGER_PATH, "org.freedesktop.DBus.Peer",
		       "Ping", NULL, NULL, "") < 0) {
		ck_assert_msg(g_get_monotonic_time() < end, "the daemon did not start");
		ck_assert_int_eq(waitpid(fixture.daemon, NULL, WNOHANG), 0);
		g_usleep(10 * 1000);
	}
	sd_bus_flush_close_unref(bus);
}

void fixture_bus_start(void)
{
	g_autofree char *option = g_strdup_printf("--config-file=%s/bus.conf", fixture.directory);
	g_autofree char *socket = g_build_filename(fixture.directory, "bus", NULL);
	const char *arguments[] = { "dbus-daemon", "--nofork", "--nopidfile", option, NULL };

	g_unlink(socket);
	fixture.bus = spawn(arguments, "/dev/null");
	await_file(socket);
}

void fixture_start(void)
{
	g_autofree char *config = NULL, *config_path = NULL, *address = NULL;

	ck_assert_msg(geteuid() == 0, "this test needs root");
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	fixture.directory = g_dir_make_tmp("nfttraced-bus-XXXXXX", NULL);
	ck_assert_int_eq(chmod(fixture.directory, 0755), 0);
	fixture.state = g_build_filename(fixture.directory, "state", NULL);

	config = g_strdup_printf(bus_config, fixture.directory, fixture_bus_limits);
	config_path = g_build_filename(fixture.directory, "bus.conf", NULL);
	ck_assert(g_file_set_contents(config_path, config, -1, NULL));
	fixture_configure(fixture_config);
	address = g_strdup_printf("unix:path=%s/bus", fixture.directory);
	g_setenv("DBUS_SYSTEM_BUS_ADDRESS", address, TRUE);
	fixture_bus_start();
	fixture_daemon_start();
}

void fixture_stop(void)
{
	const char *arguments[] = { "rm", "-rf", fixture.directory, NULL };
	int status;

	kill(fixture.daemon, SIGTERM);
	status = fixture_wait(fixture.daemon);
	kill(fixture.bus, SIGKILL);
	fixture_wait(fixture.bus);
	fixture_wait(spawn(arguments, NULL));
	g_free(fixture.directory);
	g_free(fixture.state);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the daemon did not end well");
}

bool fixture_armed(void)
{
	return hidden_netns_count(NULL) > 0;
}

pid_t fixture_in_child(uid_t uid, void (*function)(sd_bus *bus, void *argument), void *argument)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	if (uid != 0 && (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0))
		_exit(1);
	if (setresuid(uid, uid, uid) < 0)
		_exit(1);
	function(fixture_connect(), argument);
	_exit(0);
}

int fixture_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	setvbuf(stdout, NULL, _IOLBF, 0);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int callv(sd_bus *bus, const char *path, const char *interface, const char *member,
	sd_bus_error *error, sd_bus_message **reply, const char *types, va_list arguments)
{
	return sd_bus_call_methodv(
		bus, "org.nfttraced1", path, interface, member, error, reply, types, arguments);
}

sd_bus_message *call(sd_bus *bus, const char *path, const char *interface, const char *member,
	const char *types, ...)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	va_list arguments;
	int r;

	va_start(arguments, types);
	r = callv(bus, path, interface, member, &error, &reply, types, arguments);
	va_end(arguments);
	ck_assert_msg(r >= 0, "%s was refused: %s: %s", member, error.name, error.message);
	return reply;
}

void refused(sd_bus *bus, const char *name, const char *text, const char *path,
	const char *interface, const char *member, const char *types, ...)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	va_list arguments;
	int r;

	va_start(arguments, types);
	r = callv(bus, path, interface, member, &error, NULL, types, arguments);
	va_end(arguments);
	ck_assert_msg(r < 0, "%s was not refused", member);
	ck_assert_str_eq(error.name, name);
	ck_assert_msg(
		strstr(error.message, text), "\"%s\" does not say \"%s\"", error.message, text);
	sd_bus_error_free(&error);
}

void call_silently(sd_bus *bus, const char *path, const char *interface, const char *member,
	const char *types, ...)
{
	sd_bus_message *message = NULL;
	va_list arguments;

	ck_assert_int_ge(sd_bus_message_new_method_call(
				 bus, &message, "org.nfttraced1", path, interface, member),
		0);
	va_start(arguments, types);
	ck_assert_int_ge(sd_bus_message_appendv(message, types, arguments), 0);
	va_end(arguments);
	ck_assert_int_ge(sd_bus_message_set_expect_reply(message, 0), 0);
	ck_assert_int_ge(sd_bus_send(bus, message, NULL), 0);
	sd_bus_message_unref(message);
}

char *start(sd_bus *bus)
{
	sd_bus_message *reply =
		call(bus, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}", 0);
	const char *path;
	char *copy;

	ck_assert_int_gt(sd_bus_message_read(reply, "o", &path), 0);
	copy = g_strdup(path);
	sd_bus_message_unref(reply);
	return copy;
}

void stop(sd_bus *bus, const char *path)
{
	sd_bus_message_unref(call(bus, MANAGER_PATH, MANAGER_INTERFACE, "StopSession", "o", path));
}

void start_and_stop(sd_bus *bus)
{
	g_autofree char *path = start(bus);

	stop(bus, path);
}

void stop_all(sd_bus *bus)
{
	for (;;) {
		sd_bus_message *reply =
			call(bus, MANAGER_PATH, MANAGER_INTERFACE, "ListSessions", "");
		const char *path;

		ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "(ota{sv})"), 0);
		if (sd_bus_message_enter_container(reply, 'r', "ota{sv}") <= 0) {
			sd_bus_message_unref(reply);
			return;
		}
		ck_assert_int_gt(sd_bus_message_read(reply, "o", &path), 0);
		stop(bus, path);
		sd_bus_message_unref(reply);
	}
}

unsigned int sessions(sd_bus *bus)
{
	sd_bus_message *reply = call(bus, MANAGER_PATH, MANAGER_INTERFACE, "ListSessions", "");
	unsigned int count = 0;

	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "(ota{sv})"), 0);
	while (sd_bus_message_skip(reply, "(ota{sv})") > 0)
		count++;
	sd_bus_message_unref(reply);
	return count;
}

void await_sessions(sd_bus *bus, unsigned int count)
{
	for (int64_t end = g_get_monotonic_time() + PATIENCE_USEC; sessions(bus) != count;) {
		ck_assert_msg(g_get_monotonic_time() < end, "there are %u sessions, not %u",
			sessions(bus), count);
		g_usleep(20 * 1000);
	}
}

uint64_t fixture_counter(sd_bus *bus, const char *wanted)
{
	sd_bus_message *reply = call(bus, MANAGER_PATH, "org.freedesktop.DBus.Properties", "Get",
		"ss", MANAGER_INTERFACE, "Counters");
	const char *name;
	uint64_t number, found = UINT64_MAX;

	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'v', "a{st}"), 0);
	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "{st}"), 0);
	while (sd_bus_message_read(reply, "{st}", &name, &number) > 0)
		found = g_str_equal(name, wanted) ? number : found;
	sd_bus_message_unref(reply);
	return found;
}

/* Moves to the a{sv} of the journal with that id; `reply` is at the list. False: it is not
 * listed. */
static bool find_journal(sd_bus_message *reply, uint64_t id)
{
	uint64_t one;

	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "(ta{sv})"), 0);
	while (sd_bus_message_enter_container(reply, 'r', "ta{sv}") > 0) {
		ck_assert_int_gt(sd_bus_message_read(reply, "t", &one), 0);
		if (one == id)
			return true;
		ck_assert_int_gt(sd_bus_message_skip(reply, "a{sv}"), 0);
		sd_bus_message_exit_container(reply);
	}
	return false;
}

char *end_reason(sd_bus *bus, uint64_t id)
{
	sd_bus_message *reply = call(bus, MANAGER_PATH, MANAGER_INTERFACE, "ListJournals", "");
	const char *key, *value;
	char *found = NULL;

	ck_assert(find_journal(reply, id));
	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "{sv}"), 0);
	while (sd_bus_message_enter_container(reply, 'e', "sv") > 0) {
		ck_assert_int_gt(sd_bus_message_read(reply, "s", &key), 0);
		if (g_str_equal(key, "EndReason")) {
			ck_assert_int_gt(sd_bus_message_read(reply, "v", "s", &value), 0);
			found = g_strdup(value);
		} else {
			ck_assert_int_gt(sd_bus_message_skip(reply, "v"), 0);
		}
		sd_bus_message_exit_container(reply);
	}
	sd_bus_message_unref(reply);
	return found;
}

void ended_with(sd_bus *bus, uint64_t id, const char *reason)
{
	g_autofree char *found = end_reason(bus, id);

	ck_assert_str_eq(found, reason);
}

size_t read_stream(int fd, char *buffer, size_t wanted)
{
	size_t size = 0;

	while (size < wanted) {
		ssize_t n = read(fd, buffer + size, wanted - size);

		if (n == 0)
			break;
		if (n > 0)
			size += n;
		else
			ck_assert_int_eq(errno, EAGAIN);
	}
	return size;
}
