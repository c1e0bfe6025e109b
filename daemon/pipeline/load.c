/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads the BPF object. Its maps are created once and outlive the programs, which may be unloaded
 * and loaded again, because fentry programs pin the nf_tables module.
 */
#include "daemon/pipeline/pipeline-private.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/pipeline.skel.h"
#include "daemon/pipeline/pipeline-size.h"
#include "journal/base/cleanup.h"

/* The verifier's last line, else libbpf's first; "" without either. For g_free. */
static char *message_gist(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	const char *gist = lines[0] ? lines[0] : "";

	for (char **line = lines; *line && line[1]; line++) {
		if (g_str_has_prefix(line[1], "processed "))
			gist = *line;
	}
	return g_strdup(gist);
}

static struct bpf_map **skeleton_map(struct pipeline_bpf *skeleton, enum pipeline_map map)
{
	switch (map) {
	case MAP_KPROBE_STAGES:
		return &skeleton->maps.kprobe_stages;
	case MAP_FENTRY_STAGES:
		return &skeleton->maps.fentry_stages;
	case MAP_TRACEPOINT_STAGES:
		return &skeleton->maps.tracepoint_stages;
	case MAP_FRAMES:
		return &skeleton->maps.frames;
	case MAP_STATS:
		return &skeleton->maps.stats;
	case MAP_TRACKER:
		return &skeleton->maps.tracker;
	case MAP_EXPANSIONS:
		return &skeleton->maps.expansions;
	case MAP_RETURNS:
		return &skeleton->maps.returns;
	case MAP_WATCHES:
		return &skeleton->maps.watches;
	case MAP_TRAVERSALS:
		return &skeleton->maps.traversals;
	case MAP_RINGS:
		return &skeleton->maps.rings;
	case MAP_DROP_SLOTS:
		return &skeleton->maps.drop_slots;
	case MAP_DROP_WORDS:
		return &skeleton->maps.drop_words;
	case MAP_DROP_NEWS:
		return &skeleton->maps.drop_news;
	case MAP_CONSTANTS:
		return &skeleton->maps.rodata;
	case MAP_VARIABLES:
		return &skeleton->maps.bss;
	case PIPELINE_MAPS:
		break;
	}
	return NULL;
}

typedef void (*programs_chooser)(const struct pipeline *pipeline, struct pipeline_bpf *skeleton);

static void choose_none(struct pipeline_bpf *skeleton)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, skeleton->obj)
		bpf_program__set_autoload(program, false);
}

static void choose_probes(const struct pipeline *pipeline, struct pipeline_bpf *skeleton)
{
	choose_none(skeleton);
	bpf_program__set_autoload(skeleton->progs.probe_stub, true);
	bpf_program__set_autoload(skeleton->progs.probe_enter, true);
	bpf_program__set_autoload(skeleton->progs.probe_freed, true);
	bpf_program__set_autoload(skeleton->progs.probe_capture, true);
	bpf_program__set_autoload(skeleton->progs.probe_emit, true);
	bpf_program__set_autoload(skeleton->progs.kprobe_sections, true);
	bpf_program__set_autoload(skeleton->progs.tracepoint_capture, true);
	bpf_program__set_autoload(skeleton->progs.tracepoint_emit, true);
	bpf_program__set_autoload(skeleton->progs.tracepoint_sections, true);
}

static void choose_programs(const struct pipeline *pipeline, struct pipeline_bpf *skeleton)
{
	bool fentry = pipeline->mode == ATTACH_FENTRY;

	choose_none(skeleton);
	bpf_program__set_autoload(skeleton->progs.addresses_read, true);
	bpf_program__set_autoload(skeleton->progs.kprobe_stub, !fentry);
	bpf_program__set_autoload(skeleton->progs.kprobe_capture, !fentry);
	bpf_program__set_autoload(skeleton->progs.kprobe_emit, !fentry);
	bpf_program__set_autoload(skeleton->progs.kprobe_sections, !fentry);
	bpf_program__set_autoload(skeleton->progs.fentry_stub, fentry);
	bpf_program__set_autoload(skeleton->progs.fentry_capture, fentry);
	bpf_program__set_autoload(skeleton->progs.fentry_emit, fentry);
	bpf_program__set_autoload(skeleton->progs.fentry_sections, fentry);
	choose_hooks(pipeline, skeleton);
}

