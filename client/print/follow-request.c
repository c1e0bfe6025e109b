/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks for a session's pipe, from here or from another host; see follow-stream.h. */
#include <errno.h>
#include <fcntl.h>

#include "client/bus/daemon-bus.h"
#include "client/bus/remote.h"
#include "client/bus/sessions.h"
#include "client/print/follow-stream.h"

/* The pipe of a session on another host comes through ssh. */
static int request_remote(
	const char *object, const struct follow_stream_from *from, int *ret_fd, char **ret_reason)
{
	enum remote_export how = from->start ? REMOTE_FOLLOW_ALL : REMOTE_FOLLOW;
	g_autofree char *session = NULL;
	uint64_t id;
	int r = session_object_id(object, &id);

	if (r < 0)
		return r;
	session = g_strdup_printf("%" G_GUINT64_FORMAT, id);
	return remote_open(
		session, from->after ? REMOTE_FOLLOW_AFTER : how, from->after, ret_fd, ret_reason);
}

static int options_append(sd_bus_message *call, const struct follow_stream_from *from)
{
	if (from->after)
		return sd_bus_message_append(call, "a{sv}", 1, "After", "(tt)",
			(uint64_t)from->after->segment, (uint64_t)from->after->offset);
	return sd_bus_message_append(call, "a{sv}", 1, "FromStart", "b", (int)from->start);
}

int follow_stream_request(sd_bus *bus, const char *object, const struct follow_stream_from *from,
	int *ret_fd, char **ret_reason)
{
	auto_bus_message *call = NULL;
	auto_bus_message *reply = NULL;
	int pipe, copy, r;

	if (remote_host())
		return request_remote(object, from, ret_fd, ret_reason);
	r = bus_call_new(bus, object, BUS_SESSION_INTERFACE, "Follow", &call);
	if (r >= 0)
		r = options_append(call, from);
	r = session_call(bus, object, call, r, &reply, ret_reason);
	if (r < 0)
		return r;
	/* A copy outlives the reply. */
	r = sd_bus_message_read(reply, "h", &pipe);
	copy = r >= 0 ? fcntl(pipe, F_DUPFD_CLOEXEC, 0) : r;
	if (copy < 0)
		return bus_unreadable(r < 0 ? r : -errno, ret_reason);
	*ret_fd = copy;
	return 0;
}

void follow_stream_use_bus(struct follow_stream *stream, sd_bus *bus)
{
	sd_bus_ref(bus);
	sd_bus_unref(stream->bus);
	stream->bus = bus;
}
