/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Something that is done to a session, on its way: its filter is compiled, then it waits for the
 * worker, which does what waits together. A job holds the session's pointer: a session is freed
 * only when its last job, the one that stops it, is done.
 */
#ifndef NFTTRACED_DAEMON_SESSIONS_SESSION_JOB_H
#define NFTTRACED_DAEMON_SESSIONS_SESSION_JOB_H

#include "daemon/filter/filter-queue.h"
#include "daemon/sessions/session-control.h"

struct session_job;

/* On the control thread, at the end of the way, exactly once; frees the job. */
typedef void (*session_job_done)(struct session_job *job);

struct session_job {
	struct session *session;
	struct manager_call call;
	session_job_done done;
	struct engine_request request;
	char *warning; /* of the engine, when a session was started */

	struct session_options options; /* of a change: those that are to be in force */

	struct compilation *compilation; /* while its filter is compiled */
};

#define ENDING   "nfttraced is ending"
#define TOO_BUSY "too many requests are waiting already: try again"

struct session_job *session_job_new(struct session *session, enum engine_action action,
	struct manager_call call, session_job_done done);

/* Begins with the filter; goes on by itself. `done` is not called before the event loop's next
 * turn. */
void session_job_compile(struct session_job *job, const char *expression);

/* Begins with the worker. -EAGAIN: it has too much to do; the job is still the caller's. */
int session_job_queue(struct session_job *job);

/* The same for the one that stops the session: whoever left, or whatever ended, does not ask
 * again. */
void session_job_queue_stop(struct session_job *job);

/* If its filter is being compiled, that ends now, and the job is done with a failure. */
void session_job_cancel(struct session_job *job, enum failure_kind kind, const char *reason);

void session_job_free(struct session_job *job);

#endif
