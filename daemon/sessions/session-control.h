/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager: the list of sessions and everything that is done to them, on the control thread. It
 * knows no bus: who asks gives a function for the reply, and an observer hears of changes. Filters are
 * compiled by processes, and what changes the kernel side goes to the worker, in the order in which it
 * is ready; one job of a session after the other.
 */
#ifndef NFTTRACED_DAEMON_SESSIONS_SESSION_CONTROL_H
#define NFTTRACED_DAEMON_SESSIONS_SESSION_CONTROL_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "daemon/base/worker.h"
#include "daemon/drops/drop-summary.h"
#include "daemon/engine/engine.h"
#include "daemon/filter/filter-queue.h"
#include "daemon/follow/follow.h"
#include "daemon/sessions/session.h"

/* Where the reply goes, on the control thread, exactly once. `failure` NULL: it is done. `session` is
 * valid during the call only; `totals` are those of a session that ended. */
typedef void (*manager_reply)(void *context, struct session *session,
	const struct dictionary_totals *totals, const struct failure *failure);

struct manager_call {
	manager_reply reply; /* NULL: nobody wants to know */
	void *context;
};

/* What hears of changes. Functions are called on the control thread. */
struct manager_observer {
	void *context;
	void (*session_added)(void *context, struct session *session);
	void (*session_removed)(void *context, struct session *session); /* its last moment */
	void (*session_changed)(void *context, struct session *session); /* its state */
	void (*status_changed)(void *context);
};

enum manager_state {
	MANAGER_READY,
	MANAGER_WAITING, /* nf_tables is not loaded */
	MANAGER_FAILED, /* the pipeline could not be loaded again; `problem` says why */
};

struct manager {
	sd_event *event;
	const struct settings
		*settings; /* a reference; may be another one in the loop's next turn */
	struct engine *engine;
	struct recorder *recorder;
	const struct state_directory *store; /* of journals */
	struct manager_index *index; /* of the same: lists, and what quotas may remove */
	struct compiler *compiler;
	/* Lanes, so that no start or stop waits for a disk: */
	struct worker *worker; /* what changes the pipeline */
	struct worker *janitor; /* removes journals */
	struct follow *follow;
	struct configured *configured;
	struct reload *reload; /* main's; NULL: none yet */
	struct drop_summary *summary; /* NULL: drops are not counted */
	struct manager_observer observer;

	GPtrArray *sessions; /* of struct session, those that start and stop included */
	uint64_t bits; /* given out */

	struct engine_status status;
	enum manager_state state;
	char *failed; /* why, in MANAGER_FAILED */
	char *warning; /* or NULL */
	GString *problem; /* manager_problem's */
	char *misconfigured; /* why the last reload came to nothing, or NULL */

	sd_event_source *attention; /* of the recorder thread */
	/* Of JournalsSize and UserJournalSize. */
	bool users_seen; /* somebody but root had a session since the daemon started */
	int64_t quota_due; /* us, CLOCK_MONOTONIC: the next check */
	int64_t quota_verified; /* us, CLOCK_MONOTONIC: as in struct quota */
	bool quota_checking; /* its job is on the way */
	bool quota_exceeded; /* by what runs alone, when it was looked at last */
	int quota_error;
	uint64_t quota_segments; /* that were removed, as JournalsSize wants it */
	uint64_t quota_journals; /* as UserJournalSize wants it */

	sd_event_source *handover_timer; /* of settings, to the engine */
	sd_event_source *tend_timer; /* while there are sessions, or a warning */
	bool tending; /* its job is on the way */
	sd_event_source *open_timer; /* tries again to open the pipeline */
	unsigned int open_tries;
	_Atomic bool ending; /* the worker looks, too */
	bool leaving; /* the sessions go on without us */
};

/* State and data are borrowed; opens the pipeline. -ENOENT is not a failure: it waits for
 * nf_tables. Any other error comes with one sentence in `failure`. */
int manager_new(sd_event *event, const struct settings *settings, struct state_directory *state,
	struct recorder *recorder, struct manager **ret, struct failure *failure);

/* From now on tells this observer, in place of the one before, what happens. */
void manager_observe(struct manager *manager, const struct manager_observer *observer);

/* What is wrong, each a sentence with the remedy, or "". Good until the next call. The second one is for
 * everybody: it quotes nothing of the configuration, whose sessions have names and filters. */
const char *manager_problem(const struct manager *manager);
const char *manager_problem_public(const struct manager *manager);

/* In place of why a reload came to nothing, for everybody. */
#define MISCONFIGURED_PUBLIC \
	"invalid configuration, keeping the previous one: the log has the reason"

/*
 * Begins a session; takes over what is in `options`. Returns it at once (it is not on the bus before
 * the reply), or NULL when it was refused at once: then the reply was called already.
 */
struct session *manager_session_start(struct manager *manager, struct session_options *options,
	uid_t owner, const char *command, struct manager_call call);

/* A session that went on from the last daemon; takes over what is in `begun` and `resumed`. */
void manager_session_take(
	struct manager *manager, struct engine_session *begun, struct saved_session *resumed);

/* Ends a session, and says why in its journal; further calls for the same session get the same totals, and change
 * nothing of the reason. */
void manager_session_stop(struct session *session, enum session_end end, struct manager_call call);

/* What is not NULL is changed. */
void manager_session_change(struct session *session, const uint32_t *verdicts, const char *filter,
	struct manager_call call);

/* Of the sessions on the bus. NULL if there is none. */
/* Bytes of all running sessions' journals that are not known to be on the disk. */
uint64_t manager_unsynced(const struct manager *manager);

struct session *manager_session_find(struct manager *manager, uint64_t id);

/* nf_tables came or went. */
void manager_module_changed(struct manager *manager, bool present);

/* The settings of the summary of drops have changed. */
int manager_summary_refresh(struct manager *manager);

/* Has these settings in place of those before, in the engine, too. */
void manager_reconfigure(struct manager *manager, const struct settings *settings);

/* One sentence about the configuration, until it is called with NULL. */
void manager_misconfigured(struct manager *manager, const char *trouble);

/* What manager_problem says may be something else now. */
void manager_problem_changed(struct manager *manager);

/* Ends all sessions, then the event loop; where the service manager begins the daemon again, the loop
 * only, and the sessions go on. */
void manager_end(struct manager *manager);

/* After the event loop. Accepts NULL; returns NULL. */
struct manager *manager_free(struct manager *manager);

#endif
