/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the kernel calls the probes: the rule that switches tracing on, which the engine installs
 * while something is recorded or counted, and the switches of the kernel that silence probes. On
 * the worker.
 */
#include "daemon/engine/engine-private.h"

#include "daemon/pipeline/probe-switches.h"
#include "daemon/pipeline/trace-rule.h"
#include "journal/base/clock.h"

bool engine_is_idle(const struct engine *engine, const struct plan *plan)
{
	return plan_is_empty(plan) && !engine->drops;
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
	engine_armed_set(engine, arming_is_armed(engine->arming));
	return r;
}

void engine_disarm(struct engine *engine)
{
	arming_disarm(engine->arming);
	g_clear_pointer(&engine->unarmed, g_free);
	engine_armed_set(engine, arming_is_armed(engine->arming));
}

void engine_silence_refresh(struct engine *engine)
{
	g_autofree char *before = g_steal_pointer(&engine->silence);
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (engine->pipeline)
		engine->silence = probe_switches_find(
			pipeline_attach_mode(engine->pipeline) == ATTACH_KPROBE);
	if (!engine->pipeline || plan_is_empty(&engine->plan)) {
		engine->probes_seen = 0;
		return;
	}
	/* Events lost meanwhile can't be counted: journals record the interval. */
	if (!engine->silence && before && engine->probes_seen) {
		const struct journal_loss loss = {
			.reason = LOSS_SILENCED,
			.since = engine->probes_seen,
			.until = now,
		};

		for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
			if (engine->plan.entries[bit].used)
				recorder_append_loss(engine->recorder, bit, &loss);
		}
	}
	if (!engine->silence || !engine->probes_seen)
		engine->probes_seen = now;
}

void engine_arm_retry(struct engine *engine)
{
	auto_failure ignored = { 0 };

	if (!engine->unarmed || engine_arm(engine, &ignored) < 0)
		return;
	if (engine_is_idle(engine, &engine->plan))
		engine_disarm(engine);
	else
		engine_save(engine);
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
		"AllowSystemChanges=no: unless there is one in another namespace, the kernel "
		"reports nothing; add such a rule, in a chain that no packet needs to reach");
}
