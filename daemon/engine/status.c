/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's status for other threads: its state, the totals of sessions, and counts, each the
 * sum over the pipelines that are gone and the one that is open. On any thread, under the engine's
 * lock.
 */
#include "daemon/engine/engine-private.h"

void engine_pipeline_set(struct engine *engine, struct pipeline *pipeline)
{
	g_mutex_lock(&engine->lock);
	engine->pipeline = pipeline;
	g_mutex_unlock(&engine->lock);
}

void engine_armed_set(struct engine *engine, bool armed)
{
	g_mutex_lock(&engine->lock);
	engine->armed = armed;
	g_mutex_unlock(&engine->lock);
}

static void stats_add(struct session_stats *sum, const struct session_stats *stats)
{
	sum->matched += stats->matched;
	sum->ring_full += stats->ring_full;
	sum->suppressed += stats->suppressed;
}

void engine_pipeline_clear(struct engine *engine)
{
	struct pipeline *pipeline = engine->pipeline;
	uint64_t missed;

	g_mutex_lock(&engine->lock);
	engine->pipeline = NULL;
	for (unsigned int i = 0; i < COUNT_MAX; i++)
		engine->counts[i] += pipeline_count(pipeline, i);
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		struct session_stats stats;

		pipeline_session_stats(pipeline, bit, &stats);
		stats_add(&engine->sessions[bit], &stats);
	}
	if (pipeline_missed(pipeline, &missed) == 0)
		engine->missed += missed;
	g_mutex_unlock(&engine->lock);
}

void engine_session_stats_set(
	struct engine *engine, unsigned int bit, const struct session_stats *stats)
{
	g_mutex_lock(&engine->lock);
	engine->sessions[bit] = *stats;
	g_mutex_unlock(&engine->lock);
}

void engine_session_stats_reset(struct engine *engine, unsigned int bit)
{
	g_mutex_lock(&engine->lock);
	engine->sessions[bit] = (struct session_stats){ 0 };
	if (engine->pipeline)
		pipeline_session_reset(engine->pipeline, bit);
	g_mutex_unlock(&engine->lock);
}

void engine_status(struct engine *engine, struct engine_status *ret)
{
	struct engine_status status = { 0 };

	g_mutex_lock(&engine->lock);
	status.open = engine->pipeline;
	status.armed = engine->armed;
	if (engine->pipeline) {
		status.attach = pipeline_attach_mode(engine->pipeline);
		status.layout = pipeline_layout_name(engine->pipeline);
		pipeline_features(engine->pipeline, &status.features);
	}
	g_mutex_unlock(&engine->lock);
	*ret = status;
}

/* With the lock held. */
static void session_stats_read(struct engine *engine, unsigned int bit, struct session_stats *ret)
{
	struct session_stats stats = { 0 };

	if (engine->pipeline)
		pipeline_session_stats(engine->pipeline, bit, &stats);
	stats_add(&stats, &engine->sessions[bit]);
	*ret = stats;
}

void engine_totals(struct engine *engine, unsigned int bit, struct dictionary_totals *ret)
{
	struct session_stats kernel_counts, totals;
	struct recorder_counts counts;

	/* In the order that totals_balance() requires. */
	g_mutex_lock(&engine->lock);
	recorder_counts(engine->recorder, bit, &counts);
	session_stats_read(engine, bit, &kernel_counts);
	session_stats_read(engine, bit, &totals);
	g_mutex_unlock(&engine->lock);
	totals_balance(&counts, &kernel_counts, totals.matched, ret);
}

void engine_stored(struct engine *engine, unsigned int bit, struct recorder_stored *ret)
{
	recorder_stored(engine->recorder, bit, ret);
}

uint64_t engine_count(struct engine *engine, enum pipeline_count which)
{
	uint64_t sum;

	g_mutex_lock(&engine->lock);
	sum = engine->counts[which];
	if (engine->pipeline)
		sum += pipeline_count(engine->pipeline, which);
	g_mutex_unlock(&engine->lock);
	return sum;
}

uint64_t engine_names_lost(struct engine *engine)
{
	return name_writer_lost(engine->writer);
}

void engine_names_count(struct engine *engine, struct name_writer_counts *ret)
{
	name_writer_count(engine->writer, ret);
}

uint64_t engine_names_overflow(struct engine *engine)
{
	return name_requests_overflows(recorder_name_requests(engine->recorder));
}

int engine_missed(struct engine *engine, uint64_t *ret)
{
	uint64_t missed = 0;
	int r = 0;

	g_mutex_lock(&engine->lock);
	if (engine->pipeline)
		r = pipeline_missed(engine->pipeline, &missed);
	if (r == 0)
		*ret = engine->missed + missed;
	g_mutex_unlock(&engine->lock);
	return r;
}
