/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The recording machinery: pipeline, arming, and sums over pipelines that are gone. */
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
	/* Without it events are recorded all the same. */
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

bool engine_is_idle(const struct engine *engine, const struct plan *plan)
{
	return plan_is_empty(plan) && !engine->drops;
}

static void set_armed(struct engine *engine)
{
	g_mutex_lock(&engine->lock);
	engine->armed = arming_is_armed(engine->arming);
	g_mutex_unlock(&engine->lock);
}

int engine_arm(struct engine *engine, struct failure *failure)
{
	g_autofree char *reason = NULL;
	int r;

	if (!engine->settings->allow_system_changes)
		return 0;
	r = arming_arm(engine->arming, &reason);
	if (r < 0)
		failure_set(failure, FAILURE_NOT_SUPPORTED, "%s", reason);
	g_free(engine->unarmed);
	engine->unarmed = g_steal_pointer(&reason);
	set_armed(engine);
	return r;
}

void engine_disarm(struct engine *engine)
{
	arming_disarm(engine->arming);
	g_clear_pointer(&engine->unarmed, g_free);
	set_armed(engine);
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
	engine_keep(engine);
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
		failure_set(failure, FAILURE_INTERNAL, "the kernel did not take the change: %s",
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

/* Sessions that were there before the pipeline was: goes on with them. */
static int resume(struct engine *engine, struct failure *failure)
{
	uint32_t epoch = pipeline_next_epoch(engine->pipeline);
	struct journal_loss loss = {
		.reason = LOSS_NO_MODULE,
		.since = engine->closed,
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
	/* Without it, too, what another rule with nftrace makes the kernel show is counted. */
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
	g_mutex_lock(&engine->lock);
	engine->pipeline = pipeline;
	g_mutex_unlock(&engine->lock);

	r = engine_count_drops(engine, failure);
	if (r == 0)
		r = resume(engine, failure);
	if (r < 0) {
		engine_close(engine);
		return r;
	}
	if (next == ENGINE_RESTS)
		pipeline_release(pipeline);
	engine_keep(engine);
	return 0;
}

static void add_stats(struct session_stats *sum, const struct session_stats *stats)
{
	sum->matched += stats->matched;
	sum->ring_full += stats->ring_full;
	sum->suppressed += stats->suppressed;
}

void engine_close(struct engine *engine)
{
	struct pipeline *pipeline = engine->pipeline;
	uint64_t missed;

	if (!pipeline)
		return;
	engine_disarm(engine);
	if (!plan_is_empty(&engine->plan) && !pipeline_stale(pipeline)) {
		const struct plan nothing = { 0 };
		auto_failure ignored = { 0 };

		/* If it can't be emptied, freeing it detaches it all the same, only less gently. */
		engine_apply(engine, &nothing, &ignored);
	}
	if (engine->drops) {
		if (!pipeline_stale(pipeline))
			pipeline_drops_end(pipeline);
		drops_detach(engine->drops);
	}
	engine_suppressed_tell_all(engine);
	recorder_detach(engine->recorder);
	engine->closed = clock_ns(CLOCK_MONOTONIC);

	g_mutex_lock(&engine->lock);
	engine->pipeline = NULL;
	for (unsigned int i = 0; i < COUNT_MAX; i++)
		engine->counts[i] += pipeline_count(pipeline, i);
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		struct session_stats stats;

		pipeline_session_stats(pipeline, bit, &stats);
		add_stats(&engine->sessions[bit], &stats);
	}
	if (pipeline_missed(pipeline, &missed) == 0)
		engine->missed += missed;
	g_mutex_unlock(&engine->lock);
	pipeline_free(pipeline);
	engine_keep(engine);
}

int engine_require(struct engine *engine, struct failure *failure)
{
	g_autofree char *reason = NULL;
	int r = engine_open(engine, ENGINE_RESTS, failure);

	if (r != -ENOENT)
		return r;
	if (!engine->settings->allow_system_changes) {
		failure_set(failure, FAILURE_NOT_SUPPORTED,
			"nf_tables is not loaded, and AllowSystemChanges=no: run \"modprobe nf_tables\"");
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

/* A switch that silences probes loses what nobody can count: the journals are told from when to when. */
void engine_listen(struct engine *engine)
{
	g_autofree char *before = g_steal_pointer(&engine->silence);
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (engine->pipeline)
		engine->silence =
			probe_switches_find(pipeline_attach_mode(engine->pipeline) == ATTACH_KPROBE);
	if (!engine->pipeline || plan_is_empty(&engine->plan)) {
		engine->heard = 0;
		return;
	}
	if (!engine->silence && before && engine->heard) {
		const struct journal_loss loss = {
			.reason = LOSS_SILENCED,
			.since = engine->heard,
			.until = now,
		};

		for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
			if (engine->plan.entries[bit].used)
				recorder_append_loss(engine->recorder, bit, &loss);
		}
	}
	if (!engine->silence || !engine->heard)
		engine->heard = now;
}

/* What was in the way of arming may be gone: that is seen by trying, for nobody, too. */
static void arm_again(struct engine *engine)
{
	auto_failure ignored = { 0 };

	if (!engine->unarmed || engine_arm(engine, &ignored) < 0)
		return;
	if (engine_is_idle(engine, &engine->plan))
		engine_disarm(engine);
	else
		engine_keep(engine);
}

bool engine_tend(struct engine *engine)
{
	unsigned int used;

	if (!engine->pipeline)
		return false;
	if (pipeline_stale(engine->pipeline))
		return true;
	pipeline_tracker_age(engine->pipeline, engine->settings->tracker_age, &used);
	engine_suppressed_tell_all(engine);
	engine_listen(engine);
	arm_again(engine);
	return false;
}

char *engine_warning(struct engine *engine)
{
	g_autofree char *reason = NULL;
	bool found;

	if (engine->pipeline && engine->silence)
		return g_strdup(engine->silence);
	if (engine->pipeline && engine->unarmed)
		return engine->drops ? g_strdup_printf("drops are not counted: %s", engine->unarmed)
				     : g_strdup(engine->unarmed);
	if (engine->settings->allow_system_changes || !engine->pipeline ||
		engine_is_idle(engine, &engine->plan) || arming_find_rule(&found, &reason) < 0 ||
		found)
		return NULL;
	return g_strdup(
		"no rule with \"meta nftrace set 1\" exists in this network namespace, and "
		"AllowSystemChanges=no: unless there is one in another namespace, the kernel reports "
		"nothing; add such a rule, in a chain that no packet needs to reach");
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
static void session_stats(struct engine *engine, unsigned int bit, struct session_stats *ret)
{
	struct session_stats stats = { 0 };

	if (engine->pipeline)
		pipeline_session_stats(engine->pipeline, bit, &stats);
	add_stats(&stats, &engine->sessions[bit]);
	*ret = stats;
}

void engine_totals(struct engine *engine, unsigned int bit, struct dictionary_totals *ret)
{
	struct session_stats kernel_counts, totals;
	struct recorder_counts counts;

	/* The order that totals_balance wants. */
	g_mutex_lock(&engine->lock);
	recorder_counts(engine->recorder, bit, &counts);
	session_stats(engine, bit, &kernel_counts);
	session_stats(engine, bit, &totals);
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

struct drops *engine_drops(const struct engine *engine)
{
	return engine->drops;
}

/* What is left when there is no pipeline. */
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
	/* What was matched until now shall be told of: what comes after it is the gap. */
	recorder_detach(engine->recorder);
	recorder_leave(engine->recorder);
	if (engine->drops && engine->pipeline)
		drops_detach(engine->drops);
	pipeline_leave(engine->pipeline);
	engine_clear(engine);
	return NULL;
}
