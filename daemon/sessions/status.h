/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status of the manager and of each session, with the problems there are, and the calls of the
 * observer. */
#ifndef NFTTRACED_DAEMON_SESSIONS_STATUS_H
#define NFTTRACED_DAEMON_SESSIONS_STATUS_H

#include "daemon/engine/engine.h"
#include "daemon/sessions/session.h"

struct manager;

enum manager_state {
	MANAGER_READY,
	MANAGER_WAITING, /* nf_tables is not loaded */
	MANAGER_FAILED, /* the pipeline could not be loaded again; the problem has the reason */
};

/* A snapshot. */
struct manager_status {
	enum manager_state state;
	struct engine_status engine;
	uint64_t unclaimed; /* events of no session: recorder_unclaimed */
	uint64_t segments_removed; /* to stay within JournalsSize */
	uint64_t journals_removed; /* to stay within UserJournalSize */
	uint64_t summaries_unsent; /* of drops */
};

void manager_status(const struct manager *manager, struct manager_status *ret);

/* The ids of the running sessions, as uint64_t; the caller unrefs it. */
GArray *manager_running_ids(const struct manager *manager);

/* Bytes of all running sessions' journals that are not known to be on the disk. */
uint64_t manager_unsynced(const struct manager *manager);

/* The problems, one sentence with the remedy each, or "". Valid until the next call of either
 * function. The public one does not quote names and filters of sessions: every user may read it. */
const char *manager_problem(const struct manager *manager);
const char *manager_problem_public(const struct manager *manager);

enum problem_source {
	PROBLEM_PIPELINE, /* it could not be loaded again */
	PROBLEM_RELOAD, /* the last reload was refused */
	PROBLEM_CONFIGURED, /* a configured session can't be started, changed or stopped */
	PROBLEM_SOURCES,
};

/* Sets the problem of this source, and informs the observer if it changed. The sentences are
 * copied; `text` NULL: the problem is solved. */
void manager_set_problem(struct manager *manager, enum problem_source source, const char *text,
	const char *public_text);

/* Reads the engine's status after a job that may have changed it, and informs the observer of what
 * changed. `warning` is the engine's (engine_warning), and may be NULL. */
void manager_status_refresh(struct manager *manager, const char *warning);

/* Starts or stops the timer that tends the engine: it runs while there are sessions, or a
 * warning. */
void manager_tend_refresh(struct manager *manager);

/* Sets the state of a session, and informs the observer if it is another one. */
void session_set_state(struct session *session, enum session_state state);

/* Finds out whether a session that was started and is not stopping is running, stalled or
 * waiting. */
void session_refresh(struct session *session);

#endif
