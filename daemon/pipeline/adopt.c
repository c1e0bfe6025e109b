/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pipeline across daemons: which descriptors are kept, and how the next daemon adopts them.
 * Maps and attachments stay the same objects. CAPTURE, EMIT and SECTIONS are loaded again and
 * replace the old ones in the arrays; the next swap replaces the matcher. Until then the old
 * programs run with the old configuration.
 */
#include "daemon/pipeline/pipeline-private.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "daemon/base/fd-list.h"
#include "daemon/pipeline/pipeline-size.h"
#include "journal/base/cleanup.h"

/*
 * Raise it when programs of two versions can't share maps or frames for a reason that
 * pipeline_layout does not see.
 */
#ifndef LAYOUT_VERSION
#define LAYOUT_VERSION 1
#endif

#define FNV_BASIS 2166136261U
#define FNV_PRIME 16777619U

static uint32_t pipeline_layout(void)
{
	const size_t numbers[] = {
		LAYOUT_VERSION,
		EVENT_VERSION,
		PIPELINE_MAPS,
		PIPELINE_ARRAYS,
		PIPELINE_HOOKS,
		STAGE_COUNT,
		STAGE_PARTS_MAX,
		FRAME_OWNERS,
		RINGS_MAX,
		COUNT_MAX,
		TRACKER_SLOTS,
		sizeof(struct frame),
		offsetof(struct frame, record),
		sizeof(struct cpu_stats),
		offsetof(struct cpu_stats, sessions),
		offsetof(struct cpu_stats, guess),
		sizeof(struct session_stats),
		sizeof(struct tracker_slot),
		sizeof(struct tracker_bucket),
		sizeof(struct drop_slot),
		sizeof(struct drop_words),
		sizeof(struct drop_control),
		sizeof(struct probe_config),
		sizeof(struct pipeline_config),
		offsetof(struct pipeline_config, tracking),
		offsetof(struct pipeline_config, stolen),
		offsetof(struct pipeline_config, sections),
		offsetof(struct pipeline_config, interval),
		offsetof(struct pipeline_config, stacks),
		offsetof(struct pipeline_config, probes),
		pipeline_variables_size(),
	};
	uint32_t hash = FNV_BASIS;

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
		hash = (hash ^ (uint32_t)numbers[i]) * FNV_PRIME;
	return hash;
}

void pipeline_traits_read(const struct pipeline *pipeline, struct pipeline_traits *ret)
{
	*ret = (struct pipeline_traits){ .layout = pipeline_layout() };
	if (!pipeline->running)
		return;
	ret->attach = pipeline->mode;
	ret->hook_attach = pipeline->hook_mode;
	ret->module = pipeline->facts.module_inode;
	ret->missed = pipeline->missed;
}

/* Constants are not kept: the programs of each daemon contain their own. */
static bool map_is_kept(enum pipeline_map map)
{
	return map != MAP_CONSTANTS;
}

void pipeline_keep(const struct pipeline *pipeline, GArray *stored_fds)
{
	if (!pipeline->running)
		return;
	for (unsigned int i = 0; i < PIPELINE_MAPS; i++) {
		if (map_is_kept(i))
			stored_fd_add(stored_fds, pipeline->maps[i], "map", i);
	}
	for (unsigned int i = 0; i < pipeline->rings; i++)
		stored_fd_add(stored_fds, pipeline->ring_fds[i], "ring", i);
	/* A link keeps its perf event. */
	stored_fd_add(stored_fds, pipeline->stub.link, "stub", 0);
	stored_fd_add(stored_fds, stub_program(pipeline), "stub-program", 0);
	for (unsigned int i = 0; i < PIPELINE_HOOKS; i++)
		stored_fd_add(stored_fds, pipeline->hooks[i].link, "hook", i);
	stored_fd_add(stored_fds, pipeline->freed.link, "freed", 0);
	for (unsigned int i = 0; i < EVENT_PROBES_MAX; i++) {
		const struct attached_probe *probe = &pipeline->probes[i];

		stored_fd_add(stored_fds, probe->entry.link, "probe-entry", i);
		stored_fd_add(stored_fds, probe->site.link, "probe", i);
		stored_fd_add(stored_fds, probe->stub, "probe-program", i);
	}
}

