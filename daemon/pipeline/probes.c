/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Further probes and their stages: attached while a session wants them. */
#include "daemon/pipeline/pipeline-private.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "daemon/pipeline/tracepoint-stub.h"
#include "journal/base/cleanup.h"

/* Each way to free an skb calls this. */
#define FREED_FUNCTION "skb_release_head_state"

static enum pipeline_array probe_array(const struct pipeline_probe *probe)
{
	return probe->config.attach == EVENT_ATTACH_RAW_TRACEPOINT ? ARRAY_TRACEPOINT
								   : ARRAY_KPROBE;
}

static bool probe_present(const struct pipeline_probe *probe)
{
	return probe->config.attach;
}

void probes_init(struct pipeline *pipeline)
{
	for (int i = 0; i < EVENT_PROBES_MAX; i++)
		pipeline->probes[i] = ATTACHED_PROBE_NONE;
	pipeline->freed = ATTACHMENT_NONE;
}

bool probes_use(const struct pipeline *pipeline, enum pipeline_array array)
{
	for (int i = 0; i < EVENT_PROBES_MAX; i++) {
		const struct pipeline_probe *probe = &pipeline->probes[i].probe;

		if (probe_present(probe) && probe_array(probe) == array)
			return true;
	}
	return false;
}

static bool probes_return(const struct pipeline *pipeline)
{
	for (int i = 0; i < EVENT_PROBES_MAX; i++) {
		if (pipeline->probes[i].probe.config.attach == EVENT_ATTACH_KRETPROBE)
			return true;
	}
	return false;
}

/* The array has the stages of __nft_trace_packet in their slots. */
static bool array_shared(const struct pipeline *pipeline, enum pipeline_array array)
{
	return pipeline_array(pipeline) == array;
}

int probes_fill(const struct pipeline *pipeline, enum pipeline_array array)
{
	int emit = pipeline_program_probe_stage(pipeline, array, STAGE_EMIT), r;

	r = stage_set(pipeline, array, STAGE_EMIT_PROBE, emit);
	if (r == 0 && !array_shared(pipeline, array))
		r = stage_set(pipeline, array, STAGE_EMIT, emit);
	if (r == 0 && !array_shared(pipeline, array))
		r = stage_set(pipeline, array, STAGE_SECTIONS,
			pipeline_program_probe_stage(pipeline, array, STAGE_SECTIONS));
	if (r == 0)
		r = stage_set(pipeline, array, STAGE_CAPTURE_PROBE,
			pipeline_program_probe_stage(pipeline, array, STAGE_CAPTURE_PROBE));
	return r;
}

static void stages_empty(struct pipeline *pipeline, enum pipeline_array array)
{
	stage_clear(pipeline, array, STAGE_CAPTURE_PROBE);
	stage_clear(pipeline, array, STAGE_EMIT_PROBE);
	if (array_shared(pipeline, array))
		return;
	stage_clear(pipeline, array, STAGE_EMIT);
	stage_clear(pipeline, array, STAGE_SECTIONS);
	stage_clear(pipeline, array, STAGE_MATCHER);
	for (uint32_t stage = STAGE_BANK0; stage < STAGE_COUNT; stage++)
		stage_clear(pipeline, array, stage);
	fd_close(&pipeline->matchers[array]);
}

static int attach_tracepoint_probe(struct pipeline *pipeline, struct attached_probe *attached,
	uint32_t number, char **ret_reason)
{
	const struct probe_stub stub = {
		.config = attached->probe.config,
		.number = number,
		.cpus = pipeline->cpus,
		.stats_fd = pipeline->maps[MAP_STATS],
		.stages_fd = pipeline_stages(pipeline, ARRAY_TRACEPOINT),
	};

	int r = probe_stub_load(&stub);

	if (r < 0) {
		*ret_reason = kernel_refusal("can't load the program of a tracepoint", r);
		return r;
	}
	attached->stub = r;
	return attach_tracepoint(
		attached->stub, strchr(attached->probe.symbol, ':') + 1, &attached->site);
}

