/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A job starts, changes or stops a session: first its filter is compiled, if it has one, then it
 * waits for the worker, which runs the waiting jobs together. A job holds the session's pointer:
 * the session is freed after its last job, the one that stops it. On the control thread, but for
 * the run itself.
 */
#ifndef NFTTRACED_DAEMON_SESSIONS_SESSION_JOB_H
#define NFTTRACED_DAEMON_SESSIONS_SESSION_JOB_H

#include "daemon/filter/filter-queue.h"
#include "daemon/sessions/session-control.h"

struct session_job;

/* Called on the control thread, exactly once, when the job is done or has failed; frees the job. */
typedef void (*session_job_done)(struct session_job *job);

struct session_job {
	struct session *session;
	struct manager_call call;
	session_job_done done;
	struct engine_request request;
	char *warning; /* engine_warning after a start; NULL: none */

	struct session_options options; /* of a change: those that are to be in force */

	struct compilation *compilation; /* of the filter; NULL: none is under way */
};

#define ENDING   "nfttraced is ending"
#define TOO_BUSY "too many requests are waiting already: try again"

struct session_job *session_job_new(struct session *session, enum engine_action action,
	struct manager_call call, session_job_done done);

/* Compiles the filter, then queues the job. `done` is not called before the next turn of the event
 * loop. */
void session_job_compile(struct session_job *job, const char *expression);

/* Queues the job without compiling a filter. -EAGAIN: the worker has too much to do; the caller
 * keeps the job. */
int session_job_queue(struct session_job *job);

/* Queues a stop in the same way. It is never refused, because a caller that left can't ask
 * again. */
void session_job_queue_stop(struct session_job *job);

/* If the filter is being compiled, cancels that, and the job fails with this reason. */
void session_job_cancel(struct session_job *job, enum failure_kind kind, const char *reason);

void session_job_free(struct session_job *job);

#endif