static int map_check(int fd, uint32_t type, size_t value_size, uint32_t *ret_entries)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	if (info.type != type || info.value_size != value_size)
		return -EBADMSG;
	*ret_entries = info.max_entries;
	return 0;
}

/* A map must have the size with which the daemon maps it. */
static int maps_check(struct pipeline *pipeline)
{
	uint32_t entries = 0;
	int r;

	r = map_check(pipeline->maps[MAP_VARIABLES], BPF_MAP_TYPE_ARRAY, pipeline_variables_size(),
		&entries);
	if (r == 0)
		r = map_check(pipeline->maps[MAP_STATS], BPF_MAP_TYPE_ARRAY,
			sizeof(struct cpu_stats), &entries);
	if (r == 0 && entries != pipeline->cpus * FRAME_OWNERS)
		r = -EBADMSG;
	if (r == 0)
		r = map_check(pipeline->maps[MAP_TRACKER], BPF_MAP_TYPE_ARRAY,
			sizeof(struct tracker_bucket), &pipeline->buckets);
	if (r == 0)
		r = map_check(pipeline->maps[MAP_RINGS], BPF_MAP_TYPE_ARRAY_OF_MAPS,
			sizeof(uint32_t), &pipeline->rings);
	if (r == 0)
		r = map_check(pipeline->maps[MAP_DROP_SLOTS], BPF_MAP_TYPE_ARRAY,
			sizeof(struct drop_slot), &pipeline->drop_slots);
	if (r == 0)
		r = map_check(pipeline->maps[MAP_DROP_WORDS], BPF_MAP_TYPE_ARRAY,
			sizeof(struct drop_words), &entries);
	/* With another size the table can't be reused. */
	if (r == 0 &&
		(entries != pipeline->drop_slots ||
			entries != pipeline_size_drops(pipeline->options.drops_max)))
		r = -ESTALE;
	if (r == 0 && (pipeline->rings > RINGS_MAX || pipeline->rings & (pipeline->rings - 1)))
		r = -EBADMSG;
	return r;
}

static int maps_adopt(struct pipeline *pipeline, GArray *stored_fds)
{
	int cpus = libbpf_num_possible_cpus(), r;

	if (cpus < 0)
		return cpus;
	pipeline->cpus = (unsigned int)cpus;
	for (unsigned int i = 0; i < PIPELINE_MAPS; i++) {
		if (!map_is_kept(i))
			continue;
		pipeline->maps[i] = stored_fd_take(stored_fds, "map", i);
		if (pipeline->maps[i] < 0)
			return -ENODATA;
	}
	r = maps_check(pipeline);
	if (r < 0)
		return r;
	pipeline->ring_fds = g_new(int, pipeline->rings);
	for (unsigned int i = 0; i < pipeline->rings; i++)
		pipeline->ring_fds[i] = stored_fd_take(stored_fds, "ring", i);
	for (unsigned int i = 0; i < pipeline->rings; i++) {
		if (pipeline->ring_fds[i] < 0)
			return -ENODATA;
	}
	return pipeline_map_memory(pipeline);
}

static int attachments_adopt(struct pipeline *pipeline, GArray *stored_fds)
{
	pipeline->stub.link = stored_fd_take(stored_fds, "stub", 0);
	pipeline->stub_program = stored_fd_take(stored_fds, "stub-program", 0);
	pipeline->freed.link = stored_fd_take(stored_fds, "freed", 0);
	if (pipeline->stub.link < 0 || pipeline->stub_program < 0)
		return -ENODATA;
	for (unsigned int i = 0; i < PIPELINE_HOOKS; i++)
		pipeline->hooks[i].link = stored_fd_take(stored_fds, "hook", i);
	return hooks_adopted(pipeline);
}

static int probes_adopt(
	struct pipeline *pipeline, GArray *stored_fds, struct pipeline_probe *probes)
{
	const struct pipeline_config *config = pipeline_config(pipeline);