static int attach_return_probe(struct pipeline *pipeline, struct attached_probe *attached,
	uint32_t number, char **ret_reason)
{
	const char *function = attached->probe.symbol;
	int r = 0;

	if (pipeline->freed.link < 0)
		r = attach_kprobe(pipeline_program_probe(pipeline, PROGRAM_PROBE_FREED),
			FREED_FUNCTION, ATTACH_ENTRY, 0, &pipeline->freed);
	if (r < 0) {
		*ret_reason = kernel_refusal(
			"can't see which packets are freed: can't attach to " FREED_FUNCTION, r);
		return r;
	}
	/* The entry last, so that each call that it sees is also seen to return. */
	if (r == 0)
		r = attach_kprobe(pipeline_program_probe(pipeline, PROGRAM_PROBE_STUB), function,
			ATTACH_RETURN, number, &attached->site);
	if (r == 0)
		r = attach_kprobe(pipeline_program_probe(pipeline, PROGRAM_PROBE_ENTER), function,
			ATTACH_ENTRY, number, &attached->entry);
	return r;
}

/* Sets *ret_reason only if refuse_probe() does not know the reason. */
static int attach_by_type(struct pipeline *pipeline, struct attached_probe *attached,
	uint32_t number, char **ret_reason)
{
	switch ((enum event_attach)attached->probe.config.attach) {
	case EVENT_ATTACH_RAW_TRACEPOINT:
		return attach_tracepoint_probe(pipeline, attached, number, ret_reason);
	case EVENT_ATTACH_KRETPROBE:
		return attach_return_probe(pipeline, attached, number, ret_reason);
	case EVENT_ATTACH_KPROBE:
		return attach_kprobe(pipeline_program_probe(pipeline, PROGRAM_PROBE_STUB),
			attached->probe.symbol, ATTACH_ENTRY, number, &attached->site);
	case EVENT_ATTACH_FENTRY:
		break;
	}
	return -EINVAL;
}

static uint64_t probe_missed(const struct pipeline *pipeline, const struct attached_probe *attached)
{
	uint64_t site = 0;

	/* This probe has no events; packets stolen without it are counted as stolen-unknown. */
	if (attached == &pipeline->probes[PROBE_ENTRY])
		return 0;
	/* Returns without their entry have a count of their own. */
	if (attached->stub >= 0)
		program_missed(attached->stub, &site);
	else if (attached->site.link >= 0)
		kprobe_missed(attached->site.link, &site);
	return site;
}

static void attached_close(struct attached_probe *attached)
{
	attachment_detach(&attached->entry);
	attachment_detach(&attached->site);
	fd_close(&attached->stub);
}

static void probe_detach(struct pipeline *pipeline, struct attached_probe *attached)
{
	struct attached_probe old = *attached;

	g_mutex_lock(&pipeline->attached_lock);
	pipeline->missed += probe_missed(pipeline, attached);
	*attached = ATTACHED_PROBE_NONE;
	g_mutex_unlock(&pipeline->attached_lock);
	attached_close(&old);
}

/* The reason why the kernel refused a probe; -EADDRNOTAVAIL if the caller's choice is at fault. */
static int refuse_probe(const struct pipeline_probe *probe, int error, char **ret_reason)
{
	g_autofree char *what = NULL;

	switch (error) {
	case -ENOENT:
		*ret_reason = g_strdup_printf("the kernel has no %s %s",
			probe_array(probe) == ARRAY_TRACEPOINT ? "tracepoint" : "function",
			probe->symbol);
		return -EADDRNOTAVAIL;
	case -EINVAL:
	case -EILSEQ:
	case -EADDRNOTAVAIL:
	case -EOPNOTSUPP:
		*ret_reason = g_strdup_printf("%s can't be probed: the kernel's tracing itself may "
					      "depend on it (it is in the blacklist of kprobes, "
					      "or marked notrace)",
			probe->symbol);
		return -EADDRNOTAVAIL;
	}
	what = g_strdup_printf("can't attach to %s", probe->symbol);
	*ret_reason = kernel_refusal(what, error);
	return error;
}

