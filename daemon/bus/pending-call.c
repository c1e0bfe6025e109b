/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A method call that is answered later; see pending-call.h. */
#include "daemon/bus/pending-call.h"

#include "daemon/bus/authorise.h"
#include "daemon/bus/callers.h"
#include "daemon/bus/errors.h"

void pending_call_init(
	struct pending_call *call, struct authorise *authorise, sd_bus_message *message)
{
	call->message = sd_bus_message_ref(message);
	call->caller = authorise_hold(authorise, message);
}

void pending_call_reply(const struct pending_call *call, sd_bus_message *reply, int r)
{
	r = bus_reply_send(reply, r);
	if (r < 0)
		sd_bus_reply_method_errno(call->message, r, NULL);
}

void pending_call_fail(const struct pending_call *call, const struct failure *failure)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;

	bus_failure(failure, &error);
	bus_reply_error(call->message, &error);
}

void pending_call_clear(struct pending_call *call)
{
	sd_bus_message_unref(call->message);
	caller_release(call->caller, 0);
}

/* A call about a session that a job of the session's answers. */
struct session_call {
	struct pending_call call;
	session_reply_build build;
};

static void on_session_reply(void *context, struct session *session,
	const struct dictionary_totals *totals, const struct failure *failure)
{
	struct session_call *pending = context;
	sd_bus_message *reply = NULL;
	int r;

	if (failure) {
		pending_call_fail(&pending->call, failure);
	} else {
		r = sd_bus_message_new_method_return(pending->call.message, &reply);
		if (r >= 0 && pending->build)
			r = pending->build(reply, session, totals);
		pending_call_reply(&pending->call, reply, r);
	}
	pending_call_clear(&pending->call);
	g_free(pending);
}

struct manager_call pending_call_manager(
	struct authorise *authorise, sd_bus_message *message, session_reply_build build)
{
	struct session_call *pending = g_new(struct session_call, 1);

	pending_call_init(&pending->call, authorise, message);
	pending->build = build;
	return (struct manager_call){ .reply = on_session_reply, .context = pending };
}
