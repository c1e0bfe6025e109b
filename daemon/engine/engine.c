/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's pipeline: opened and closed, and changed from plan to plan. On the worker. The
 * status for other threads is in status.c, requests are in requests.c, restarts in save.c, resume.c
 * and adopt.c.
 */
#include "daemon/engine/engine-private.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/netns.h"
#include "daemon/names/resolver-client.h"
#include "daemon/pipeline/probe-switches.h"
#include "daemon/pipeline/trace-rule.h"
#include "journal/base/clock.h"

/* A ring's reader is woken when a quarter of the ring waits for it. */
#define WAKEUP_SHARE 4

struct engine *engine_new(
	const struct settings *settings, struct state_directory *state, struct recorder *recorder)
{
	struct engine *engine = g_new0(struct engine, 1);

	engine->settings = settings_ref(settings);
	engine->state = state;
	engine->recorder = recorder;
	engine->arming = arming_new();
	if (settings->drop_counters)
		drops_new(settings->drop_counters_max, &engine->drops);
	/* Without a resolver events are recorded, but not named. */
	if (resolver_fd() >= 0)
		name_writer_new(recorder, engine->drops,
			settings->allow_system_changes ? NAME_WRITER_IDS_ASSIGN
						       : NAME_WRITER_IDS_LEAVE,
			&engine->writer);
	name_writer_set_texts_size(engine->writer, settings->rule_texts_size);
	recorder_set_sync(recorder, settings->sync_interval * NSEC_PER_SEC);
	g_mutex_init(&engine->lock);
	return engine;
}

int engine_reconfigure(
	struct engine *engine, const struct settings *settings, struct failure *failure)
{
	const struct settings *before = engine->settings;
	bool allowed = before->allow_system_changes;
	int r = 0;

	engine->settings = settings_ref(settings);
	settings_free(before);
	name_writer_set_texts_size(engine->writer, settings->rule_texts_size);
	recorder_set_sync(engine->recorder, settings->sync_interval * NSEC_PER_SEC);
	if (settings->allow_system_changes == allowed)
		return 0;
	name_writer_allow_ids(engine->writer,
		settings->allow_system_changes ? NAME_WRITER_IDS_ASSIGN : NAME_WRITER_IDS_LEAVE);
	if (allowed)
		engine_disarm(engine);
	else if (engine->pipeline && !engine_is_idle(engine, &engine->plan))
		r = engine_arm(engine, failure);
	engine_save(engine);
	return r;
}

int engine_build(struct engine *engine, const struct plan *plan, struct matcher **ret,
	struct failure *failure)
{
	struct matcher_session sessions[EVENT_SESSIONS_MAX];
	size_t count = plan_sessions(plan, sessions);
	struct matcher_budget budget;
	g_autofree char *reason = NULL;
	int r;

	r = matcher_build(
		sessions, count, pipeline_next_epoch(engine->pipeline), ret, &budget, &reason);
	if (r == -E2BIG)
		failure_set(failure, FAILURE_FILTER_TOO_COMPLEX, "%s", reason);
	else if (r < 0)
		failure_set(failure, FAILURE_INTERNAL, "can't generate the matcher: %s",
			reason ? reason : g_strerror(-r));
	return r;
}

int engine_swap(struct engine *engine, const struct plan *plan, const struct matcher *matcher,
	struct failure *failure)
{
	uint64_t ring_size = engine->settings->ring_size / pipeline_rings(engine->pipeline);
	struct pipeline_config config;
	g_autofree char *reason = NULL;
	int r;

	plan_config(plan, ring_size / WAKEUP_SHARE, &config);
	r = pipeline_swap(
		engine->pipeline, matcher, plan_is_empty(plan), &config, plan->probes, &reason);
	if (r == -EADDRNOTAVAIL)
		failure_set(failure, FAILURE_INVALID_OPTION, "Probes: %s", reason);
	else if (r < 0)
		failure_set(failure, FAILURE_INTERNAL, "the kernel rejected the change: %s",
			reason ? reason : g_strerror(-r));
	return r;
}

int engine_apply(struct engine *engine, const struct plan *plan, struct failure *failure)
{
	struct matcher *matcher = NULL;
	int r;

	r = engine_build(engine, plan, &matcher, failure);
	if (r == 0)
		r = engine_swap(engine, plan, matcher, failure);
	matcher_free(matcher);
	return r;
}

/* Records again for the sessions of the plan, whose journals get a loss record for the gap. */
static int sessions_reattach(struct engine *engine, struct failure *failure)
{
	uint32_t epoch = pipeline_next_epoch(engine->pipeline);
	struct journal_loss loss = {
		.reason = LOSS_NO_MODULE,
		.since = engine->closed_since,
		.until = clock_ns(CLOCK_MONOTONIC),
	};
	int r;

	if (plan_is_empty(&engine->plan))
		return 0;
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		if (!engine->plan.entries[bit].used)
			continue;
		pipeline_session_reset(engine->pipeline, bit);
		engine->plan.entries[bit].since = epoch;
		recorder_append_loss(engine->recorder, bit, &loss);
	}
	r = engine_apply(engine, &engine->plan, failure);
	return r < 0 ? r : engine_arm(engine, failure);
}

