/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the engine, its pipeline, requests and sessions, know of each other. */
#ifndef NFTTRACED_DAEMON_ENGINE_ENGINE_PRIVATE_H
#define NFTTRACED_DAEMON_ENGINE_ENGINE_PRIVATE_H

#include "daemon/engine/engine.h"
#include "daemon/engine/fd-store.h"
#include "daemon/engine/plan.h"
#include "daemon/names/name-writer.h"
#include "daemon/recorder/checkpoint.h"

/*
 * The lock is for readers on other threads: it covers the pointer to the pipeline and the sums that
 * outlive it; the worker alone writes them, and reads them without it.
 */
struct engine {
	const struct settings *settings; /* a reference; the worker's, when there is one */
	struct state_directory *state;
	struct recorder *recorder;
	struct arming *arming;
	struct name_writer *writer; /* NULL: there is no resolver */
	struct drops *drops; /* NULL: drops are not counted */
	char *unarmed; /* why it could not be armed; NULL: it is, or need not or must not be */
	struct fd_store *store; /* NULL: as `saved` */
	struct checkpoint *checkpoint; /* NULL: as `saved` */
	struct saved_sessions
		*saved; /* as it was written last; NULL: nothing outlives this daemon */
	bool inheriting; /* the list of the last daemon is the one that holds */
	bool went_on; /* it began with the pipeline of another daemon */
	bool adopted; /* the pipeline is another daemon's, and its sessions' epochs hold */
	struct plan plan;
	uint64_t closed; /* ns, CLOCK_MONOTONIC: since when there are sessions and no pipeline */
	uint64_t heard; /* ns, CLOCK_MONOTONIC: when probes were last seen to run */
	char *silence; /* why they do not run since then, see probe-switches.h; NULL: they do */

	GMutex lock;
	struct pipeline *pipeline;
	bool armed;
	/* Of the pipelines that are gone. */
	uint64_t counts[COUNT_MAX];
	uint64_t missed;
	struct session_stats sessions[EVENT_SESSIONS_MAX];
};

/* Opens it for a session that was asked for: nf_tables may have to be loaded first. */
int engine_require(struct engine *engine, struct failure *failure);

/* Looks whether probes run; notes in the journals, afterwards, from when to when they did not. */
void engine_listen(struct engine *engine);

/* Nobody wants to know of anything, if this is the plan. */
bool engine_is_idle(const struct engine *engine, const struct plan *plan);

/* Installs the trace rule, where that is allowed. What fails is tried again until it works. */
int engine_arm(struct engine *engine, struct failure *failure);
void engine_disarm(struct engine *engine);

/* Looks the probes of `options` up and gives them to the session at `bit` of the plan. */
int engine_probes_plan(struct engine *engine, struct plan *plan, unsigned int bit,
	const struct session_options *options, struct failure *failure);

/* Further probes of the session at `bit`: struct dictionary_probe, with text that is the plan's. */
GArray *engine_probes_describe(const struct plan *plan, unsigned int bit);

/* The matcher for `plan`, to be freed by the caller; -E2BIG and FAILURE_FILTER_TOO_COMPLEX. */
int engine_build(struct engine *engine, const struct plan *plan, struct matcher **ret,
	struct failure *failure);

/* Has the kernel side use `matcher`, which was built for `plan`. */
int engine_swap(struct engine *engine, const struct plan *plan, const struct matcher *matcher,
	struct failure *failure);

/* Both. */
int engine_apply(struct engine *engine, const struct plan *plan, struct failure *failure);

/* A session that starts, as `plan` has it, has its journal from now on; engine_session_undo takes it away again. */
int engine_session_begin(struct engine *engine, const struct plan *plan,
	struct engine_request *request, struct failure *failure);
void engine_session_undo(struct engine *engine, struct engine_request *request);

/*
 * journal.c: what waits for the disk, but no longer than SyncTimeout= says. -ETIMEDOUT: it does not
 * answer.
 *
 * The journal of a session that starts, with its head on the disk; takes over `settings`. Of *session it sets
 * id, path and dir_fd.
 */
int engine_journal_begin(struct engine *engine, const struct engine_request *request,
	char *settings, struct engine_session *session, struct journal_writer **ret);
/* These sessions (uint64_t) have begun: their directories have their names from now on, on the disk, too. */
int engine_journals_publish(struct engine *engine, GArray *ids);
/* Takes over the writer of a session that ends with `request->totals`, which engine_journals_await puts right
 * when all that was written is on the disk, or is not. */
void engine_journal_end(
	struct engine *engine, struct engine_request *request, struct journal_writer *writer);
void engine_journals_await(
	struct engine *engine, struct engine_request *const *requests, size_t count);
int engine_saved_sessions_write(struct engine *engine, const struct saved_sessions *saved);

/* The limits of a session's journal. */
struct journal_limits engine_journal_limits(
	const struct engine *engine, const struct session_options *options);
/* The text of its JOURNAL_SETTINGS (g_free it). */
char *engine_session_settings(const struct plan *plan, unsigned int bit,
	const struct session_options *options, uid_t owner);
void engine_session_clear(struct engine_session *session);
/* The slot of its totals in the checkpoint; NULL: there is none. */
struct checkpoint_slot *engine_checkpoint_slot(struct engine *engine, unsigned int bit);

/* save.c: the next daemon shall know of this one's sessions. What the last one left in the store
 * comes in a list that owns its descriptors, NULL if there is no service manager. */
GArray *engine_keep_begin(struct engine *engine);
/* The store is emptied: what it had is gone from the kernel, or soon. */
void engine_keep_nothing(struct engine *engine);
/* What is left of the list is nobody's. */
void engine_stored_fds_free(GArray *stored_fds);

/* What the settings say of a pipeline. */
struct pipeline_options engine_pipeline_options(const struct engine *engine);

/* Drops are counted from now on, if that is wanted. */
int engine_count_drops(struct engine *engine, struct failure *failure);

/* engine/adopt.c: takes over the pipeline of the last daemon. */
int engine_adopt(
	struct engine *engine, struct saved_sessions *saved, GArray *stored_fds, char **ret_reason);
/* The journals are open: its rings are read from now on, its programs replaced. What fails has left
 * nothing of it, and what was counted is in the sums. */
int engine_adopt_finish(struct engine *engine, char **ret_reason);
/* A session began, was changed, ended; engine_keep writes it down. */
void engine_keep_session(struct engine *engine, const struct engine_request *request);
void engine_keep_without(struct engine *engine, unsigned int bit);
/* What is going to be changed and stopped is written down first: who is killed meanwhile leaves nothing that
 * is half done. It was not to be: the list is what it was. */
void engine_keep_intent(
	struct engine *engine, struct engine_request *const *requests, size_t count);
void engine_keep_undo(struct engine *engine);
/* Negative errno. */
int engine_keep(struct engine *engine);

/* The session is seen again: its journal has the gap, and its settings. */
void engine_session_resumed(struct engine *engine, struct engine_request *request);

/* Names for the events of the session at `bit`, from now on. */
void engine_session_names(struct engine *engine, const struct engine_request *request);

/* The kernel side has changed: the journal is told, or closed with the totals. */
void engine_session_changed(struct engine *engine, struct engine_request *request);
void engine_session_ended(struct engine *engine, struct engine_request *request);

/* Writes into journals what is new about events that the session's rate held back, by rule. */
void engine_suppressed_tell(struct engine *engine, unsigned int bit);
void engine_suppressed_tell_all(struct engine *engine);

#endif