static int probe_attach(struct pipeline *pipeline, uint32_t number,
	const struct pipeline_probe *probe, char **ret_reason)
{
	struct attached_probe attached = ATTACHED_PROBE_NONE;
	enum pipeline_array array = probe_array(probe);
	bool first = !probes_use(pipeline, array);
	int r = 0;

	if (first)
		r = probes_fill(pipeline, array);
	if (r < 0) {
		stages_empty(pipeline, array);
		*ret_reason = kernel_refusal("can't fill the program array", r);
		return r;
	}
	/* It runs as soon as it is attached. */
	pipeline_config(pipeline)->probes[number] = probe->config;
	attached.probe = *probe;
	r = attach_by_type(pipeline, &attached, number, ret_reason);
	if (r < 0) {
		if (!*ret_reason)
			r = refuse_probe(probe, r, ret_reason);
		attached_close(&attached);
		if (first)
			stages_empty(pipeline, array);
		return r;
	}
	g_mutex_lock(&pipeline->attached_lock);
	pipeline->probes[number] = attached;
	g_mutex_unlock(&pipeline->attached_lock);
	return 0;
}

int probes_attach(struct pipeline *pipeline, const struct pipeline_probe *probes, char **ret_reason)
{
	struct pipeline_probe before[EVENT_PROBES_MAX];
	int r = 0;

	for (int i = 0; i < EVENT_PROBES_MAX; i++)
		before[i] = pipeline->probes[i].probe;
	for (uint32_t i = 0; i < EVENT_PROBES_MAX && r == 0; i++) {
		if (!probe_present(&probes[i]) || probe_present(&before[i]))
			continue;
		if (!pipeline->probe_programs)
			r = pipeline_load_probes(pipeline, ret_reason);
		if (r == 0)
			r = probe_attach(pipeline, i, &probes[i], ret_reason);
		/* Sessions work without it; the packets affected are counted. */
		if (r < 0 && i == PROBE_ENTRY) {
			g_clear_pointer(ret_reason, g_free);
			r = 0;
		}
	}
	if (r < 0)
		probes_detach(pipeline, before);
	return r;
}

void probes_detach(struct pipeline *pipeline, const struct pipeline_probe *probes)
{
	static const enum pipeline_array arrays[] = { ARRAY_KPROBE, ARRAY_TRACEPOINT };

	if (!pipeline->probe_programs)
		return;
	for (int i = 0; i < EVENT_PROBES_MAX; i++) {
		if (probe_present(&pipeline->probes[i].probe) &&
			(!probes || !probe_present(&probes[i])))
			probe_detach(pipeline, &pipeline->probes[i]);
	}
	if (!probes_return(pipeline))
		attachment_detach(&pipeline->freed);
	/* The kernel patches the jump of a stub: no stub may be running. */
	pipeline_grace(pipeline);
	for (size_t i = 0; i < G_N_ELEMENTS(arrays); i++) {
		if (!probes_use(pipeline, arrays[i]))
			stages_empty(pipeline, arrays[i]);
	}
	if (!probes_use(pipeline, ARRAY_KPROBE) && !probes_use(pipeline, ARRAY_TRACEPOINT))
		pipeline_unload_probes(pipeline);
}

void probes_leave(struct pipeline *pipeline)
{
	for (int i = 0; i < EVENT_PROBES_MAX; i++)
		attached_close(&pipeline->probes[i]);
	attachment_detach(&pipeline->freed);
	pipeline_unload_probes(pipeline);
}

uint64_t probes_missed(const struct pipeline *pipeline)
{
	uint64_t missed = 0;

	for (int i = 0; i < EVENT_PROBES_MAX; i++)
		missed += probe_missed(pipeline, &pipeline->probes[i]);
	return missed;
}
