/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drop counting: runs the pipeline even without sessions, and gives access to the table in memory.
 */
#include "daemon/pipeline/pipeline-private.h"

#include <bpf/bpf.h>

int pipeline_drops_begin(struct pipeline *pipeline, char **ret_reason)
{
	int r = programs_ensure(pipeline, ret_reason);

	if (r < 0)
		return r;
	__atomic_store_n(&pipeline_config(pipeline)->drops, 1, __ATOMIC_SEQ_CST);
	if (!pipeline->running)
		r = pipeline_start(pipeline, ret_reason);
	if (r < 0) {
		pipeline_config(pipeline)->drops = 0;
		programs_release(pipeline);
		return r;
	}
	pipeline->counting = true;
	return 0;
}

void pipeline_drops_end(struct pipeline *pipeline)
{
	if (!pipeline->counting)
		return;
	pipeline->counting = false;
	__atomic_store_n(&pipeline_config(pipeline)->drops, 0, __ATOMIC_SEQ_CST);
	if (pipeline->matchers[pipeline_array(pipeline)] < 0)
		pipeline_stop(pipeline);
	else
		pipeline_grace(pipeline);
}

void pipeline_drops(const struct pipeline *pipeline, struct pipeline_drops *ret)
{
	*ret = (struct pipeline_drops){
		.slots = pipeline->drops.address,
		.words = pipeline->drop_words.address,
		.control = pipeline_drop_control(pipeline),
		.count = pipeline->drop_slots,
		.news = pipeline->maps[MAP_DROP_NEWS],
	};
}
