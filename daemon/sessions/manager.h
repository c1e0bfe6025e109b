/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager owns the sessions, from the request to the final totals, and what they need: the
 * engine, the filter compiler, the journal index and the settings in force. It lives on the control
 * thread, as everything in this folder does unless it says otherwise, and never waits there: the
 * engine is changed by jobs of the thread nfttraced-work, in the order in which they are ready and
 * one per session at a time; journals are removed on nfttraced-clean and read on nfttraced-index;
 * filters are compiled by other processes.
 *
 * It does not know the bus. Each request brings a function that gets the reply exactly once; an
 * observer is called when a session or the status changes. A request that fails changes nothing,
 * and its reply has the reason. A failure that concerns no request is logged and is part of the
 * status until it is over (sessions/status.h).
 */
#ifndef NFTTRACED_DAEMON_SESSIONS_MANAGER_H
#define NFTTRACED_DAEMON_SESSIONS_MANAGER_H

#include <glib.h>
#include <systemd/sd-event.h>

#include "daemon/engine/engine.h"
#include "daemon/sessions/session.h"

struct follow;
struct journal_index;
struct manager;
struct reload;

/* Is called when something changes; on the control thread. */
struct manager_observer {
	void *context;
	void (*session_added)(void *context, struct session *session);
	void (*session_removed)(void *context, struct session *session); /* freed afterwards */
	void (*session_changed)(void *context, struct session *session); /* its state */
	void (*status_changed)(void *context);
};

/*
 * Resumes the sessions of the last daemon and opens the pipeline. `state` and `recorder` are
 * borrowed. A kernel without nf_tables is no error: the manager waits for the module. Any other
 * error comes with one sentence in `failure`.
 */
int manager_new(sd_event *event, const struct settings *settings, struct state_directory *state,
	struct recorder *recorder, struct manager **ret, struct failure *failure);

/* Replaces the observer. */
void manager_observe(struct manager *manager, const struct manager_observer *observer);

/* The parts of the manager. They live as long as it does, but the settings: those may be replaced
 * in the next turn of the event loop. */
GPtrArray *manager_sessions(const struct manager *manager); /* struct session, of all states */
const struct settings *manager_settings(const struct manager *manager);
const struct state_directory *manager_state_directory(const struct manager *manager);
const struct journal_index *manager_journals(const struct manager *manager);
struct configured *manager_configured(const struct manager *manager);
struct engine *manager_engine(const struct manager *manager);
struct follow *manager_follow(const struct manager *manager);
struct reload *manager_reload(const struct manager *manager); /* NULL: the daemon is starting */

/* manager_end was called. */
bool manager_is_ending(const struct manager *manager);

/* Ends all sessions, then the event loop. Where a service manager restarts the daemon, it ends the
 * loop only, and the next daemon resumes the sessions. */
void manager_end(struct manager *manager);

/* For after the event loop. Accepts NULL; returns NULL. */
struct manager *manager_free(struct manager *manager);

#endif
