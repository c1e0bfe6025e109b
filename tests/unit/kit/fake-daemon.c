/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stand-in for the daemon; see fake-daemon.h. */
#include "tests/unit/kit/fake-daemon.h"

#include <check.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "client/bus/bus-dict.h"
#include "client/bus/daemon-bus.h"
#include "journal/base/cleanup.h"
#include "tests/unit/kit/fake-drops.h"

#define SESSION_PATH BUS_SESSION_PREFIX "7"
#define SEGMENT_NAME "0000000001.nftj"

struct fake_daemon {
	pid_t bus;
	pid_t service;
};

/* The service's own state: it lives in a child. */
struct service {
	const char *journal;
	FILE *log;
	int pipe; /* of the follower that waits for the session to end, or -1 */
};

struct request {
	char *name, *filter;
	char **verdicts, **sections;
	uint64_t limit, duration, rate, burst, size;
	bool track, bound, from_start;
};

static const struct bus_dict_field fields[] = {
	{ "Name", BUS_DICT_STRING, offsetof(struct request, name) },
	{ "Filter", BUS_DICT_STRING, offsetof(struct request, filter) },
	{ "Verdicts", BUS_DICT_STRINGS, offsetof(struct request, verdicts) },
	{ "Sections", BUS_DICT_STRINGS, offsetof(struct request, sections) },
	{ "Limit", BUS_DICT_NUMBER, offsetof(struct request, limit) },
	{ "Duration", BUS_DICT_NUMBER, offsetof(struct request, duration) },
	{ "Rate", BUS_DICT_NUMBER, offsetof(struct request, rate) },
	{ "Burst", BUS_DICT_NUMBER, offsetof(struct request, burst) },
	{ "Size", BUS_DICT_NUMBER, offsetof(struct request, size) },
	{ "Track", BUS_DICT_BOOLEAN, offsetof(struct request, track) },
	{ "BindToCaller", BUS_DICT_BOOLEAN, offsetof(struct request, bound) },
	{ "FromStart", BUS_DICT_BOOLEAN, offsetof(struct request, from_start) },
};

static void log_request(struct service *service, const struct request *request)
{
	g_autofree char *verdicts = request->verdicts ? g_strjoinv(",", request->verdicts) : NULL;
	g_autofree char *sections = request->sections ? g_strjoinv(",", request->sections) : NULL;

	fprintf(service->log, "start name=%s verdicts=%s filter=%s track=%d bound=%d",
		request->name ? request->name : "-", verdicts ? verdicts : "-",
		request->filter ? request->filter : "-", request->track, request->bound);
	fprintf(service->log,
		" limit=%" G_GUINT64_FORMAT " duration=%" G_GUINT64_FORMAT
		" rate=%" G_GUINT64_FORMAT " size=%" G_GUINT64_FORMAT,
		request->limit, request->duration, request->rate, request->size);
	if (request->burst)
		fprintf(service->log, " burst=%" G_GUINT64_FORMAT, request->burst);
	fprintf(service->log, "%s%s\n", sections ? " sections=" : "", sections ? sections : "");
	fflush(service->log);
}

static int start_session(sd_bus_message *message, void *context, sd_bus_error *error)
{
	struct request request = { .track = true };
	int r = bus_dict_read(message, fields, G_N_ELEMENTS(fields), &request);

	if (r < 0)
		return r;
	log_request(context, &request);
	if (g_strcmp0(request.filter, "denied") == 0)
		return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, "no");
	if (g_strcmp0(request.filter, "password") == 0)
		return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
			"access denied: somebody may%s be asked\n",
			sd_bus_message_get_allow_interactive_authorization(message) > 0 ? ""
											: " not");
	if (g_strcmp0(request.filter, "bad") == 0)
		return sd_bus_error_set(
			error, "org.nfttraced1.Error.InvalidFilter", "syntax error\n");
	return sd_bus_reply_method_return(message, "o", SESSION_PATH);
}

