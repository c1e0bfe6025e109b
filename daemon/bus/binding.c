/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bindings of sessions to their callers; see binding.h. */
#include "daemon/bus/binding.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/base/process.h"
#include "daemon/bus/bus-private.h"
#include "daemon/bus/credentials.h"
#include "journal/base/cleanup.h"

/* A process in a saved session: its PID and start time. */
#define PROCESS_FORM "process %d %" PRIu64
/* A caller on a bus in a saved session: name, id of the bus, UID, PID. A bus never reuses a
 * name. */
#define NAME_WORDS 4

struct binding {
	struct bus *bus;
	struct session *session;

	sd_bus *peer; /* on the private socket, borrowed; NULL: another kind of caller */

	char *name; /* on the bus; NULL: another kind of caller */
	char *bus_id;
	uid_t uid;
	pid_t pid; /* 0: the bus does not say */
	bool proven; /* on this connection to the bus */
	bool resumed; /* after a restart, and not proven since */
	sd_bus_slot *question; /* to the bus about the caller */

	int pidfd; /* of the process; -1: not watched */
	sd_event_source *exit_source; /* of `pidfd`, or NULL */
};

/* May free the binding. */
static void end_session(struct binding *binding)
{
	manager_session_stop(binding->session, SESSION_END_CALLER_LEFT, (struct manager_call){ 0 });
}

/* Ends the session of a caller that could not be proven to be the same. May free the binding. */
static void end_unproven(struct binding *binding, enum session_end reason)
{
	log_notice("session %" PRIu64 " ends: %s", binding->session->id, session_end_text(reason));
	binding->bus->unbound++;
	manager_session_stop(binding->session, reason, (struct manager_call){ 0 });
}

static int on_process_exit(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct binding *binding = userdata;

	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	manager_session_stop(
		binding->session, SESSION_END_CALLER_LEFT_UNSEEN, (struct manager_call){ 0 });
	return 0;
}

static struct binding *binding_alloc(struct bus *bus, struct session *session)
{
	struct binding *binding = g_new0(struct binding, 1);

	binding->bus = bus;
	binding->session = session;
	binding->pidfd = -1;
	g_ptr_array_add(bus->bindings, binding);
	return binding;
}

/* The start time is 0, which no process has, if the process can't be distinguished from a later one
 * with its PID. */
static char *peer_identity(sd_bus *peer)
{
	pid_t pid = credentials_peer_pid(peer);
	uint64_t start = 0;

	process_start_time(pid, &start);
	return g_strdup_printf(PROCESS_FORM, (int)pid, start);
}

/* Prepares to watch a process; takes over `fd`, its pidfd or a negative errno. The source is not
 * enabled yet. */
static int watch_process(struct binding *binding, int fd)
{
	int r;

	if (fd < 0)
		return fd;
	binding->pidfd = fd;
	r = sd_event_add_io(
		binding->bus->event, &binding->exit_source, fd, EPOLLIN, on_process_exit, binding);
	return r < 0 ? r : sd_event_source_set_enabled(binding->exit_source, SD_EVENT_OFF);
}

struct binding *binding_new(struct bus *bus, struct session *session, sd_bus_message *message)
{
	struct binding *binding = binding_alloc(bus, session);
	sd_bus *connection = sd_bus_message_get_bus(message);
	uint64_t start;

	if (connection != bus->bus) {
		binding->peer = connection;
		session->caller_name = peer_identity(connection);
		return binding;
	}
	binding->name = g_strdup(sd_bus_message_get_sender(message));
	binding->bus_id = g_strdup(bus->id);
	binding->uid = authorise_uid(bus->authorise);
	binding->pid = authorise_pid(bus->authorise);
	binding->proven = true;
	if (binding->pid > 0 && process_start_time(binding->pid, &start) == 0)
		watch_process(binding, process_open(binding->pid, start));
	session->caller_name = g_strdup_printf(
		"%s %s %u %d", binding->name, binding->bus_id, binding->uid, (int)binding->pid);
	return binding;
}

static int parse_caller(struct binding *binding, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", NAME_WORDS);
	guint64 uid, pid;

	if (g_strv_length(words) != NAME_WORDS ||
		!g_ascii_string_to_unsigned(words[2], 10, 0, UINT32_MAX, &uid, NULL) ||
		!g_ascii_string_to_unsigned(words[3], 10, 0, INT32_MAX, &pid, NULL))
		return -EBADMSG;
	binding->name = g_strdup(words[0]);
	binding->bus_id = g_strdup(words[1]);
	binding->uid = (uid_t)uid;
	binding->pid = (pid_t)pid;
	return 0;
}

