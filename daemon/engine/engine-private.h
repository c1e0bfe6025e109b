/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of the engine. All of it runs on the worker, except where status.c says
 * otherwise. */
#ifndef NFTTRACED_DAEMON_ENGINE_ENGINE_PRIVATE_H
#define NFTTRACED_DAEMON_ENGINE_ENGINE_PRIVATE_H

#include "daemon/engine/engine.h"
#include "daemon/engine/fd-store.h"
#include "daemon/engine/plan.h"
#include "daemon/names/name-writer.h"
#include "daemon/recorder/checkpoint.h"

struct engine {
	const struct settings *settings; /* a reference; in force on the worker */
	struct state_directory *state;
	struct recorder *recorder;
	struct arming *arming;
	struct name_writer *writer; /* NULL: there is no resolver */
	struct drops *drops; /* NULL: drops are not counted */
	char *unarmed; /* why arming failed; NULL: it did not, or is not needed or not allowed */
	/* For the next daemon; all three are NULL without a service manager. */
	struct fd_store *store;
	struct checkpoint *checkpoint; /* NULL, too, if it can't be mapped */
	struct saved_sessions *saved; /* as written last; NULL if `checkpoint` is */
	bool inheriting; /* until engine_inherit_end the file stays as it is */
	bool adopting; /* while inheriting: the pipeline is the last daemon's, its epochs hold */
	bool has_adopted; /* this daemon began with the last daemon's pipeline */
	struct plan plan; /* in force */
	uint64_t closed_since; /* ns, CLOCK_MONOTONIC: since when sessions lack a pipeline */
	uint64_t probes_seen; /* ns, CLOCK_MONOTONIC: when probes last ran; 0: not known */
	char *silence; /* why they have not run since then, see probe-switches.h; NULL: they do */

	/* Guards what follows, which status.c alone writes. The worker reads it without the
	 * lock. */
	GMutex lock;
	struct pipeline *pipeline; /* NULL: closed */
	bool armed;
	/* Sums over the pipelines that are gone. */
	uint64_t counts[COUNT_MAX];
	uint64_t missed;
	struct session_stats sessions[EVENT_SESSIONS_MAX];
};

/* engine.c: the pipeline. */

/* Opens the pipeline for a request; loads nf_tables first if necessary and allowed. */
int engine_require(struct engine *engine, struct failure *failure);

/* The pipeline's options according to the settings. */
struct pipeline_options engine_pipeline_options(const struct engine *engine);

/* Counts drops from now on, unless DropCounters=no. */
int engine_count_drops(struct engine *engine, struct failure *failure);

/* The matcher for `plan`, to be freed by the caller; -E2BIG and FAILURE_FILTER_TOO_COMPLEX. */
int engine_build(struct engine *engine, const struct plan *plan, struct matcher **ret,
	struct failure *failure);

/* Has the kernel side use `matcher`, which was built for `plan`. A failure has changed nothing. */
int engine_swap(struct engine *engine, const struct plan *plan, const struct matcher *matcher,
	struct failure *failure);

/* engine_build() and engine_swap(). */
int engine_apply(struct engine *engine, const struct plan *plan, struct failure *failure);

/* tracing.c: whether the kernel calls the probes. */

/* True if `plan` has no session and drops are not counted: then tracing is switched off. */
bool engine_is_idle(const struct engine *engine, const struct plan *plan);

/* Installs the trace rule if AllowSystemChanges=yes. After a failure engine_arm_retry tries
 * again. */
int engine_arm(struct engine *engine, struct failure *failure);
void engine_disarm(struct engine *engine);
void engine_arm_retry(struct engine *engine);

/* Checks whether probes are silenced. When they run again, journals get a loss record for the time
 * between. */
void engine_silence_refresh(struct engine *engine);

/* status.c: what other threads read; these write it, on the worker. */

void engine_pipeline_set(struct engine *engine, struct pipeline *pipeline);
/* Sets it to NULL and adds its counts to the sums; the caller frees it. */
void engine_pipeline_clear(struct engine *engine);
void engine_armed_set(struct engine *engine, bool armed);
/* Set or reset the sums of the session at `bit`. The reset also zeroes its counts in the
 * pipeline. */
void engine_session_stats_set(
	struct engine *engine, unsigned int bit, const struct session_stats *stats);
void engine_session_stats_reset(struct engine *engine, unsigned int bit);

/* probes.c: further probes of a session. */