static int stop_session(sd_bus_message *message, void *context, sd_bus_error *error)
{
	struct service *service = context;
	const char *object;
	int r = sd_bus_message_read(message, "o", &object);

	if (r < 0)
		return r;
	if (!g_str_equal(object, SESSION_PATH))
		return sd_bus_error_set(error, BUS_ERROR_NO_SUCH_SESSION, "none");
	fd_close(&service->pipe);
	return sd_bus_reply_method_return(message, "a{sv}", 9, "Id", "t", UINT64_C(7), "Name", "s",
		"web", "Matched", "t", UINT64_C(12), "Journaled", "t", UINT64_C(10), "Lost", "t",
		UINT64_C(2), "Suppressed", "t", UINT64_C(0), "Pending", "t", UINT64_C(0), "LostBy",
		"a{st}", 1, "ring-full", UINT64_C(2), "Path", "s", "/journals/7");
}

/* True if the test wrote that word into the file FAKE_DAEMON_HEALTH. */
static bool is_said(const struct service *service, const char *word)
{
	g_autofree char *path = g_build_filename(service->journal, FAKE_DAEMON_HEALTH, NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) words = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return false;
	words = g_strsplit(text, " ", -1);
	return g_strv_contains((const char *const *)words, word);
}

static int list_sessions(sd_bus_message *message, void *context, sd_bus_error *error)
{
	struct service *service = context;
	const char *state = "running";

	if (is_said(service, "none"))
		return sd_bus_reply_method_return(message, "a(ota{sv})", 0);
	if (is_said(service, "stalled"))
		state = "stalled";
	else if (is_said(service, "waits"))
		state = "waiting";
	return sd_bus_reply_method_return(message, "a(ota{sv})", 1, SESSION_PATH, UINT64_C(7), 8,
		"Name", "s", "web", "State", "s", state, "Filter", "s", "udp port 8080", "Verdicts",
		"as", 2, "drop", "accept", "Matched", "t", UINT64_C(12), "Lost", "t",
		UINT64_C(5) * is_said(service, "lost"), "Started", "t", UINT64_C(1795325417000000),
		"Unheard", "(ss)", "a", "b");
}

static int count_hidden(sd_bus_message *message, void *context, sd_bus_error *error)
{
	const struct service *service = context;
	uint64_t sessions = is_said(service, "hidden") ? 2 : 0;

	if (is_said(service, "old"))
		return sd_bus_reply_method_errorf(message, SD_BUS_ERROR_UNKNOWN_METHOD, "?");
	return sd_bus_reply_method_return(message, "tt", sessions, sessions + sessions / 2);
}

static int set_verdicts(sd_bus_message *message, void *context, sd_bus_error *error)
{
	struct service *service = context;
	g_auto(GStrv) verdicts = NULL;
	g_autofree char *joined = NULL;
	int r = sd_bus_message_read_strv(message, &verdicts);

	if (r < 0)
		return r;
	if (g_strv_contains((const char *const *)verdicts, "bad"))
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "no such verdict");
	joined = g_strjoinv(",", verdicts);
	fprintf(service->log, "verdicts %s\n", joined);
	fflush(service->log);
	return sd_bus_reply_method_return(message, "");
}

static int set_filter(sd_bus_message *message, void *context, sd_bus_error *error)
{
	struct service *service = context;
	const char *filter;
	int r = sd_bus_message_read(message, "s", &filter);

	if (r < 0)
		return r;
	fprintf(service->log, "filter %s\n", filter);
	fflush(service->log);
	return sd_bus_reply_method_return(message, "");
}

/* A pipe with the journal in it, which ends with the session. */
static int follow(sd_bus_message *message, void *context, sd_bus_error *error)
{
	struct service *service = context;
	g_autofree char *path = g_build_filename(service->journal, SEGMENT_NAME, NULL);
	g_autofree char *bytes = NULL;
	auto_fd reading = -1;
	int ends[2];
	gsize length;

	if (!g_file_get_contents(path, &bytes, &length, NULL) || pipe2(ends, O_CLOEXEC) < 0)
		return -EIO;
	reading = ends[0];
	service->pipe = ends[1];
	if (write(service->pipe, bytes, length) != (ssize_t)length)
		return -EIO;
	return sd_bus_reply_method_return(message, "h", reading);
}

