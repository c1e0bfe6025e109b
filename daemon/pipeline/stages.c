/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slots of the program arrays, and the grace period after a change; see pipeline-private.h. */
#include <bpf/bpf.h>

#include "daemon/pipeline/pipeline-private.h"

int stage_set(
	const struct pipeline *pipeline, enum pipeline_array array, uint32_t stage, int program)
{
	return bpf_map_update_elem(pipeline_stages(pipeline, array), &stage, &program, BPF_ANY);
}

void stage_clear(const struct pipeline *pipeline, enum pipeline_array array, uint32_t stage)
{
	bpf_map_delete_elem(pipeline_stages(pipeline, array), &stage);
}

void pipeline_grace(const struct pipeline *pipeline)
{
	uint32_t key = 0;

	/* The kernel waits after any update of a map of maps (maybe_wait_bpf_programs in
	 * kernel/bpf/syscall.c), so the first ring is put where it is. */
	bpf_map_update_elem(pipeline->maps[MAP_RINGS], &key, &pipeline->ring_fds[0], BPF_ANY);
}
