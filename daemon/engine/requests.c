/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's requests: carried out together, with one change of the kernel side for all of them. If
 * that fails it is undone, and each half of them is tried by itself, until the one is found that is to
 * blame.
 */
#include "daemon/engine/engine-private.h"

#include <errno.h>
#include <inttypes.h>

#include "daemon/base/log.h"
#include "daemon/filter/filter-limits.h"
#include "journal/base/clock.h"

/* What is requested as one. */
struct batch {
	struct engine *engine;
	struct engine_request *const *requests;
	size_t count;
	struct plan plan; /* when all is done */
	bool starts; /* one of them at least */
	bool intended; /* is written down for the next daemon */
};

static int plan_request(
	struct batch *batch, struct engine_request *request, struct failure *failure)
{
	struct engine *engine = batch->engine;
	struct plan_entry *entry = &batch->plan.entries[request->bit];
	uint32_t epoch = engine->pipeline ? pipeline_next_epoch(engine->pipeline) : 0;

	switch (request->action) {
	case ENGINE_START:
	case ENGINE_RESUME:
		*entry = (struct plan_entry){
			.used = true,
			.track = request->options->track,
			.owner = request->owner,
			.verdicts = request->options->verdicts,
			.sections = request->options->sections,
			.rate = request->options->rate,
			.burst = request->options->burst,
			.since = request->resumed && engine->adopted &&
					request->resumed->change == SAVED_NONE
				? request->resumed->since
				: epoch,
			.filter = request->filter,
		};
		return engine_probes_plan(
			engine, &batch->plan, request->bit, request->options, failure);
	case ENGINE_CHANGE:
		entry->verdicts = request->options->verdicts;
		if (!request->new_filter)
			break;
		if (engine->pipeline &&
			g_strcmp0(request->filter ? request->filter->expression : NULL,
				entry->filter ? entry->filter->expression : NULL) != 0)
			entry->since = epoch;
		entry->filter = request->filter;
		break;
	case ENGINE_STOP:
		*entry = (struct plan_entry){ 0 };
		plan_prune_probes(&batch->plan);
		break;
	}
	return 0;
}

/* Whether a user's sessions stay within what his filters may have, so that there is room for other users'. Those
 * that go on were allowed before. */
static int check_share(
	const struct batch *batch, const struct engine_request *request, struct failure *failure)
{
	const struct plan_entry *entry = &batch->plan.entries[request->bit];
	struct matcher_session sessions[EVENT_SESSIONS_MAX];
	uint64_t allowed = batch->engine->settings->user_filter_size;
	size_t count;

	if (entry->owner == 0 || request->action == ENGINE_RESUME ||
		request->action == ENGINE_STOP ||
		(request->action == ENGINE_CHANGE && !request->new_filter))
		return 0;
	count = plan_owner_sessions(&batch->plan, entry->owner, sessions);
	return filter_limits_user(sessions, count, allowed, failure);
}

/* The same for all sessions together, where the configuration allows less than the kernel does. */
static int check_filters(const struct batch *batch, struct failure *failure)
{
	struct matcher_session sessions[EVENT_SESSIONS_MAX];
	uint64_t allowed = batch->engine->settings->filters_size;
	bool grows = false;

	for (size_t i = 0; i < batch->count; i++) {
		const struct engine_request *request = batch->requests[i];

		grows = grows || request->action == ENGINE_START ||
			(request->action == ENGINE_CHANGE && request->new_filter);
	}
	if (!grows || allowed >= (uint64_t)STAGE_PARTS_MAX * MATCHER_PART_INSTRUCTIONS)
		return 0;
	return filter_limits_all(sessions, plan_sessions(&batch->plan, sessions), allowed, failure);
}

static int journals_begin(struct batch *batch, struct failure *failure)
{
	int r = 0;

	for (size_t i = 0; i < batch->count && r == 0; i++) {
		if (batch->requests[i]->action == ENGINE_START)
			r = engine_session_begin(
				batch->engine, &batch->plan, batch->requests[i], failure);
		else if (batch->requests[i]->action == ENGINE_RESUME)
			engine_session_names(batch->engine, batch->requests[i]);
	}
	return r;
}

static void journals_undo(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->requests[i]->action == ENGINE_START)
			engine_session_undo(batch->engine, batch->requests[i]);
	}
}

static void batch_intend(struct batch *batch)
{
	for (size_t i = 0; i < batch->count && !batch->intended; i++) {
		enum engine_action action = batch->requests[i]->action;

		batch->intended = action == ENGINE_CHANGE || action == ENGINE_STOP;
	}
	if (batch->intended)
		engine_keep_intent(batch->engine, batch->requests, batch->count);
}

