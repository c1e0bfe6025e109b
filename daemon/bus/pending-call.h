/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A method call that is answered in a later turn of the event loop. It is a member of the context
 * of the job that will answer it. It keeps the message and, unless the caller is root, counts among
 * the caller's calls under way (callers.h). On the control thread.
 */
#ifndef NFTTRACED_DAEMON_BUS_PENDING_CALL_H
#define NFTTRACED_DAEMON_BUS_PENDING_CALL_H

#include <systemd/sd-bus.h>

#include "daemon/base/failure.h"
#include "daemon/sessions/session-control.h"

struct authorise;
struct caller;

struct pending_call {
	sd_bus_message *message;
	struct caller *caller; /* NULL: root */
};

/* `message` is being dispatched, and `authorise` has let it pass. */
void pending_call_init(
	struct pending_call *call, struct authorise *authorise, sd_bus_message *message);

/* Answers with `reply`, which it unrefs, or with the error `r` if that is a negative errno. */
void pending_call_reply(const struct pending_call *call, sd_bus_message *reply, int r);

/* Answers with an error. */
void pending_call_fail(const struct pending_call *call, const struct failure *failure);

/* Releases the message and the caller, whether the call was answered or not. */
void pending_call_clear(struct pending_call *call);

/* Appends the contents of a reply about `session`, with its final totals if it has ended. Negative
 * errno. */
typedef int (*session_reply_build)(sd_bus_message *reply, const struct session *session,
	const struct dictionary_totals *totals);

/* A manager_call that answers `message` with what `build` appends (NULL: nothing), or with the
 * failure. */
struct manager_call pending_call_manager(
	struct authorise *authorise, sd_bus_message *message, session_reply_build build);

#endif