int engine_count_drops(struct engine *engine, struct failure *failure)
{
	g_autofree char *reason = NULL;
	auto_failure unarmed = { 0 };
	int r;

	if (!engine->drops)
		return 0;
	r = drops_attach(engine->drops, engine->pipeline);
	if (r < 0)
		reason = g_strdup_printf("can't map the drop counters: %s", g_strerror(-r));
	else
		r = pipeline_drops_begin(engine->pipeline, &reason);
	if (r < 0) {
		failure_set(failure, FAILURE_INTERNAL, "%s", reason);
		return r;
	}
	/* If it fails, drops are still counted as far as another rule sets nftrace. */
	engine_arm(engine, &unarmed);
	return 0;
}

struct pipeline_options engine_pipeline_options(const struct engine *engine)
{
	return (struct pipeline_options){
		.attach = engine->settings->attach,
		.ring_size = engine->settings->ring_size,
		.tracker_size = engine->settings->tracker_size,
		.drops_max = engine->drops ? engine->settings->drop_counters_max : 0,
		.host = netns_cookie(),
	};
}

int engine_open(struct engine *engine, enum engine_next next, struct failure *failure)
{
	const struct pipeline_options options = engine_pipeline_options(engine);
	struct pipeline *pipeline = NULL;
	g_autofree char *reason = NULL;
	int r;

	if (engine->pipeline)
		return 0;
	r = pipeline_new(&options, &pipeline, &reason);
	if (r < 0) {
		failure_set(failure, FAILURE_NOT_SUPPORTED, "%s", reason ? reason : g_strerror(-r));
		return r;
	}
	r = recorder_attach(engine->recorder, pipeline, RECORDER_RINGS_NEW);
	if (r < 0) {
		failure_set(failure, FAILURE_INTERNAL, "can't map the ring buffers: %s",
			g_strerror(-r));
		pipeline_free(pipeline);
		return r;
	}
	engine_pipeline_set(engine, pipeline);
	r = engine_count_drops(engine, failure);
	if (r == 0)
		r = sessions_reattach(engine, failure);
	if (r < 0) {
		engine_close(engine);
		return r;
	}
	if (next == ENGINE_RESTS)
		pipeline_release(pipeline);
	engine_save(engine);
	return 0;
}

void engine_close(struct engine *engine)
{
	struct pipeline *pipeline = engine->pipeline;

	if (!pipeline)
		return;
	engine_disarm(engine);
	if (!plan_is_empty(&engine->plan) && !pipeline_stale(pipeline)) {
		const struct plan nothing = { 0 };
		auto_failure ignored = { 0 };

		/* If this fails, pipeline_free() still detaches everything, but waits for
		 * nothing. */
		engine_apply(engine, &nothing, &ignored);
	}
	if (engine->drops) {
		if (!pipeline_stale(pipeline))
			pipeline_drops_end(pipeline);
		drops_detach(engine->drops);
	}
	engine_suppressed_write_all(engine);
	recorder_detach(engine->recorder);
	engine->closed_since = clock_ns(CLOCK_MONOTONIC);

	engine_pipeline_clear(engine);
	pipeline_free(pipeline);
	engine_save(engine);
}

int engine_require(struct engine *engine, struct failure *failure)
{
	g_autofree char *reason = NULL;
	int r = engine_open(engine, ENGINE_RESTS, failure);

	if (r != -ENOENT)
		return r;
	if (!engine->settings->allow_system_changes) {
		failure_set(failure, FAILURE_NOT_SUPPORTED,
			"nf_tables is not loaded, and AllowSystemChanges=no: "
			"run \"modprobe nf_tables\"");
		return r;
	}
	failure_clear(failure);
	r = arming_load_module(&reason);
	if (r < 0) {
		failure_set(failure, FAILURE_NOT_SUPPORTED, "%s", reason);
		return r;
	}
	return engine_open(engine, ENGINE_RESTS, failure);
}

bool engine_tend(struct engine *engine)
{
	unsigned int used;

	if (!engine->pipeline)
		return false;
	if (pipeline_stale(engine->pipeline))
		return true;
	pipeline_tracker_age(engine->pipeline, engine->settings->tracker_age, &used);
	engine_suppressed_write_all(engine);
	engine_silence_refresh(engine);
	engine_arm_retry(engine);
	return false;
}

struct drops *engine_drops(const struct engine *engine)
{
	return engine->drops;
}

/* Frees the engine, whose pipeline is closed or left to the next daemon. */
static void engine_clear(struct engine *engine)
{
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		filter_free(engine->plan.entries[bit].filter);
	name_writer_free(engine->writer);
	drops_free(engine->drops);
	arming_free(engine->arming);
	settings_free(engine->settings);
	g_mutex_clear(&engine->lock);
	g_free(engine->unarmed);
	g_free(engine->silence);
	fd_store_free(engine->store);
	saved_sessions_free(engine->saved);
	checkpoint_free(engine->checkpoint);
	g_free(engine);
}

struct engine *engine_free(struct engine *engine)
{
	if (!engine)
		return NULL;
	engine_close(engine);
	engine_clear(engine);
	return NULL;
}

struct engine *engine_leave(struct engine *engine)
{
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		if (engine->plan.entries[bit].used)
			name_writer_end(engine->writer, bit);
	}
	/* Journals the events matched until now: the next daemon finds the rest in the rings. */
	recorder_detach(engine->recorder);
	recorder_leave(engine->recorder);
	if (engine->drops && engine->pipeline)
		drops_detach(engine->drops);
	pipeline_leave(engine->pipeline);
	engine_clear(engine);
	return NULL;
}
