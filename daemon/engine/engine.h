/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: the recording machinery behind the sessions.
 *
 * It owns the pipeline (the kernel side's programs, maps and rings), the rule that switches tracing
 * on, the drop counters, the name writer, the plan in force, and what the next daemon needs: the
 * saved sessions, the stored descriptors and the mapped checkpoint. It borrows the state directory
 * and the recorder; the recorder owns the writers of journals.
 *
 * Threads: the worker calls everything that changes the engine. These calls wait for the kernel,
 * and for the disk at most as long as SyncTimeout= says. While there is no worker yet, or no more,
 * the control thread takes its place. Functions marked "any thread" may be called at any time until
 * engine_free or engine_leave.
 *
 * Lock: engine->lock guards what those functions read: the pointer to the pipeline, whether the
 * rule is installed, and the sums over pipelines that are gone. The worker writes these with the
 * lock held and reads them without it. It is held while counters are read, never while programs are
 * loaded or the disk is awaited; only pipeline->attached_lock is taken inside it.
 *
 * engine_run() carries out its requests in this order:
 *
 * 1. Open the pipeline if a session starts, make the new plan, check its probes and filters,
 *    generate the matcher. A failure here leaves everything as it was, except that the pipeline
 *    stays open.
 * 2. Begin the journals of the sessions that start: their heads are on the disk, their directories
 *    still have temporary names. A failure removes these journals again; their ids are used up.
 * 3. Save the intended changes and stops. From here on the next daemon completes them if this one
 *    is killed.
 * 4. Swap the kernel side: remove the rule if nothing is to be seen, swap the matcher, install the
 *    rule if a session starts. A failure puts back the plan in force, removes the journals of step
 *    2 and reverts step 3.
 * 5. The new plan is in force; no later failure takes it back. Journals get the changed settings,
 *    or are closed with the totals. Where the disk does not take this, or does not answer, the
 *    request gets a warning.
 * 6. Save for the next daemon, see below. A failure is logged: a restart resumes what was saved
 *    last.
 * 7. Give the new journals their final names. If the daemon is killed before, the next one does so
 *    for sessions that were saved, and removes the other journals.
 *
 * When several requests fail together, each half is tried alone, until only those that are to blame
 * have failed.
 *
 * What is saved is complete at any moment: descriptors are added to the service manager's store,
 * then the file of saved sessions is replaced, then descriptors that it does not need are removed
 * from the store. The checkpoint is the recorder's: it writes an entry after each turn of the
 * rings, before their room is released.
 *
 * A restart reads these in the same order (engine_inherit): the saved sessions, of this boot only;
 * the journals under temporary names; the stored descriptors, whose programs still run; and the
 * checkpoint, which says which records of the rings are in the journals. Then the daemon loads its
 * own programs, and engine_run() swaps in its matcher. What can't be taken over is closed, and a
 * loss record in each journal covers the gap. After several daemons that failed at this the engine
 * uses fewer of the saved things (resume.c), so that no restart fails forever.
 *
 * If the pipeline goes stale, because nf_tables was removed, the owner closes the engine and opens
 * it again: the sessions and their journals stay, and a loss record covers the time in between.
 */
#ifndef NFTTRACED_DAEMON_ENGINE_ENGINE_H
#define NFTTRACED_DAEMON_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/base/failure.h"
#include "daemon/drops/drops.h"
#include "daemon/engine/saved-sessions.h"
#include "daemon/filter/filter.h"
#include "daemon/journals/state-directory.h"
#include "daemon/names/name-writer.h"
#include "daemon/recorder/recorder.h"
#include "daemon/settings/session-options.h"
#include "daemon/settings/settings.h"

struct engine;

/* Loads nothing yet. State directory and recorder are borrowed. */
struct engine *engine_new(
	const struct settings *settings, struct state_directory *state, struct recorder *recorder);

/* The use of the pipeline after it was opened. */
enum engine_next {
	ENGINE_RESTS, /* nothing: unloads idle programs that keep nf_tables in use */
	ENGINE_STARTS, /* sessions start at once: those programs stay loaded */
};

/*
 * Loads the pipeline and resumes recording for the sessions of the plan, with a loss record in
 * their journals for the gap. -ENOENT: nf_tables is not loaded. Does nothing if it is open.
 */
int engine_open(struct engine *engine, enum engine_next next, struct failure *failure);

/* Unloads the pipeline; the sessions and their counts stay. Does nothing if it is not open. */
void engine_close(struct engine *engine);

/* A session as the engine began it. */
struct engine_session {
	uint64_t id;
	uint64_t started; /* us, CLOCK_REALTIME */
	uint64_t deadline; /* us, CLOCK_BOOTTIME: when its duration is over; 0: never */
	char *path; /* of the journal, absolute */
	int dir_fd; /* of the journal */
};

enum engine_action {
	ENGINE_START,
	ENGINE_RESUME,
	ENGINE_CHANGE,
	ENGINE_STOP,
};

/* One action on the session at a bit, and its result. */
struct engine_request {
	enum engine_action action;
	unsigned int bit;
	/* To start, resume or change it; borrowed. */
	const struct session_options *options;
	uid_t owner;
	const char *command;
	const char *caller; /* its name on the bus, if the session is bound to it; NULL */
	enum session_end end; /* to stop it: why */
	/* Of options->filter. NULL: every packet. Taken over (and NULL) when it is in force. */
	struct filter *filter;
	bool new_filter; /* to change it: `filter` replaces the one it has */

	struct failure failure;
	uint64_t id; /* of the session, if there is one already */
	struct engine_closing *closing; /* the engine's: the end of its journal, under way */
	char *warning; /* NULL, or what could not be written to the journal; g_free it */
	const struct saved_session *resumed; /* to resume it; borrowed */
	uint64_t seen; /* ns, CLOCK_MONOTONIC: a gap began then and ends now; 0: no gap */
	struct engine_session begun; /* if started or resumed: the caller owns the members */
	struct dictionary_totals totals; /* set if it was stopped */
	/* Set if it was stopped; `unsynced` is 0 if all of the journal is on the disk. */
	struct recorder_stored stored;
};

/*
 * Carries out requests for several sessions, each at a bit of its own, with one change of the
 * kernel side, which is the slow part. A request that fails (its `failure` says why) has changed
 * nothing and does not affect the others.
 *
 * ENGINE_START starts a session at a free bit. A session of the configuration starts without
 * nf_tables, too, and records as soon as it is loaded. ENGINE_RESUME is for requests of
 * engine_inherit. ENGINE_CHANGE changes verdicts and filter to those of `options` and journals the
 * new settings. ENGINE_STOP ends a session: no event is matched any more, all that were are
 * journaled, its totals are final and its bit is free.
 */
void engine_run(struct engine *engine, struct engine_request *const *requests, size_t count);

/* To be called every few seconds: ages the tracker, journals suppressed counts, checks that probes
 * run. True if the pipeline is stale, because nf_tables was removed: close and open it. */
bool engine_tend(struct engine *engine);

/* One sentence (g_free it) if nothing can be seen, because no trace rule exists and none may, or
 * could, be installed, or because the kernel's probes are switched off; NULL: no such problem is
 * known. */
char *engine_warning(struct engine *engine);

struct engine_status {
	bool open;
	bool armed; /* the trace rule is installed */
	enum attach_mode attach; /* while open */
	const char *layout; /* while open; static text */
	struct pipeline_features features; /* while open */
};

/* The status as of now. Any thread. */
void engine_status(struct engine *engine, struct engine_status *ret);

/* The totals of the session at `bit` as of now. Any thread. */
void engine_totals(struct engine *engine, unsigned int bit, struct dictionary_totals *ret);

/* How much of the journal of the session at `bit` is on the disk. Any thread. */
void engine_stored(struct engine *engine, unsigned int bit, struct recorder_stored *ret);

/* A count of the kernel side since the daemon started, over all pipelines. Any thread. */
uint64_t engine_count(struct engine *engine, enum pipeline_count which);

/* Names that are in no journal, and name requests that found no room: see name_writer_lost and
 * name_requests_overflows. Any thread. */
uint64_t engine_names_lost(struct engine *engine);
uint64_t engine_names_overflow(struct engine *engine);
void engine_names_count(struct engine *engine, struct name_writer_counts *ret);

/* Calls that the kernel skipped; -EOPNOTSUPP: the kernel does not count them. Any thread. */
int engine_missed(struct engine *engine, uint64_t *ret);

/* The drop counters, which live as long as the engine; NULL: DropCounters=no. Any thread. */
struct drops *engine_drops(const struct engine *engine);

/* Takes new settings. AllowSystemChanges= takes effect at once, the others for what comes. An error
 * is that of arming; the settings are in force all the same. */
int engine_reconfigure(
	struct engine *engine, const struct settings *settings, struct failure *failure);

/* Closes the pipeline and frees the engine. Accepts NULL; returns NULL. */
struct engine *engine_free(struct engine *engine);

/*
 * Resuming the sessions of the last daemon, before anything else is done with the engine.
 *
 * engine_inherit takes over what the last daemon left. NULL: there is nothing to resume. Else it
 * returns requests to ENGINE_RESUME, one for each session in *ret_saved, whose journals are open
 * and take the records of the rings. The caller adds their filters and has engine_run carry out
 * those that engine_request_resumes; calls engine_abandon for each of them that failed; then calls
 * engine_inherit_end, which ends the sessions that were being stopped.
 */
GArray *engine_inherit(struct engine *engine, struct saved_sessions **ret_saved);
bool engine_request_resumes(const struct engine_request *request);
void engine_abandon(struct engine *engine, struct engine_request *request);
void engine_inherit_end(struct engine *engine, GArray *requests);

/* True if engine_inherit took over the kernel side of the last daemon, with its counters. */
bool engine_has_adopted(const struct engine *engine);

/* True if the sessions are saved for the next daemon: then this daemon ends with engine_leave in
 * place of engine_free. */
bool engine_is_saved(const struct engine *engine);

/* Frees the engine and leaves the kernel side attached. Returns NULL. */
struct engine *engine_leave(struct engine *engine);

#endif
