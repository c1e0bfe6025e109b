/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting, changing and stopping the manager's sessions. */
#ifndef NFTTRACED_DAEMON_SESSIONS_SESSION_CONTROL_H
#define NFTTRACED_DAEMON_SESSIONS_SESSION_CONTROL_H

#include "daemon/base/failure.h"
#include "daemon/sessions/manager.h"
#include "daemon/sessions/session.h"

struct engine_session;
struct saved_session;

/*
 * Gets the reply to a request, on the control thread, exactly once. `failure` NULL: success.
 * `session` is valid during the call only, and NULL if the start failed. `totals` are the final
 * ones of a session that was stopped, else NULL.
 */
typedef void (*manager_reply)(void *context, struct session *session,
	const struct dictionary_totals *totals, const struct failure *failure);

struct manager_call {
	manager_reply reply; /* NULL: no reply is wanted */
	void *context;
};

/*
 * Starts a session; takes over the members of `options`. Returns it in SESSION_STARTING: the
 * observer learns of it with the reply. NULL: it was refused, and the reply was called already.
 */
struct session *manager_session_start(struct manager *manager, struct session_options *options,
	uid_t owner, const char *command, struct manager_call call);

/* Adds a session that was resumed; takes over the members of `begun` and `resumed`. */
void manager_session_take(
	struct manager *manager, struct engine_session *begun, struct saved_session *resumed);

/* Stops a session; `end` is the reason that its journal gets. Further calls for the same session
 * get the same totals, and do not change the reason. */
void manager_session_stop(struct session *session, enum session_end end, struct manager_call call);

/* Changes the verdicts and the filter of a session; NULL leaves them as they are. */
void manager_session_change(struct session *session, const uint32_t *verdicts, const char *filter,
	struct manager_call call);

/* The session with this id that was started; NULL: there is none. */
struct session *manager_session_find(struct manager *manager, uint64_t id);

/* Refreshes the state of all sessions, and stops those that have reached their limit: the recorder
 * thread asked for attention. */
void manager_attend(struct manager *manager);

/* Refuses the requests that wait for their filters to be compiled. */
void manager_cancel(struct manager *manager);

#endif