static int maps_prepare(const struct pipeline *pipeline, struct pipeline_bpf *skeleton)
{
	int r;

	skeleton->rodata->argument_layout = pipeline->facts.layout;
	skeleton->rodata->direct_loads = pipeline->facts.direct_loads;
	skeleton->rodata->possible_cpus = pipeline->cpus;
	skeleton->rodata->ring_mask = pipeline->rings - 1;
	skeleton->rodata->tracker_mask = pipeline->buckets - 1;
	skeleton->rodata->drop_mask = pipeline->drop_slots - 1;

	r = bpf_map__set_max_entries(skeleton->maps.stats, pipeline->cpus * FRAME_OWNERS);
	if (r == 0)
		r = bpf_map__set_max_entries(skeleton->maps.tracker, pipeline->buckets);
	if (r == 0)
		r = bpf_map__set_max_entries(skeleton->maps.rings, pipeline->rings);
	if (r == 0)
		r = bpf_map__set_max_entries(skeleton->maps.drop_slots, pipeline->drop_slots);
	if (r == 0)
		r = bpf_map__set_max_entries(skeleton->maps.drop_words, pipeline->drop_slots);
	if (r == 0)
		r = bpf_map__set_max_entries(
			skeleton->maps.drop_news, (uint32_t)sysconf(_SC_PAGESIZE));
	for (int i = 0; r == 0 && i < PIPELINE_MAPS; i++) {
		if (pipeline->maps[i] >= 0)
			r = bpf_map__reuse_fd(*skeleton_map(skeleton, i), pipeline->maps[i]);
	}
	return r;
}

/* Duplicates the maps, so that they outlive the programs. */
static int maps_keep(struct pipeline *pipeline)
{
	for (int i = 0; i < PIPELINE_MAPS; i++) {
		int fd = bpf_map__fd(*skeleton_map(pipeline->programs, i));

		if (pipeline->maps[i] >= 0)
			continue;
		pipeline->maps[i] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (pipeline->maps[i] < 0)
			return -errno;
	}
	return 0;
}

static int mapping_make(struct mapping *mapping, int fd, size_t value_size, size_t entries)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	/* As in array_map_alloc, values are multiples of 8 bytes. */
	size_t size = (value_size + 7) / 8 * 8 * entries;
	void *address;

	if (mapping->address)
		return 0;
	size = (size + page - 1) / page * page;
	address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (address == MAP_FAILED)
		return -errno;
	mapping->address = address;
	mapping->size = size;
	return 0;
}

/* Sets the host's namespace, and the maximum of counters for each share. */
static void drops_share(const struct pipeline *pipeline)
{
	struct drop_control *control = pipeline_drop_control(pipeline);
	uint32_t max = pipeline->options.drops_max;

	control->host = pipeline->options.host;
	control->max = control->shares[DROP_SHARE_HOST].max = max;
	/* These include the host's if its namespace is unknown. */
	control->shares[DROP_SHARE_ROOT].max = control->host ? max / 2 : max;
	control->shares[DROP_SHARE_USERS].max = max / 4;
}

int pipeline_map_memory(struct pipeline *pipeline)
{
	int r;

	r = mapping_make(&pipeline->variables, pipeline->maps[MAP_VARIABLES],
		sizeof(struct pipeline_bpf__bss), 1);
	if (r == 0)
		r = mapping_make(&pipeline->stats, pipeline->maps[MAP_STATS],
			sizeof(struct cpu_stats), pipeline->cpus * FRAME_OWNERS);
	if (r == 0)
		r = mapping_make(&pipeline->tracker, pipeline->maps[MAP_TRACKER],
			sizeof(struct tracker_bucket), pipeline->buckets);
	if (r == 0)
		r = mapping_make(&pipeline->drops, pipeline->maps[MAP_DROP_SLOTS],
			sizeof(struct drop_slot), pipeline->drop_slots);
	if (r == 0)
		r = mapping_make(&pipeline->drop_words, pipeline->maps[MAP_DROP_WORDS],
			sizeof(struct drop_words), pipeline->drop_slots);
	if (r == 0)
		drops_share(pipeline);
	return r;
}

