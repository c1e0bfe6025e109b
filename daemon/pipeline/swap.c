/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The swap: replaces all sessions, and no packet is missed or seen twice. */
#include "daemon/pipeline/pipeline-private.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "journal/base/cleanup.h"

static struct matcher_target matcher_target(
	const struct pipeline *pipeline, enum pipeline_array array)
{
	struct matcher_target target = {
		.frames_fd = pipeline->maps[MAP_FRAMES],
		.stats_fd = -1,
		.stages_fd = pipeline_stages(pipeline, array),
	};

	switch (array) {
	case ARRAY_KPROBE:
		target.type = BPF_PROG_TYPE_KPROBE;
		target.frame_key = FRAME_KPROBE;
		break;
	case ARRAY_FENTRY:
		target.type = BPF_PROG_TYPE_TRACING;
		target.attach_type = BPF_TRACE_FENTRY;
		target.attach_btf_id = pipeline->facts.functions[KERNEL_TRACE];
		target.attach_btf_fd = pipeline->facts.module_btf ? pipeline->module_btf : 0;
		target.frame_key = FRAME_TRACING;
		break;
	case ARRAY_TRACEPOINT:
		target.type = BPF_PROG_TYPE_RAW_TRACEPOINT;
		target.frame_key = FRAME_TRACEPOINT;
		target.stats_fd = pipeline->maps[MAP_STATS];
		target.cpus = pipeline->cpus;
		break;
	case PIPELINE_ARRAYS:
		break;
	}
	return target;
}

/* The matcher is loaded for each program type in use. */
static bool array_used(const struct pipeline *pipeline, enum pipeline_array array)
{
	return array == pipeline_array(pipeline) || probes_use(pipeline, array);
}

/* Widens the configuration to that of the old and the new sessions together. */
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
	for (int i = 0; i < EVENT_PROBES_MAX; i++)
		config->stacks[i] |= new->stacks[i];
	/* Programs that see the new epoch must see `since`, too. */
	__atomic_store_n(&config->epoch, epoch, __ATOMIC_SEQ_CST);
	__atomic_store_n(&config->view, MAX(config->view, new->view), __ATOMIC_SEQ_CST);
	__atomic_store_n(&config->tracking, config->tracking | new->tracking, __ATOMIC_SEQ_CST);
	config->stolen |= new->stolen;
	__atomic_store_n(&config->verdicts, config->verdicts | new->verdicts, __ATOMIC_SEQ_CST);
}

static void config_narrow(struct pipeline *pipeline, const struct pipeline_config *new)
{
	struct pipeline_config *config = pipeline_config(pipeline);

	memcpy(config->sections, new->sections, sizeof(config->sections));
	__atomic_store_n(&config->verdicts, new->verdicts, __ATOMIC_SEQ_CST);
	__atomic_store_n(&config->tracking, new->tracking, __ATOMIC_SEQ_CST);
	config->stolen = new->stolen;
	__atomic_store_n(&config->view, new->view, __ATOMIC_SEQ_CST);
	memcpy(config->stacks, new->stacks, sizeof(config->stacks));
}

/* Without the hooks freed packets would stay in the table, so it is cleared. */
static void tracking_end(struct pipeline *pipeline)
{
	if (!pipeline->hooked)
		return;
	detach_hooks(pipeline);
	pipeline_grace(pipeline);
	memset(pipeline->tracker.address, 0,
		sizeof(struct tracker_bucket) * (size_t)pipeline->buckets);
}

static void bank_empty(
	const struct pipeline *pipeline, enum pipeline_array array, unsigned int bank)
{
	const struct matcher_target target = matcher_target(pipeline, array);

	matcher_unload(&target, bank);
}

/* Removes all state of sessions. No program runs the matcher, whose slot is empty. */
static void sessions_clear(struct pipeline *pipeline)
{
	static const struct pipeline_config none;
	enum pipeline_array array = pipeline_array(pipeline);

	config_narrow(pipeline, &none);
	tracking_end(pipeline);
	for (unsigned int bank = 0; bank < STAGE_BANKS; bank++)
		bank_empty(pipeline, array, bank);
	fd_close(&pipeline->matchers[array]);
}

/* Without sessions CAPTURE still counts drops, but has no matcher to call. */
static void pipeline_rest(struct pipeline *pipeline)
{
	probes_detach(pipeline, NULL);
	stage_clear(pipeline, pipeline_array(pipeline), STAGE_MATCHER);
	pipeline_grace(pipeline);
	sessions_clear(pipeline);
}

static void stages_clear(const struct pipeline *pipeline)
{
	enum pipeline_array array = pipeline_array(pipeline);

	stage_clear(pipeline, array, STAGE_CAPTURE);
	stage_clear(pipeline, array, STAGE_EMIT);
	stage_clear(pipeline, array, STAGE_SECTIONS);
}

void pipeline_stop(struct pipeline *pipeline)
{
	probes_detach(pipeline, NULL);
	detach_stub(pipeline);
	/* The kernel patches the jump to a slot: no program may be running it. */
	pipeline_grace(pipeline);
	stages_clear(pipeline);
	stage_clear(pipeline, pipeline_array(pipeline), STAGE_MATCHER);
	sessions_clear(pipeline);
	programs_release(pipeline);
	pipeline->running = false;
}

