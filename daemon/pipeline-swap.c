/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The swap: new sessions for the pipeline, without a packet missed or seen twice. */
#include "pipeline-private.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "../journal/cleanup.h"

static struct matcher_target matcher_target(const struct pipeline *pipeline)
{
	bool fentry = pipeline->mode == ATTACH_FENTRY;

	return (struct matcher_target){
		.type = fentry ? BPF_PROG_TYPE_TRACING : BPF_PROG_TYPE_KPROBE,
		.attach_type = fentry ? BPF_TRACE_FENTRY : 0,
		.attach_btf_id = fentry ? pipeline->facts.function_id : 0,
		.attach_btf_fd = fentry && pipeline->facts.module_btf ? pipeline->module_btf : 0,
		.frames_fd = pipeline->maps[MAP_FRAMES],
		.frame_key = fentry ? FRAME_TRACING : FRAME_KPROBE,
		.stages_fd = pipeline_stages(pipeline),
	};
}

static int stage_set(const struct pipeline *pipeline, uint32_t stage, int program)
{
	return bpf_map_update_elem(pipeline_stages(pipeline), &stage, &program, BPF_ANY);
}

static void stage_clear(const struct pipeline *pipeline, uint32_t stage)
{
	bpf_map_delete_elem(pipeline_stages(pipeline), &stage);
}

/*
 * Waits until every program that runs now has ended: the kernel does after any update of a map of
 * maps (maybe_wait_bpf_programs in kernel/bpf/syscall.c), so the first ring is put where it is.
 */
static int grace_period(const struct pipeline *pipeline)
{
	uint32_t key = 0;

	return bpf_map_update_elem(
		pipeline->maps[MAP_RINGS], &key, &pipeline->ring_fds[0], BPF_ANY);
}

/* What both the old and the new sessions need. The old ones have their rates and ages until then. */
static void config_widen(
	struct pipeline *pipeline, const struct pipeline_config *new, uint32_t epoch)
{
	struct pipeline_config *config = pipeline_config(pipeline);

	memcpy(config->since, new->since, sizeof(config->since));
	memcpy(config->interval, new->interval, sizeof(config->interval));
	memcpy(config->tolerance, new->tolerance, sizeof(config->tolerance));
	for (int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		config->sections[bit] |= new->sections[bit];
	config->wakeup = new->wakeup ? new->wakeup : 1;
	/* Who sees the epoch sees since when a session counts. */
	__atomic_store_n(&config->epoch, epoch, __ATOMIC_SEQ_CST);
	__atomic_store_n(&config->view, MAX(config->view, new->view), __ATOMIC_SEQ_CST);
	__atomic_store_n(&config->tracking, config->tracking | new->tracking, __ATOMIC_SEQ_CST);
	__atomic_store_n(&config->verdicts, config->verdicts | new->verdicts, __ATOMIC_SEQ_CST);
}

static void config_narrow(struct pipeline *pipeline, const struct pipeline_config *new)
{
	struct pipeline_config *config = pipeline_config(pipeline);

	memcpy(config->sections, new->sections, sizeof(config->sections));
	__atomic_store_n(&config->verdicts, new->verdicts, __ATOMIC_SEQ_CST);
	__atomic_store_n(&config->tracking, new->tracking, __ATOMIC_SEQ_CST);
	__atomic_store_n(&config->view, new->view, __ATOMIC_SEQ_CST);
}

/* Without the hooks nobody would notice that a packet is gone: all are forgotten. */
static void tracking_end(struct pipeline *pipeline)
{
	if (!pipeline->hooked)
		return;
	detach_hooks(pipeline);
	grace_period(pipeline);
	memset(pipeline->tracker.address, 0,
		sizeof(struct tracker_bucket) * (size_t)pipeline->buckets);
}

static void pipeline_stop(struct pipeline *pipeline)
{
	static const struct pipeline_config none;
	const struct matcher_target target = matcher_target(pipeline);

	stage_clear(pipeline, STAGE_CAPTURE);
	detach_stub(pipeline);
	stage_clear(pipeline, STAGE_MATCHER);
	stage_clear(pipeline, STAGE_EMIT);
	stage_clear(pipeline, STAGE_SECTIONS);
	grace_period(pipeline);
	config_narrow(pipeline, &none);
	tracking_end(pipeline);
	matcher_unload(&target, pipeline->bank);
	programs_release(pipeline);
	pipeline->running = false;
}

/* The first sessions: everything is in its place when the stub is attached. */
static int pipeline_start(struct pipeline *pipeline, char **ret_reason)
{
	int r;

	r = stage_set(pipeline, STAGE_SECTIONS, pipeline_program_stage(pipeline, STAGE_SECTIONS));
	if (r == 0)
		r = stage_set(pipeline, STAGE_EMIT, pipeline_program_stage(pipeline, STAGE_EMIT));
	if (r == 0)
		r = stage_set(
			pipeline, STAGE_CAPTURE, pipeline_program_stage(pipeline, STAGE_CAPTURE));
	if (r < 0) {
		*ret_reason = kernel_refusal("can't fill the program array", r);
		return r;
	}
	r = attach_stub(pipeline, ret_reason);
	if (r == 0)
		pipeline->running = true;
	return r;
}

/* Hooks first: a packet that is tracked must not be freed unnoticed. */
static int pipeline_exchange(struct pipeline *pipeline, int matcher,
	const struct pipeline_config *config, uint32_t epoch, char **ret_reason)
{
	bool attach = config->tracking && !pipeline->hooked;
	struct pipeline_config before = *pipeline_config(pipeline);
	int r;

	if (attach) {
		r = attach_hooks(pipeline, ret_reason);
		if (r < 0)
			return r;
	}
	config_widen(pipeline, config, epoch);
	r = stage_set(pipeline, STAGE_MATCHER, matcher);
	if (r < 0)
		*ret_reason = kernel_refusal("can't put the matcher into the program array", r);
	else if (!pipeline->running)
		r = pipeline_start(pipeline, ret_reason);
	if (r == 0)
		return 0;

	/* Nothing of the new sessions has run: what was goes on. */
	*pipeline_config(pipeline) = before;
	if (!pipeline->running) {
		stage_clear(pipeline, STAGE_CAPTURE);
		stage_clear(pipeline, STAGE_EMIT);
		stage_clear(pipeline, STAGE_SECTIONS);
		stage_clear(pipeline, STAGE_MATCHER);
	}
	if (attach)
		tracking_end(pipeline);
	return r;
}

int pipeline_swap(struct pipeline *pipeline, const struct matcher *matcher, bool empty,
	const struct pipeline_config *config, char **ret_reason)
{
	unsigned int bank = !pipeline->bank;
	struct matcher_target target;
	auto_fd first = -1;
	int r;

	if (empty) {
		if (pipeline->running)
			pipeline_stop(pipeline);
		pipeline->epoch++;
		return 0;
	}
	r = programs_ensure(pipeline, ret_reason);
	if (r < 0)
		return r;
	target = matcher_target(pipeline);
	r = matcher_load(matcher, &target, bank, &first, ret_reason);
	if (r == 0) {
		r = pipeline_exchange(pipeline, first, config, pipeline->epoch + 1, ret_reason);
		if (r < 0)
			matcher_unload(&target, bank);
	}
	if (r < 0) {
		if (!pipeline->running)
			programs_release(pipeline);
		return r;
	}

	grace_period(pipeline);
	config_narrow(pipeline, config);
	if (!config->tracking)
		tracking_end(pipeline);
	matcher_unload(&target, pipeline->bank);
	pipeline->bank = bank;
	pipeline->epoch++;
	return 0;
}