static int open_journal(sd_bus_message *message, void *context, sd_bus_error *error)
{
	struct service *service = context;
	auto_fd directory = open(service->journal, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return sd_bus_reply_method_return(message, "h", directory);
}

static int get_number(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *context, sd_bus_error *error)
{
	uint64_t number = g_str_equal(property, "Missed") ? UINT64_MAX : 4194304;

	return sd_bus_message_append(reply, "t", number);
}

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *context, sd_bus_error *error)
{
	const struct service *service = context;
	const char *text = "load nf_tables";

	if (g_str_equal(property, "State"))
		text = is_said(service, "ready")     ? "ready"
			: is_said(service, "failed") ? "failed"
						     : "waiting";
	else if (is_said(service, "ready") && !is_said(service, "problem"))
		text = "";
	return sd_bus_message_append(reply, "s", text);
}

static int get_features(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *context, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "a{sv}", 4, "layout", "s", "verdict argument", "odd",
		"d", 1.5, "tracker", "b", 1, "fentry", "b", 0);
}

static int get_advice(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *context, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "a{ss}", 1, "fentry", "try a kprobe");
}

static const sd_bus_vtable manager_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("StartSession", "a{sv}", "o", start_session, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("StopSession", "o", "a{sv}", stop_session, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ListSessions", "", "a(ota{sv})", list_sessions, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("CountHidden", "", "tt", count_hidden, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("GetDropCounters", "a{sv}", "aa{sv}a{sv}", fake_get_drop_counters,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("State", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Problem", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("RingSize", "t", get_number, 0, 0),
	SD_BUS_PROPERTY("Missed", "t", get_number, 0, 0),
	SD_BUS_PROPERTY("Features", "a{sv}", get_features, 0, 0),
	SD_BUS_PROPERTY("Advice", "a{ss}", get_advice, 0, 0),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable session_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("SetVerdicts", "as", "", set_verdicts, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("SetFilter", "s", "", set_filter, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Follow", "a{sv}", "h", follow, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("OpenJournal", "", "h", open_journal, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

/* The child: serves until it is killed. Writes a byte to `ready` when it can be called. */
static void serve(const char *journal, const char *log, int ready)
{
	struct service service = { .journal = journal, .log = fopen(log, "we"), .pipe = -1 };
	sd_bus *bus = NULL;
	int r = service.log ? sd_bus_open_system(&bus) : -EIO;

	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE,
			manager_vtable, &service);
	if (r >= 0)
		r = sd_bus_add_object_vtable(
			bus, NULL, SESSION_PATH, BUS_SESSION_INTERFACE, session_vtable, &service);
	if (r >= 0)
		r = sd_bus_request_name(bus, BUS_NAME, 0);
	if (r >= 0 && write(ready, "", 1) != 1)
		r = -EIO;
	while (r >= 0) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	_exit(EXIT_FAILURE);
}

/* A bus of its own; its address goes into the environment. */
static pid_t start_bus(void)
{
	char *arguments[] = { (char *)"dbus-daemon", (char *)"--session", (char *)"--nofork",
		(char *)"--nopidfile", (char *)"--print-address=1", NULL };
	char address[512] = "";
	GPid pid;
	int output;

	ck_assert(g_spawn_async_with_pipes(NULL, arguments, NULL,
		G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL, &output,
		NULL, NULL));
	ck_assert_int_gt(read(output, address, sizeof(address) - 1), 0);
	close(output);
	g_setenv("DBUS_SYSTEM_BUS_ADDRESS", g_strchomp(address), TRUE);
	return pid;
}

struct fake_daemon *fake_daemon_new(const char *journal, const char *log)
{
	struct fake_daemon *fake = g_new0(struct fake_daemon, 1);
	int ready[2];
	char byte;

	fake->bus = start_bus();
	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	fake->service = fork();
	ck_assert_int_ge(fake->service, 0);
	if (fake->service == 0)
		serve(journal, log, ready[1]);
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return fake;
}

static void end_child(pid_t *pid)
{
	if (*pid <= 0)
		return;
	kill(*pid, SIGKILL);
	waitpid(*pid, NULL, 0);
	*pid = 0;
}

void fake_daemon_stop(struct fake_daemon *fake)
{
	end_child(&fake->service);
}

struct fake_daemon *fake_daemon_free(struct fake_daemon *fake)
{
	end_child(&fake->service);
	end_child(&fake->bus);
	g_free(fake);
	return NULL;
}