int pipeline_fill(struct pipeline *pipeline)
{
	enum pipeline_array array = pipeline_array(pipeline);
	int r;

	r = stage_set(
		pipeline, array, STAGE_SECTIONS, pipeline_program_stage(pipeline, STAGE_SECTIONS));
	if (r == 0)
		r = stage_set(
			pipeline, array, STAGE_EMIT, pipeline_program_stage(pipeline, STAGE_EMIT));
	if (r == 0)
		r = stage_set(pipeline, array, STAGE_CAPTURE,
			pipeline_program_stage(pipeline, STAGE_CAPTURE));
	return r;
}

/* The stub last: every slot is filled when it is attached. */
int pipeline_start(struct pipeline *pipeline, char **ret_reason)
{
	int r = pipeline_fill(pipeline);

	if (r < 0)
		*ret_reason = kernel_refusal("can't fill the program array", r);
	else
		r = attach_stub(pipeline, ret_reason);
	if (r < 0)
		stages_clear(pipeline);
	else
		pipeline->running = true;
	return r;
}

/* The new matcher: its first part for each program type; -1: the type is not in use. */
struct exchange {
	int matchers[PIPELINE_ARRAYS];
	unsigned int bank;
};

static void exchange_clear(struct exchange *exchange)
{
	for (int i = 0; i < PIPELINE_ARRAYS; i++)
		fd_close(&exchange->matchers[i]);
}

#define auto_exchange __attribute__((cleanup(exchange_clear))) struct exchange

static void matchers_unload(const struct pipeline *pipeline, unsigned int bank)
{
	for (enum pipeline_array i = 0; i < PIPELINE_ARRAYS; i++) {
		if (array_used(pipeline, i))
			bank_empty(pipeline, i, bank);
	}
}

static int matchers_load(struct pipeline *pipeline, const struct matcher *matcher,
	struct exchange *exchange, char **ret_reason)
{
	int r = 0;

	for (enum pipeline_array i = 0; i < PIPELINE_ARRAYS && r == 0; i++) {
		const struct matcher_target target = matcher_target(pipeline, i);

		if (array_used(pipeline, i))
			r = matcher_load(matcher, &target, exchange->bank, &exchange->matchers[i],
				ret_reason);
	}
	return r;
}

/* Puts matchers into their slots; -1 empties a slot. */
static int matchers_set(const struct pipeline *pipeline, const int *matchers)
{
	int r = 0;

	for (enum pipeline_array i = 0; i < PIPELINE_ARRAYS && r == 0; i++) {
		if (matchers[i] >= 0)
			r = stage_set(pipeline, i, STAGE_MATCHER, matchers[i]);
		else
			stage_clear(pipeline, i, STAGE_MATCHER);
	}
	return r;
}

/* Hooks first: a packet that is tracked must not be freed unnoticed. */
static int pipeline_exchange(struct pipeline *pipeline, struct exchange *exchange,
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
	r = matchers_set(pipeline, exchange->matchers);
	if (r < 0)
		*ret_reason = kernel_refusal("can't put the matcher into the program array", r);
	else if (!pipeline->running)
		r = pipeline_start(pipeline, ret_reason);
	if (r == 0)
		return 0;

	/* Restores the old matchers. Of an adopted pipeline they are still in their slots. */
	if (pipeline->matchers[pipeline_array(pipeline)] >= 0 || !pipeline->adopted)
		matchers_set(pipeline, pipeline->matchers);
	*pipeline_config(pipeline) = before;
	if (attach)
		tracking_end(pipeline);
	return r;
}

/* Removes what only the old matcher needed. */
static void pipeline_settle(struct pipeline *pipeline, struct exchange *exchange,
	const struct pipeline_config *config, const struct pipeline_probe *probes)
{
	pipeline_grace(pipeline);
	config_narrow(pipeline, config);
	if (!config->tracking)
		tracking_end(pipeline);
	for (int i = 0; i < PIPELINE_ARRAYS; i++) {
		fd_close(&pipeline->matchers[i]);
		pipeline->matchers[i] = fd_steal(&exchange->matchers[i]);
	}
	for (unsigned int bank = 0; bank < STAGE_BANKS; bank++) {
		if (bank != exchange->bank)
			matchers_unload(pipeline, bank);
	}
	probes_detach(pipeline, probes);
	pipeline->bank = exchange->bank;
	pipeline->adopted = false;
	pipeline->epoch++;
}

int pipeline_swap(struct pipeline *pipeline, const struct matcher *matcher, bool empty,
	const struct pipeline_config *config, const struct pipeline_probe *probes,
	char **ret_reason)
{
	auto_exchange exchange = { .matchers = { -1, -1, -1 },
		.bank = (pipeline->epoch + 1) % STAGE_BANKS };
	struct pipeline_probe before[EVENT_PROBES_MAX];
	int r;

	if (empty) {
		if (pipeline->counting)
			pipeline_rest(pipeline);
		else if (pipeline->running)
			pipeline_stop(pipeline);
		pipeline->epoch++;
		return 0;
	}
	for (int i = 0; i < EVENT_PROBES_MAX; i++)
		before[i] = pipeline->probes[i].probe;
	r = programs_ensure(pipeline, ret_reason);
	if (r == 0)
		r = probes_attach(pipeline, probes, ret_reason);
	if (r == 0)
		r = matchers_load(pipeline, matcher, &exchange, ret_reason);
	if (r == 0)
		r = pipeline_exchange(pipeline, &exchange, config, pipeline->epoch + 1, ret_reason);
	if (r < 0) {
		matchers_unload(pipeline, exchange.bank);
		probes_detach(pipeline, before);
		if (!pipeline->running)
			programs_release(pipeline);
		return r;
	}
	pipeline_settle(pipeline, &exchange, config, probes);
	return 0;
}
