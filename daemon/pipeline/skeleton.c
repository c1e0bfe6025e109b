/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access to the loaded object: variables, program arrays and programs; see pipeline-private.h. */
#include "daemon/pipeline/pipeline-private.h"

#include <bpf/libbpf.h>
#include <errno.h>

#include "bpf/pipeline.skel.h"

size_t pipeline_variables_size(void)
{
	return sizeof(struct pipeline_bpf__bss);
}

struct pipeline_config *pipeline_config(const struct pipeline *pipeline)
{
	return &((struct pipeline_bpf__bss *)pipeline->variables.address)->config;
}

struct drop_control *pipeline_drop_control(const struct pipeline *pipeline)
{
	return &((struct pipeline_bpf__bss *)pipeline->variables.address)->drop_control;
}

uint64_t *pipeline_next_allowed(const struct pipeline *pipeline)
{
	struct pipeline_bpf__bss *variables = pipeline->variables.address;

	return (uint64_t *)variables->next_allowed;
}

struct suppressed_slot *pipeline_suppressed(const struct pipeline *pipeline)
{
	struct pipeline_bpf__bss *variables = pipeline->variables.address;

	return variables->suppressed;
}

int pipeline_stages(const struct pipeline *pipeline, enum pipeline_array array)
{
	static const enum pipeline_map maps[PIPELINE_ARRAYS] = {
		[ARRAY_KPROBE] = MAP_KPROBE_STAGES,
		[ARRAY_FENTRY] = MAP_FENTRY_STAGES,
		[ARRAY_TRACEPOINT] = MAP_TRACEPOINT_STAGES,
	};

	return pipeline->maps[maps[array]];
}

enum pipeline_array pipeline_array(const struct pipeline *pipeline)
{
	return pipeline->mode == ATTACH_FENTRY ? ARRAY_FENTRY : ARRAY_KPROBE;
}

int pipeline_program_probe(const struct pipeline *pipeline, enum probe_program program)
{
	const struct pipeline_bpf *programs = pipeline->probe_programs;

	switch (program) {
	case PROGRAM_PROBE_STUB:
		return bpf_program__fd(programs->progs.probe_stub);
	case PROGRAM_PROBE_ENTER:
		return bpf_program__fd(programs->progs.probe_enter);
	case PROGRAM_PROBE_FREED:
		return bpf_program__fd(programs->progs.probe_freed);
	}
	return -EINVAL;
}

int pipeline_program_probe_stage(
	const struct pipeline *pipeline, enum pipeline_array array, enum stage stage)
{
	const struct pipeline_bpf *programs = pipeline->probe_programs;
	bool tracepoint = array == ARRAY_TRACEPOINT;

	if (stage == STAGE_CAPTURE_PROBE)
		return bpf_program__fd(tracepoint ? programs->progs.tracepoint_capture
						  : programs->progs.probe_capture);
	if (stage == STAGE_SECTIONS)
		return bpf_program__fd(tracepoint ? programs->progs.tracepoint_sections
						  : programs->progs.kprobe_sections);
	return bpf_program__fd(
		tracepoint ? programs->progs.tracepoint_emit : programs->progs.probe_emit);
}

int pipeline_program_stub(const struct pipeline *pipeline)
{
	return bpf_program__fd(pipeline->mode == ATTACH_FENTRY
			? pipeline->programs->progs.fentry_stub
			: pipeline->programs->progs.kprobe_stub);
}

int pipeline_program_stage(const struct pipeline *pipeline, enum stage stage)
{
	bool fentry = pipeline->mode == ATTACH_FENTRY;
	const struct pipeline_bpf *programs = pipeline->programs;

	switch (stage) {
	case STAGE_CAPTURE:
		return bpf_program__fd(
			fentry ? programs->progs.fentry_capture : programs->progs.kprobe_capture);
	case STAGE_EMIT:
		return bpf_program__fd(
			fentry ? programs->progs.fentry_emit : programs->progs.kprobe_emit);
	case STAGE_SECTIONS:
		return bpf_program__fd(
			fentry ? programs->progs.fentry_sections : programs->progs.kprobe_sections);
	case STAGE_CAPTURE_PROBE:
	case STAGE_EMIT_PROBE:
	case STAGE_MATCHER:
	case STAGE_BANK0:
		break;
	}
	return -EINVAL;
}
