/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recording machinery behind the sessions: pipeline, matcher, arming, and the way from the rings to
 * the journals. The worker owns it and is the only one that calls what changes it; those calls are
 * slow. Status and counts may be read by any thread at any time.
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

/* Nothing is loaded yet. State and data are borrowed. */
struct engine *engine_new(
	const struct settings *settings, struct state_directory *state, struct recorder *recorder);

/* What a pipeline that was opened is for. */
enum engine_next {
	ENGINE_RESTS, /* unless drops are counted, or sessions are there already */
	ENGINE_STARTS, /* sessions are started now: what they need stays loaded, even where that keeps nf_tables */
};

/*
 * Loads the pipeline, and records again for the sessions there are, with a loss record in their
 * journals for the gap. -ENOENT: nf_tables is not loaded. Does nothing if it is open.
 */
int engine_open(struct engine *engine, enum engine_next next, struct failure *failure);

/* Unloads all of it; the sessions stay, and their counts. Does nothing if it is not open. */
void engine_close(struct engine *engine);

/* What a session is for the engine when it began. */
struct engine_session {
	uint64_t id;
	uint64_t started; /* us, CLOCK_REALTIME */
	uint64_t deadline; /* us, CLOCK_BOOTTIME, when its duration is over; 0: never */
	char *path; /* of the journal, absolute */
	int dir_fd; /* of the journal */
};

enum engine_action {
	ENGINE_START,
	ENGINE_RESUME,
	ENGINE_CHANGE,
	ENGINE_STOP,
};

/* What shall be done to the session at a bit, and what came of it. */
struct engine_request {
	enum engine_action action;
	unsigned int bit;
	/* To start and to change it; borrowed. */
	const struct session_options *options;
	uid_t owner;
	const char *command;
	const char *caller; /* its name on the bus, if the session is bound to it; NULL */
	enum session_end end; /* to stop it: why */
	/* Of options->filter. NULL: every packet. Taken over (and NULL) when it is in force. */
	struct filter *filter;
	bool new_filter; /* to change it: `filter` is one; else the session keeps the one it has */

	struct failure failure;
	uint64_t id; /* of the session, where there is one already */
	struct engine_closing *closing; /* the engine's: its journal is being closed */
	char *warning; /* NULL, or what could not be noted in the journal; g_free it */
	const struct saved_session *resumed; /* to go on with it; borrowed */
	uint64_t seen; /* ns, CLOCK_MONOTONIC: then a gap begins that ends now; 0: there is none */
	struct engine_session begun; /* it was started or goes on: the caller owns what is in it */
	struct dictionary_totals totals; /* it was stopped */
	struct recorder_stored
		stored; /* the same: `unsynced` is 0 if all of the journal is on the disk */
};

/*
 * Does what is requested for several sessions, each at a bit of its own, with one change of the kernel
 * side, which is what takes long. A request that fails (its `failure` says why) has changed nothing,
 * and harms no other.
 *
 * ENGINE_START begins a session at a bit that is free; loads nf_tables if need be and allowed. If it
 * fails nothing is left of it but a used-up id. A session of the configuration
 * begins without nf_tables, too, and waits for it. ENGINE_CHANGE changes verdicts and filter to those of
 * `options` and notes it in the journal. ENGINE_STOP ends a session: no event is matched any more, all
 * that were are journaled, its totals are closed and its bit is free.
 */
void engine_run(struct engine *engine, struct engine_request *const *requests, size_t count);

/* What wants doing every few seconds: forgets old tracker entries. True if the probe is gone, because
 * nf_tables was removed: close and open again. */
bool engine_tend(struct engine *engine);

/* One sentence (g_free it) if nothing can be seen because no trace rule exists and none may, or could, be
 * installed, or because the kernel's probes are switched off; NULL if all is well or it can't be told. */
char *engine_warning(struct engine *engine);

struct engine_status {
	bool open;
	bool armed;
	enum attach_mode attach; /* while open */
	const char *layout; /* while open; static text */
	struct pipeline_features features; /* while open */
};

/* The status as of now. */
void engine_status(struct engine *engine, struct engine_status *ret);

/* The totals of the session at `bit` as of now. */
void engine_totals(struct engine *engine, unsigned int bit, struct dictionary_totals *ret);

/* How much of the journal of the session at `bit` is on the disk, as of now. */
void engine_stored(struct engine *engine, unsigned int bit, struct recorder_stored *ret);

/* Sum over all pipelines there were. */
uint64_t engine_count(struct engine *engine, enum pipeline_count which);

/* Names that got into no journal, and requests for names that found no room: see name_writer_lost and
 * name_requests_overflows. */
uint64_t engine_names_lost(struct engine *engine);
uint64_t engine_names_overflow(struct engine *engine);
void engine_names_count(struct engine *engine, struct name_writer_counts *ret);

/* Calls that the kernel skipped; -EOPNOTSUPP where it does not tell. */
int engine_missed(struct engine *engine, uint64_t *ret);

/* The drop counters, for as long as the engine lives; NULL: DropCounters=no. */
struct drops *engine_drops(const struct engine *engine);

/* Has these settings from now on: AllowSystemChanges holds at once, what else they say for what comes. An
 * error is that of arming. */
int engine_reconfigure(
	struct engine *engine, const struct settings *settings, struct failure *failure);

/* Closes it. Accepts NULL; returns NULL. */
struct engine *engine_free(struct engine *engine);

/*
 * engine/resume.c: sessions go on where a service manager begins a daemon again.
 *
 * engine_inherit looks for what the last daemon left. NULL: nothing is to go on. Else requests to
 * ENGINE_RESUME, one for each session in *ret_saved, whose journals are open and get what the rings
 * still have: the caller adds their filters, and has engine_run do them. Then it tells of each that
 * failed with engine_abandon, and calls engine_inherited.
 */
GArray *engine_inherit(struct engine *engine, struct saved_sessions **ret_saved);
void engine_abandon(struct engine *engine, struct engine_request *request);
void engine_inherited(struct engine *engine, GArray *requests);

/* False: the session was being stopped. Its request is none for engine_run: engine_inherited ends it. */
bool engine_resumes(const struct engine_request *request);

/* True if engine_inherit found the kernel side as the last daemon left it, counters and all. */
bool engine_went_on(const struct engine *engine);

/* True if the sessions go on when this daemon ends: then engine_leave is the end, in place of
 * engine_free. */
bool engine_outlives(const struct engine *engine);
struct engine *engine_leave(struct engine *engine);

#endif
