/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ties a session to its caller; see binding.h. */
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

/* How a saved session names a process: its number and when it was started. */
#define PROCESS_FORM "process %d %" PRIu64
/* How it names a caller on a bus: name, bus, user, process. A name is never given twice on one bus. */
#define NAME_WORDS 4

struct binding {
	struct bus *bus;
	struct session *session;

	sd_bus *peer; /* a connection to the private socket, borrowed; NULL: it is none */

	char *name; /* on the bus; NULL: it is none */
	char *bus_id;
	uid_t uid;
	pid_t pid; /* 0: the bus does not say */
	bool proven; /* on this connection to the bus */
	bool resumed; /* with its session after a restart, and not proven since */
	sd_bus_slot *question; /* whether it is the same */

	int pidfd; /* of the process; -1: it can't be watched */
	sd_event_source *exit; /* of `pidfd`, or NULL */
};

/* Frees the binding, perhaps. */
static void end(struct binding *binding)
{
	manager_session_stop(binding->session, SESSION_END_CALLER_LEFT, (struct manager_call){ 0 });
}

/* The same because of what was lost in between. */
static void end_unproven(struct binding *binding, enum session_end reason)
{
	log_notice("session %" PRIu64 " ends: %s", binding->session->id, session_end_text(reason));
	binding->bus->unbound++;
	manager_session_stop(binding->session, reason, (struct manager_call){ 0 });
}

static int on_exit_of_caller(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct binding *binding = userdata;

	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	manager_session_stop(
		binding->session, SESSION_END_CALLER_LEFT_UNSEEN, (struct manager_call){ 0 });
	return 0;
}

static struct binding *bind_new(struct bus *bus, struct session *session)
{
	struct binding *binding = g_new0(struct binding, 1);

	binding->bus = bus;
	binding->session = session;
	binding->pidfd = -1;
	g_ptr_array_add(bus->bindings, binding);
	return binding;
}

/* A process that can't be told from a later one of its number is written down with 0, which none has. */
static char *peer_identity(sd_bus *peer)
{
	pid_t pid = credentials_peer_pid(peer);
	uint64_t start = 0;

	process_start_time(pid, &start);
	return g_strdup_printf(PROCESS_FORM, (int)pid, start);
}

/* Watches the process `pid`, takes over `fd`, which is of it or an error; not enabled yet. */
static int watch_process(struct binding *binding, int fd)
{
	int r;

	if (fd < 0)
		return fd;
	binding->pidfd = fd;
	r = sd_event_add_io(
		binding->bus->event, &binding->exit, fd, EPOLLIN, on_exit_of_caller, binding);
	return r < 0 ? r : sd_event_source_set_enabled(binding->exit, SD_EVENT_OFF);
}

struct binding *binding_new(struct bus *bus, struct session *session, sd_bus_message *message)
{
	struct binding *binding = bind_new(bus, session);
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

static int name_parse(struct binding *binding, const char *text)
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
	struct binding *binding = bind_new(bus, session);
	uint64_t start;
	int pid, r;

	session->caller = binding;
	binding->resumed = true;
	if (sscanf(session->caller_name, PROCESS_FORM, &pid, &start) == 2) {
		r = watch_process(binding, process_open(pid, start));
		if (r >= 0)
			r = sd_event_source_set_enabled(binding->exit, SD_EVENT_ON);
	} else {
		r = name_parse(binding, session->caller_name);
	}
	if (r < 0)
		end_unproven(binding, SESSION_END_CALLER_GONE);
}

void bindings_resume(struct bus *bus)
{
	GPtrArray *sessions = bus->manager->sessions;

	for (unsigned int i = 0; i < sessions->len; i++) {
		struct session *session = sessions->pdata[i];

		if (session->caller_name && !session->caller)
			binding_resume(bus, session);
	}
}

/* Whether the bus says what it said when the session began. */
static bool is_same(const struct binding *binding, sd_bus_message *reply)
{
	uid_t uid;
	pid_t pid;

	return !sd_bus_message_is_method_error(reply, NULL) &&
		credentials_read(reply, &uid, &pid) >= 0 && uid == binding->uid &&
		pid == binding->pid;
}

static void prove(struct binding *binding);

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct binding *binding = userdata;

	binding->question = sd_bus_slot_unref(binding->question);
	if (is_same(binding, reply)) {
		binding->proven = true;
		binding->resumed = false;
		if (binding->exit)
			sd_event_source_set_enabled(binding->exit, SD_EVENT_OFF);
	} else if (sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NO_REPLY)) {
		/* The bus is gone again, or slow. */
		if (sd_bus_is_open(binding->bus->bus) > 0)
			prove(binding);
	} else {
		end_unproven(binding,
			binding->resumed ? SESSION_END_CALLER_GONE
					 : SESSION_END_CALLER_LEFT_UNSEEN);
	}
	return 1;
}

/* Asks the bus about the caller. */
static void prove(struct binding *binding)
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

/* Calls `function` for each binding, which it may free. */
static void for_each(struct bus *bus, void (*function)(struct binding *binding, const void *data),
	const void *data)
{
	/* Backwards: when one is freed the last one takes its place. */
	for (unsigned int i = bus->bindings->len; i-- > 0;) {
		if (i < bus->bindings->len)
			function(bus->bindings->pdata[i], data);
	}
}

static void end_of_name(struct binding *binding, const void *name)
{
	if (binding->name && g_str_equal(binding->name, name))
		end(binding);
}

void binding_caller_left(struct bus *bus, const char *name)
{
	for_each(bus, end_of_name, name);
}

static void doubt(struct binding *binding, const void *data)
{
	if (!binding->name)
		return;
	binding->proven = false;
	binding->question = sd_bus_slot_unref(binding->question);
	if (binding->exit)
		sd_event_source_set_enabled(binding->exit, SD_EVENT_ON);
}

void binding_bus_lost(struct bus *bus)
{
	for_each(bus, doubt, NULL);
}

static void prove_again(struct binding *binding, const void *data)
{
	if (binding->name && !binding->proven && !binding->question)
		prove(binding);
}

void binding_bus_joined(struct bus *bus)
{
	for_each(bus, prove_again, NULL);
}

static void end_of_peer(struct binding *binding, const void *peer)
{
	if (binding->peer == peer) {
		binding->peer = NULL;
		end(binding);
	}
}

void binding_peer_gone(struct bus *bus, sd_bus *peer)
{
	for_each(bus, end_of_peer, peer);
}

struct binding *binding_free(struct binding *binding)
{
	if (!binding)
		return NULL;
	g_ptr_array_remove_fast(binding->bus->bindings, binding);
	sd_bus_slot_unref(binding->question);
	sd_event_source_disable_unref(binding->exit);
	fd_close(&binding->pidfd);
	g_free(binding->name);
	g_free(binding->bus_id);
	g_free(binding);
	return NULL;
}
