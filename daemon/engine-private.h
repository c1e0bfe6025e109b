/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the engine, its pipeline, requests and sessions, know of each other. */
#ifndef NFTTRACED_ENGINE_PRIVATE_H
#define NFTTRACED_ENGINE_PRIVATE_H

#include "engine.h"
#include "plan.h"
#include "scribe.h"

/*
 * The lock is for readers on other threads: it covers the pointer to the pipeline and the sums that
 * outlive it; the worker alone writes them, and reads them without it.
 */
struct engine {
	const struct settings *settings; /* a reference; the worker's, when there is one */
	struct state *state;
	struct data *data;
	struct arming *arming;
	struct scribe *scribe; /* NULL: there is no keeper */
	struct drops *drops; /* NULL: drops are not counted */
	char *unarmed; /* why there is no trace rule for the drop counters; NULL: there is, or may not be */
	struct plan plan;
	uint64_t closed; /* ns, CLOCK_MONOTONIC: since when there are sessions and no pipeline */
	uint64_t heard; /* ns, CLOCK_MONOTONIC: when probes were last seen to run */
	bool silenced; /* not since then */

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

/* Installs the trace rule, where that is allowed. */
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

/* The kernel side has changed: the journal is told, or closed with the books. */
void engine_session_changed(struct engine *engine, struct engine_request *request);
void engine_session_ended(struct engine *engine, struct engine_request *request);

#endif
