/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's requests: carried out together, with one change of the kernel side for all of them,
 * in the order that engine.h states. On the worker.
 */
#include "daemon/engine/engine-private.h"

#include <errno.h>
#include <inttypes.h>

#include "daemon/base/log.h"
#include "daemon/filter/filter-limits.h"
#include "journal/base/clock.h"

/* Requests that are carried out together. */
struct batch {
	struct engine *engine;
	struct engine_request *const *requests;
	size_t count;
	struct plan plan; /* the plan after all of them */
	bool starts; /* at least one session starts or is resumed */
	bool intent_saved; /* to be reverted after a failure */
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
			.since = request->resumed && engine->adopting &&
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

/* Checks UserFilterSize= for the owner of a session, so that there is room for other users'
 * filters. Resumed sessions were allowed before. */
static int check_user_filters(
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

/* Checks FiltersSize= for all sessions together, if it is less than the kernel allows. */
static int check_all_filters(const struct batch *batch, struct failure *failure)
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

static void batch_save_intent(struct batch *batch)
{
	for (size_t i = 0; i < batch->count && !batch->intent_saved; i++) {
		enum engine_action action = batch->requests[i]->action;

		batch->intent_saved = action == ENGINE_CHANGE || action == ENGINE_STOP;
	}
	if (batch->intent_saved)
		engine_save_intent(batch->engine, batch->requests, batch->count);
}

/* Changes the kernel side from the plan in force to the new one; a failure leaves it as it was. */
static int batch_swap(struct batch *batch, const struct matcher *matcher, struct failure *failure)
{
	struct engine *engine = batch->engine;
	auto_failure ignored = { 0 };
	int r;

	/* Before the swap: calls that no session needs any more cost nothing from here on. */
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
	/* After the swap: the sessions see the first call already. */
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

static void batch_finish(struct batch *batch)
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
			engine_saved_remove(engine, request->bit);
		else
			engine_saved_set(engine, request);
	}
	engine_journals_await(engine, batch->requests, batch->count);
	engine_save(engine);
	/* After the save: the next daemon publishes saved sessions and removes the others. */
	journals_publish(batch);
}

/* True if all that start belong to the configuration, or are resumed: they may wait for
 * nf_tables. */
static bool batch_may_wait(const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct engine_request *request = batch->requests[i];

		if (request->action == ENGINE_START && !request->options->configured)
			return false;
	}
	return true;
}

/* Opens the pipeline if a session starts. */
static int batch_open(struct batch *batch, struct failure *failure)
{
	struct engine *engine = batch->engine;
	int r = 0;

	for (size_t i = 0; i < batch->count; i++) {
		enum engine_action action = batch->requests[i]->action;

		batch->starts = batch->starts || action == ENGINE_START || action == ENGINE_RESUME;
		if (action != ENGINE_RESUME)
			batch->requests[i]->begun = (struct engine_session){ .dir_fd = -1 };
	}
	if (batch->starts)
		r = engine_require(engine, failure);
	if (r == -ENOENT && batch_may_wait(batch)) {
		failure_clear(failure);
		if (!engine->closed_since)
			engine->closed_since = clock_ns(CLOCK_MONOTONIC);
		r = 0;
	}
	return r;
}

/* Makes and checks the new plan, after batch_open, which may have moved the sessions to a new
 * epoch. */
static int batch_plan(struct batch *batch, struct failure *failure)
{
	int r = 0;

	batch->plan = batch->engine->plan;
	for (size_t i = 0; i < batch->count && r == 0; i++)
		r = plan_request(batch, batch->requests[i], failure);
	for (size_t i = 0; i < batch->count && r == 0; i++)
		r = check_user_filters(batch, batch->requests[i], failure);
	if (r == 0)
		r = check_all_filters(batch, failure);
	plan_add_entry(&batch->plan);
	return r;
}

/* Begins the journals and swaps the kernel side, if there is one; undoes all of it after a
 * failure. */
static int batch_apply(struct batch *batch, struct failure *failure)
{
	struct engine *engine = batch->engine;
	auto_matcher *matcher = NULL;
	int r = 0;

	if (engine->pipeline)
		r = engine_build(engine, &batch->plan, &matcher, failure);
	if (r == 0)
		r = journals_begin(batch, failure);
	if (r == 0 && engine->pipeline) {
		batch_save_intent(batch);
		r = batch_swap(batch, matcher, failure);
	}
	if (r < 0) {
		journals_undo(batch);
		if (batch->intent_saved)
			engine_save_revert(engine);
	}
	return r;
}

static int batch_run(struct batch *batch, struct failure *failure)
{
	int r = batch_open(batch, failure);

	if (r == 0)
		r = batch_plan(batch, failure);
	if (r == 0)
		r = batch_apply(batch, failure);
	if (r < 0)
		return r;
	batch_finish(batch);
	engine_silence_refresh(batch->engine);
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