static void binding_resume(struct bus *bus, struct session *session)
{
	struct binding *binding = binding_alloc(bus, session);
	uint64_t start;
	int pid, r;

	session->caller = binding;
	binding->resumed = true;
	if (sscanf(session->caller_name, PROCESS_FORM, &pid, &start) == 2) {
		r = watch_process(binding, process_open(pid, start));
		if (r >= 0)
			r = sd_event_source_set_enabled(binding->exit_source, SD_EVENT_ON);
	} else {
		r = parse_caller(binding, session->caller_name);
	}
	if (r < 0)
		end_unproven(binding, SESSION_END_CALLER_GONE);
}

void bindings_resume(struct bus *bus)
{
	GPtrArray *sessions = manager_sessions(bus->manager);

	for (unsigned int i = 0; i < sessions->len; i++) {
		struct session *session = sessions->pdata[i];

		if (session->caller_name && !session->caller)
			binding_resume(bus, session);
	}
}

/* True if the bus names the same user and process as when the session was started. */
static bool is_same(const struct binding *binding, sd_bus_message *reply)
{
	uid_t uid;
	pid_t pid;

	return !sd_bus_message_is_method_error(reply, NULL) &&
		credentials_read(reply, &uid, &pid) >= 0 && uid == binding->uid &&
		pid == binding->pid;
}

static void ask_about_caller(struct binding *binding);

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct binding *binding = userdata;

	binding->question = sd_bus_slot_unref(binding->question);
	if (is_same(binding, reply)) {
		binding->proven = true;
		binding->resumed = false;
		if (binding->exit_source)
			sd_event_source_set_enabled(binding->exit_source, SD_EVENT_OFF);
	} else if (sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NO_REPLY)) {
		/* The connection is lost again, or the bus is slow. */
		if (sd_bus_is_open(binding->bus->bus) > 0)
			ask_about_caller(binding);
	} else {
		end_unproven(binding,
			binding->resumed ? SESSION_END_CALLER_GONE
					 : SESSION_END_CALLER_LEFT_UNSEEN);
	}
	return 1;
}

static void ask_about_caller(struct binding *binding)
{
	const struct bus *bus = binding->bus;
	int r;

	if (!g_str_equal(binding->bus_id, bus->id)) {
		end_unproven(binding, SESSION_END_BUS_REPLACED);
		return;
	}
	r = credentials_ask(bus->bus, binding->name, &binding->question, on_answer, binding);
	if (r < 0)
		log_debug("can't ask the bus about %s: %s", binding->name, g_strerror(-r));
}

/* Calls `function` for each binding; it may free its binding. */
static void for_each_binding(struct bus *bus,
	void (*function)(struct binding *binding, const void *data), const void *data)
{
	/* Backwards, because a freed binding is replaced by the last one. */
	for (unsigned int i = bus->bindings->len; i-- > 0;) {
		if (i < bus->bindings->len)
			function(bus->bindings->pdata[i], data);
	}
}

static void end_if_named(struct binding *binding, const void *name)
{
	if (binding->name && g_str_equal(binding->name, name))
		end_session(binding);
}

void binding_caller_left(struct bus *bus, const char *name)
{
	for_each_binding(bus, end_if_named, name);
}

static void forget_proof(struct binding *binding, const void *data)
{
	if (!binding->name)
		return;
	binding->proven = false;
	binding->question = sd_bus_slot_unref(binding->question);
	if (binding->exit_source)
		sd_event_source_set_enabled(binding->exit_source, SD_EVENT_ON);
}

void binding_bus_lost(struct bus *bus)
{
	for_each_binding(bus, forget_proof, NULL);
}

static void ask_if_unproven(struct binding *binding, const void *data)
{
	if (binding->name && !binding->proven && !binding->question)
		ask_about_caller(binding);
}

void binding_bus_joined(struct bus *bus)
{
	for_each_binding(bus, ask_if_unproven, NULL);
}

static void end_if_peer(struct binding *binding, const void *peer)
{
	if (binding->peer == peer) {
		binding->peer = NULL;
		end_session(binding);
	}
}

void binding_peer_left(struct bus *bus, sd_bus *peer)
{
	for_each_binding(bus, end_if_peer, peer);
}

struct binding *binding_free(struct binding *binding)
{
	if (!binding)
		return NULL;
	g_ptr_array_remove_fast(binding->bus->bindings, binding);
	sd_bus_slot_unref(binding->question);
	sd_event_source_disable_unref(binding->exit_source);
	fd_close(&binding->pidfd);
	g_free(binding->name);
	g_free(binding->bus_id);
	g_free(binding);
	return NULL;
}