/* Creates the rings and puts them into their map. */
static int rings_make(struct pipeline *pipeline, uint32_t size)
{
	uint32_t each = pipeline_size_ring(size, pipeline->rings);

	if (pipeline->ring_fds)
		return 0;
	pipeline->ring_fds = g_new(int, pipeline->rings);
	for (uint32_t i = 0; i < pipeline->rings; i++)
		pipeline->ring_fds[i] = -1;
	for (uint32_t i = 0; i < pipeline->rings; i++) {
		int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "events", 0, 0, each, NULL), r;

		if (fd < 0)
			return fd;
		pipeline->ring_fds[i] = fd;
		r = bpf_map_update_elem(pipeline->maps[MAP_RINGS], &i, &fd, BPF_ANY);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Has the kernel's addresses of page fragments read; without them fragments are not read. */
static void addresses_read(const struct pipeline *pipeline)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	bpf_prog_test_run_opts(bpf_program__fd(pipeline->programs->progs.addresses_read), &options);
}

static int skeleton_load(
	struct pipeline *pipeline, programs_chooser choose, struct pipeline_bpf **ret)
{
	g_autofree char *types = g_strdup_printf("/proc/self/fd/%d", pipeline->facts.types);
	LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = types);
	struct pipeline_bpf *skeleton = pipeline_bpf__open_opts(&options);
	int r;

	if (!skeleton)
		return -errno;
	choose(pipeline, skeleton);
	r = maps_prepare(pipeline, skeleton);
	if (r == 0)
		r = pipeline_bpf__load(skeleton);
	if (r < 0) {
		pipeline_bpf__destroy(skeleton);
		return r;
	}
	*ret = skeleton;
	return 0;
}

/* For g_free. */
static char *load_refusal(const char *warnings, int error)
{
	g_autofree char *gist = message_gist(warnings);
	g_autofree char *what = g_strdup_printf("the kernel refused the BPF programs (%s)", gist);
	/* Under lockdown the verifier complains of an unknown helper. */
	char *lockdown = kernel_lockdown();

	if (lockdown)
		return lockdown;
	/* -EACCES comes from the verifier, not from a missing privilege. */
	return error == -EPERM ? kernel_refusal(what, error) : g_steal_pointer(&what);
}

int pipeline_load(
	struct pipeline *pipeline, const struct pipeline_options *options, char **ret_reason)
{
	g_autoptr(GString) warnings = g_string_new(NULL);
	int r;

	if (!pipeline->cpus) {
		r = libbpf_num_possible_cpus();
		pipeline->cpus = r > 0 ? (unsigned int)r : 1;
		pipeline->rings = pipeline_size_rings(pipeline->cpus);
		pipeline->buckets = pipeline_size_buckets(options->tracker_size);
		pipeline->drop_slots = pipeline_size_drops(options->drops_max);
	}
	libbpf_hooks_begin(pipeline, warnings);
	r = skeleton_load(pipeline, choose_programs, &pipeline->programs);
	if (r < 0 && pipeline->facts.direct_loads) {
		/* The function exists, but not for programs of this type. */
		pipeline->facts.direct_loads = false;
		g_string_truncate(warnings, 0);
		r = skeleton_load(pipeline, choose_programs, &pipeline->programs);
	}
	libbpf_hooks_end();
	if (r < 0) {
		*ret_reason = load_refusal(warnings->str, r);
		return r;
	}

	addresses_read(pipeline);
	r = maps_keep(pipeline);
	if (r == 0)
		r = pipeline_map_memory(pipeline);
	if (r == 0)
		r = rings_make(pipeline, options->ring_size);
	if (r < 0) {
		*ret_reason = kernel_refusal("can't make the BPF maps", r);
		pipeline_unload(pipeline);
	}
	return r;
}

void pipeline_unload(struct pipeline *pipeline)
{
	pipeline_bpf__destroy(pipeline->programs);
	pipeline->programs = NULL;
}

int pipeline_load_probes(struct pipeline *pipeline, char **ret_reason)
{
	g_autoptr(GString) warnings = g_string_new(NULL);
	int r;

	libbpf_hooks_begin(pipeline, warnings);
	r = skeleton_load(pipeline, choose_probes, &pipeline->probe_programs);
	libbpf_hooks_end();
	if (r < 0)
		*ret_reason = load_refusal(warnings->str, r);
	return r;
}

void pipeline_unload_probes(struct pipeline *pipeline)
{
	pipeline_bpf__destroy(pipeline->probe_programs);
	pipeline->probe_programs = NULL;
}
