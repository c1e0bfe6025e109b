/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine takes over the pipeline of the last daemon, on the worker. First the rings, the counts
 * and the attached programs as they are; then, when the journals are open and take the records of
 * the rings, it replaces the programs.
 */
#include "daemon/engine/engine-private.h"

#include <errno.h>

#include "daemon/base/log.h"
#include "daemon/pipeline/trace-rule.h"

int engine_adopt(
	struct engine *engine, struct saved_sessions *saved, GArray *stored_fds, char **ret_reason)
{
	const struct pipeline_options options = engine_pipeline_options(engine);
	struct pipeline *pipeline = NULL;
	int fd, r;

	r = pipeline_adopt(
		&options, &saved->traits, saved->probes, stored_fds, &pipeline, ret_reason);
	if (r < 0)
		return r;
	engine_pipeline_set(engine, pipeline);
	for (unsigned int i = 0; i < EVENT_PROBES_MAX; i++)
		engine->plan.probes[i] = saved->probes[i];
	fd = stored_fd_take(stored_fds, "arming", 0);
	if (fd >= 0 && arming_adopt(engine->arming, fd, &engine->unarmed) < 0)
		log_warning("%s", engine->unarmed);
	engine->adopting = true;
	return 0;
}

int engine_adopt_finish(struct engine *engine, char **ret_reason)
{
	auto_failure failure = { 0 };
	int r = recorder_attach(engine->recorder, engine->pipeline, RECORDER_RINGS_ADOPTED);

	if (r < 0)
		*ret_reason = g_strdup_printf("can't map the ring buffers: %s", g_strerror(-r));
	else
		r = pipeline_adopt_programs(engine->pipeline, ret_reason);
	if (r == 0 && engine_count_drops(engine, &failure) < 0) {
		*ret_reason = g_steal_pointer(&failure.reason);
		r = -EINVAL;
	}
	if (r < 0) {
		engine->adopting = false;
		engine_close(engine);
		for (unsigned int i = 0; i < EVENT_PROBES_MAX; i++)
			engine->plan.probes[i] = (struct pipeline_probe){ 0 };
	}
	return r;
}
