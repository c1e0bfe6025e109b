/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ties a session to its caller; see binding.h. */
#include "binding.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "../journal/cleanup.h"
#include "bus-private.h"
#include "log.h"
#include "process.h"

/* How the roster names a process. */
#define PROCESS_FORM "process %d %" PRIu64

struct binding {
	struct bus *bus;
	struct session *session;
	sd_bus *peer; /* a connection to the private socket, borrowed; NULL: it is none */
	sd_bus_track *track; /* of a name on the bus, or NULL */
	sd_event_source *exit; /* of a process, or NULL */
	int pidfd; /* of `exit` */
};

static void end(struct binding *binding)
{
	manager_session_stop(binding->session, (struct manager_call){ 0 });
}

static int on_caller_gone(sd_bus_track *track, void *userdata)
{
	end(userdata);
	/* 0 would have sd-bus call again, and again. */
	return 1;
}

static int on_exit_of_caller(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct binding *binding = userdata;

	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	end(binding);
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
	pid_t pid = bus_peer_pid(peer);
	uint64_t start = 0;

	process_start_time(pid, &start);
	return g_strdup_printf(PROCESS_FORM, (int)pid, start);
}

struct binding *binding_new(struct bus *bus, struct session *session, sd_bus_message *message)
{
	struct binding *binding = bind_new(bus, session);
	sd_bus *connection = sd_bus_message_get_bus(message);
	int r;

	if (connection != bus->bus) {
		binding->peer = connection;
		session->caller_name = peer_identity(connection);
		return binding;
	}
	/* A caller that has left already is told the same way. */
	r = sd_bus_track_new(connection, &binding->track, on_caller_gone, binding);
	if (r >= 0)
		r = sd_bus_track_add_sender(binding->track, message);
	session->caller_name = g_strdup(sd_bus_message_get_sender(message));
	return r < 0 ? binding_free(binding) : binding;
}

static int resume_process(struct binding *binding, int pid, uint64_t start)
{
	binding->pidfd = process_open(pid, start);
	if (binding->pidfd < 0)
		return binding->pidfd;
	return sd_event_add_io(binding->bus->event, &binding->exit, binding->pidfd, EPOLLIN,
		on_exit_of_caller, binding);
}

static int resume_name(struct binding *binding, const char *name)
{
	int r = sd_bus_track_new(binding->bus->bus, &binding->track, on_caller_gone, binding);

	return r < 0 ? r : sd_bus_track_add_name(binding->track, name);
}

void binding_resume(struct bus *bus, struct session *session)
{
	struct binding *binding;
	uint64_t start;
	int pid, r;

	if (sscanf(session->caller_name, PROCESS_FORM, &pid, &start) == 2) {
		binding = bind_new(bus, session);
		r = resume_process(binding, pid, start);
	} else if (bus->named) {
		binding = bind_new(bus, session);
		r = resume_name(binding, session->caller_name);
	} else {
		return;
	}
	session->caller = binding;
	if (r < 0)
		end(binding);
}

void binding_peer_gone(struct bus *bus, sd_bus *peer)
{
	/* Backwards: one that is freed on the way makes room for the last one. */
	for (unsigned int i = bus->bindings->len; i-- > 0;) {
		struct binding *binding = i < bus->bindings->len ? bus->bindings->pdata[i] : NULL;

		if (binding && binding->peer == peer) {
			binding->peer = NULL;
			end(binding);
		}
	}
}

struct binding *binding_free(struct binding *binding)
{
	if (!binding)
		return NULL;
	g_ptr_array_remove_fast(binding->bus->bindings, binding);
	sd_bus_track_unref(binding->track);
	sd_event_source_disable_unref(binding->exit);
	fd_close(&binding->pidfd);
	g_free(binding);
	return NULL;
}