	for (unsigned int i = 0; i < EVENT_PROBES_MAX; i++) {
		struct attached_probe *attached = &pipeline->probes[i];

		if (!probes[i].config.attach)
			continue;
		if (config->probes[i].attach != probes[i].config.attach)
			return -EBADMSG;
		probes[i].config = config->probes[i];
		attached->probe = probes[i];
		attached->entry.link = stored_fd_take(stored_fds, "probe-entry", i);
		attached->site.link = stored_fd_take(stored_fds, "probe", i);
		attached->stub = stored_fd_take(stored_fds, "probe-program", i);
		if (attached->site.link < 0)
			return -ENODATA;
	}
	return 0;
}

static int traits_check(const struct pipeline_options *options,
	const struct pipeline_traits *traits, char **ret_reason)
{
	if (traits->layout != pipeline_layout()) {
		*ret_reason = g_strdup("they are of an incompatible version");
		return -ESTALE;
	}
	if (traits->attach != ATTACH_FENTRY && traits->attach != ATTACH_KPROBE) {
		*ret_reason = g_strdup("nothing was attached");
		return -ESTALE;
	}
	if (options->attach != ATTACH_AUTO && options->attach != traits->attach) {
		*ret_reason = g_strdup("they are attached in another way than Attach= says");
		return -ESTALE;
	}
	if (traits->module != kernel_module_inode()) {
		*ret_reason = g_strdup("nf_tables was loaded again meanwhile");
		return -ESTALE;
	}
	return 0;
}

int pipeline_adopt(const struct pipeline_options *options, const struct pipeline_traits *traits,
	struct pipeline_probe *probes, GArray *stored_fds, struct pipeline **ret, char **ret_reason)
{
	struct pipeline *pipeline;
	int r = traits_check(options, traits, ret_reason);

	if (r < 0)
		return r;
	pipeline = pipeline_begin(options);
	pipeline->mode = traits->attach;
	pipeline->hook_mode = traits->hook_attach;
	pipeline->missed = traits->missed;
	pipeline->facts.module_inode = traits->module;
	r = maps_adopt(pipeline, stored_fds);
	if (r == 0)
		r = attachments_adopt(pipeline, stored_fds);
	if (r == 0)
		r = probes_adopt(pipeline, stored_fds, probes);
	if (r < 0) {
		*ret_reason =
			g_strdup_printf("a part is missing or was replaced (%s)", g_strerror(-r));
		pipeline_leave(pipeline);
		return r;
	}
	pipeline->epoch = pipeline_config(pipeline)->epoch;
	pipeline->bank = pipeline->epoch % STAGE_BANKS;
	pipeline->running = true;
	pipeline->adopted = true;
	pipeline->counting = pipeline_config(pipeline)->drops;
	*ret = pipeline;
	return 0;
}

static int programs_replace(struct pipeline *pipeline)
{
	static const enum pipeline_array arrays[] = { ARRAY_KPROBE, ARRAY_TRACEPOINT };
	int r = pipeline_fill(pipeline);

	for (size_t i = 0; i < G_N_ELEMENTS(arrays) && r == 0; i++) {
		if (probes_use(pipeline, arrays[i]))
			r = probes_fill(pipeline, arrays[i]);
	}
	return r;
}

int pipeline_adopt_programs(struct pipeline *pipeline, char **ret_reason)
{
	struct kernel_facts facts = { .types = -1 };
	uint64_t missed;
	int r = libbpf_hooks_prepare();

	if (r == 0)
		r = kernel_facts_read(&facts, ret_reason);
	if (r < 0)
		return r;
	pipeline->facts = facts;
	r = programs_ensure(pipeline, ret_reason);
	if (r == 0 &&
		(probes_use(pipeline, ARRAY_KPROBE) || probes_use(pipeline, ARRAY_TRACEPOINT)))
		r = pipeline_load_probes(pipeline, ret_reason);
	if (r < 0)
		return r;
	r = programs_replace(pipeline);
	if (r < 0)
		*ret_reason = kernel_refusal("can't fill the program array", r);
	pipeline->missed_known = stub_missed(pipeline, &missed) == 0;
	return r;
}