/* Finds the probes of `options` in the kernel and adds them to the session at `bit` of the plan. */
int engine_probes_plan(struct engine *engine, struct plan *plan, unsigned int bit,
	const struct session_options *options, struct failure *failure);

/* The probes of the session at `bit`: struct dictionary_probe, whose text belongs to the plan. */
GArray *engine_probes_describe(const struct plan *plan, unsigned int bit);

/* session-journal.c: the changes that a request makes to a session's journal and totals. */

/* Begins the journal of a session that starts, as `plan` has it, and gives it to the recorder. */
int engine_session_begin(struct engine *engine, const struct plan *plan,
	struct engine_request *request, struct failure *failure);
/* Removes that journal again; does nothing if none was begun. */
void engine_session_undo(struct engine *engine, struct engine_request *request);

/* The kernel side has changed. Journals the settings; a failure becomes the request's warning. */
void engine_session_changed(struct engine *engine, struct engine_request *request);
/* Does so after a loss record for the gap, if there was one (resume.c). */
void engine_session_resumed(struct engine *engine, struct engine_request *request);
/* Nothing is matched any more: takes the journal from the recorder and submits its end. */
void engine_session_ended(struct engine *engine, struct engine_request *request);

/* Has names written for the events of the session at `bit`. */
void engine_session_names(struct engine *engine, const struct engine_request *request);

/* Frees the members. */
void engine_session_clear(struct engine_session *session);
/* Where the checkpoint has the session; NULL: there is no checkpoint. */
struct checkpoint_slot *engine_checkpoint_slot(struct engine *engine, unsigned int bit);

/*
 * journal.c: jobs of the disk thread. The worker waits for each at most as long as SyncTimeout=
 * says. -ETIMEDOUT: the disk does not answer; the job is carried out, or undone, later.
 */

/* Begins the journal of a session that starts, with its head on the disk; takes over `settings`.
 * Sets id, path and dir_fd of *session. */
int engine_journal_begin(struct engine *engine, const struct engine_request *request,
	char *settings, struct engine_session *session, struct journal_writer **ret);

/* Gives the directories of these sessions (uint64_t), which have begun, their final names. */
int engine_journals_publish(struct engine *engine, GArray *ids);

/* Takes over the writer of a session that ends with `request->totals`, and submits its end. */
void engine_journal_end(
	struct engine *engine, struct engine_request *request, struct journal_writer *writer);

/* Waits for the ends that were submitted; corrects the requests' totals by the lost events, and
 * sets `stored` and `warning`. */
void engine_journals_await(
	struct engine *engine, struct engine_request *const *requests, size_t count);

/* Writes the file of the saved sessions. */
int engine_saved_sessions_write(struct engine *engine, const struct saved_sessions *saved);

/* The limits of a session's journal. */
struct journal_limits engine_journal_limits(
	const struct engine *engine, const struct session_options *options);

/* save.c: saves the state for the next daemon. Without a service manager all of it does nothing. */

/* Opens the store and the checkpoint. Returns the last daemon's descriptors, to be freed by
 * engine_stored_fds_free; NULL: there is no service manager. */
GArray *engine_save_begin(struct engine *engine);
/* Closes the descriptors that are left in the list. Accepts NULL. */
void engine_stored_fds_free(GArray *stored_fds);
/* Removes everything from the store. */
void engine_store_empty(struct engine *engine);

/* Change the saved sessions in memory; engine_save writes them. */
void engine_saved_set(struct engine *engine, const struct engine_request *request);
void engine_saved_remove(struct engine *engine, unsigned int bit);

/* Saves the intended changes and stops before they are applied, so that the next daemon completes
 * them if this one is killed in between. engine_save_revert restores the file if they were not
 * applied. */
void engine_save_intent(
	struct engine *engine, struct engine_request *const *requests, size_t count);
void engine_save_revert(struct engine *engine);

/* Brings store and file up to date with the engine. Negative errno: the file is an older one. */
int engine_save(struct engine *engine);

/* adopt.c: takes over the pipeline of the last daemon. *ret_reason says why it can't. */

int engine_adopt(
	struct engine *engine, struct saved_sessions *saved, GArray *stored_fds, char **ret_reason);
/* When the journals are open: reads its rings and replaces its programs. After a failure the
 * pipeline is closed, and its counts are in the sums. */
int engine_adopt_finish(struct engine *engine, char **ret_reason);

/* suppressed.c: journals the new counts, by rule, of events that a session's rate suppressed. */

void engine_suppressed_write(struct engine *engine, unsigned int bit);
void engine_suppressed_write_all(struct engine *engine);

#endif