/* The kernel side, from the plan that is in force to the new one; as it was if that fails. */
static int batch_swap(struct batch *batch, const struct matcher *matcher, struct failure *failure)
{
	struct engine *engine = batch->engine;
	auto_failure ignored = { 0 };
	int r;

	/* The key first: what is not asked for any more shall cost nothing. */
	if (engine_is_idle(engine, &batch->plan))
		engine_disarm(engine);
	r = engine_swap(engine, &batch->plan, matcher, failure);
	if (r < 0) {
		if (engine_is_idle(engine, &batch->plan))
			engine_arm(engine, &ignored);
		return r;
	}
	if (!batch->starts)
		return 0;
	/* The key last: from then on the first call is already seen by the sessions. */
	r = engine_arm(engine, failure);
	if (r < 0)
		engine_apply(engine, &engine->plan, &ignored);
	return r;
}

static void journals_publish(struct batch *batch)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	int r;

	for (size_t i = 0; i < batch->count; i++) {
		if (batch->requests[i]->action == ENGINE_START)
			g_array_append_val(ids, batch->requests[i]->begun.id);
	}
	r = ids->len ? engine_journals_publish(batch->engine, ids) : 0;
	if (r < 0)
		log_error("the names of new journals are not known to be stored (%s): a power "
			  "failure may take the journals of %u session%s from session %" PRIu64
			  " on",
			r == -ETIMEDOUT ? "the disk does not answer" : g_strerror(-r), ids->len,
			ids->len == 1 ? "" : "s", g_array_index(ids, uint64_t, 0));
}

static void batch_done(struct batch *batch)
{
	struct engine *engine = batch->engine;
	struct plan old = engine->plan;

	engine->plan = batch->plan;
	for (size_t i = 0; i < batch->count; i++) {
		struct engine_request *request = batch->requests[i];
		struct plan_entry *entry = &old.entries[request->bit];

		if (entry->filter != engine->plan.entries[request->bit].filter)
			filter_free(entry->filter);
		if (request->action != ENGINE_CHANGE || request->new_filter)
			request->filter = NULL;
		if (request->action == ENGINE_CHANGE)
			engine_session_changed(engine, request);
		else if (request->action == ENGINE_RESUME)
			engine_session_resumed(engine, request);
		else if (request->action == ENGINE_STOP)
			engine_session_ended(engine, request);
		if (request->action == ENGINE_STOP)
			engine_keep_without(engine, request->bit);
		else
			engine_keep_session(engine, request);
	}
	engine_journals_await(engine, batch->requests, batch->count);
	engine_keep(engine);
	/* Last: what is in the list begins in any case, and what is not has left nothing. */
	journals_publish(batch);
}

/* All that start belong to the configuration, or went on: they are there before what they record is. */
static bool batch_waits(const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct engine_request *request = batch->requests[i];

		if (request->action == ENGINE_START && !request->options->configured)
			return false;
	}
	return true;
}

static int batch_run(struct batch *batch, struct failure *failure)
{
	struct engine *engine = batch->engine;
	auto_matcher *matcher = NULL;
	int r = 0;

	for (size_t i = 0; i < batch->count; i++) {
		enum engine_action action = batch->requests[i]->action;

		batch->starts = batch->starts || action == ENGINE_START || action == ENGINE_RESUME;
		if (action != ENGINE_RESUME)
			batch->requests[i]->begun = (struct engine_session){ .dir_fd = -1 };
	}
	if (batch->starts)
		r = engine_require(engine, failure);
	if (r == -ENOENT && batch_waits(batch)) {
		failure_clear(failure);
		if (!engine->closed)
			engine->closed = clock_ns(CLOCK_MONOTONIC);
		r = 0;
	}
	if (r < 0)
		return r;
	/* Not before: opening it may have moved the sessions to a new epoch. */
	batch->plan = engine->plan;
	for (size_t i = 0; i < batch->count && r == 0; i++)
		r = plan_request(batch, batch->requests[i], failure);
	for (size_t i = 0; i < batch->count && r == 0; i++)
		r = check_share(batch, batch->requests[i], failure);
	if (r == 0)
		r = check_filters(batch, failure);
	plan_add_entry(&batch->plan);
	if (r < 0)
		return r;
	if (engine->pipeline) {
		r = engine_build(engine, &batch->plan, &matcher, failure);
		if (r == 0)
			r = journals_begin(batch, failure);
		if (r == 0) {
			batch_intend(batch);
			r = batch_swap(batch, matcher, failure);
		}
		if (r < 0) {
			journals_undo(batch);
			if (batch->intended)
				engine_keep_undo(engine);
			return r;
		}
	} else {
		r = journals_begin(batch, failure);
		if (r < 0) {
			journals_undo(batch);
			return r;
		}
	}
	batch_done(batch);
	engine_listen(engine);
	return 0;
}

void engine_run(struct engine *engine, struct engine_request *const *requests, size_t count)
{
	struct batch batch = { .engine = engine, .requests = requests, .count = count };
	auto_failure failure = { 0 };

	if (count == 0 || batch_run(&batch, &failure) == 0)
		return;
	if (count == 1) {
		requests[0]->failure = failure;
		failure = (struct failure){ 0 };
		return;
	}
	engine_run(engine, requests, count / 2);
	engine_run(engine, requests + count / 2, count - count / 2);
}
