/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Creates and frees the pipeline; see pipeline.h. */
#include "daemon/pipeline/pipeline-private.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "journal/base/cleanup.h"

/* Attach modes, in the order in which they are tried. */
static const struct attempt {
	enum attach_mode mode;
	enum attach_mode hook_mode;
} attempts[] = {
	{ ATTACH_FENTRY, ATTACH_FENTRY },
	{ ATTACH_KPROBE, ATTACH_FENTRY },
	{ ATTACH_KPROBE, ATTACH_KPROBE },
};

static bool attempt_wanted(const struct attempt *attempt, enum attach_mode wanted)
{
	switch (wanted) {
	case ATTACH_AUTO:
		return true;
	case ATTACH_FENTRY:
		return attempt->mode == ATTACH_FENTRY;
	case ATTACH_KPROBE:
		return attempt->mode == ATTACH_KPROBE && attempt->hook_mode == ATTACH_KPROBE;
	}
	return false;
}

/* Loads, and attaches once as a test. */
static int pipeline_try(struct pipeline *pipeline, const struct attempt *attempt, char **ret_reason)
{
	int r;

	pipeline->mode = attempt->mode;
	pipeline->hook_mode = attempt->hook_mode;
	r = programs_ensure(pipeline, ret_reason);
	if (r == 0)
		r = attach_stub(pipeline, ret_reason);
	if (r == 0) {
		uint64_t missed;

		pipeline->missed_known = stub_missed(pipeline, &missed) == 0;
		detach_stub(pipeline);
		return 0;
	}
	pipeline_unload(pipeline);
	fd_close(&pipeline->module_btf);
	return r;
}

void pipeline_release(struct pipeline *pipeline)
{
	if (!pipeline->running)
		programs_release(pipeline);
}

struct pipeline *pipeline_begin(const struct pipeline_options *options)
{
	struct pipeline *pipeline = g_new0(struct pipeline, 1);

	pipeline->options = *options;
	pipeline->module_btf = -1;
	pipeline->facts.types = -1;
	pipeline->stub = ATTACHMENT_NONE;
	pipeline->stub_program = -1;
	for (int i = 0; i < PIPELINE_HOOKS; i++)
		pipeline->hooks[i] = ATTACHMENT_NONE;
	for (int i = 0; i < PIPELINE_MAPS; i++)
		pipeline->maps[i] = -1;
	for (int i = 0; i < PIPELINE_ARRAYS; i++)
		pipeline->matchers[i] = -1;
	probes_init(pipeline);
	g_mutex_init(&pipeline->attached_lock);
	return pipeline;
}

int pipeline_new(const struct pipeline_options *options, struct pipeline **ret, char **ret_reason)
{
	struct pipeline *pipeline = pipeline_begin(options);
	g_autofree char *reason = NULL;
	int r;

	r = libbpf_hooks_prepare();
	if (r == 0)
		r = kernel_facts_read(&pipeline->facts, &reason);
	else
		reason = kernel_refusal("can't set up libbpf", r);
	if (r == 0) {
		r = -EOPNOTSUPP;
		for (size_t i = 0; r < 0 && i < G_N_ELEMENTS(attempts); i++) {
			if (!attempt_wanted(&attempts[i], options->attach))
				continue;
			g_clear_pointer(&reason, g_free);
			r = pipeline_try(pipeline, &attempts[i], &reason);
		}
	}
	if (r < 0) {
		*ret_reason = g_steal_pointer(&reason);
		pipeline_free(pipeline);
		return r;
	}
	*ret = pipeline;
	return 0;
}

static void mapping_free(struct mapping *mapping)
{
	if (mapping->address)
		munmap(mapping->address, mapping->size);
}

/* Closes all descriptors. */
static void pipeline_clear(struct pipeline *pipeline)
{
	probes_leave(pipeline);
	detach_stub(pipeline);
	detach_hooks(pipeline);
	pipeline_unload(pipeline);
	for (int i = 0; i < PIPELINE_ARRAYS; i++)
		fd_close(&pipeline->matchers[i]);
	mapping_free(&pipeline->variables);
	mapping_free(&pipeline->stats);
	mapping_free(&pipeline->tracker);
	mapping_free(&pipeline->drops);
	mapping_free(&pipeline->drop_words);
	for (unsigned int i = 0; pipeline->ring_fds && i < pipeline->rings; i++)
		fd_close(&pipeline->ring_fds[i]);
	g_free(pipeline->ring_fds);
	for (int i = 0; i < PIPELINE_MAPS; i++)
		fd_close(&pipeline->maps[i]);
	fd_close(&pipeline->module_btf);
	fd_close(&pipeline->facts.types);
	g_mutex_clear(&pipeline->attached_lock);
	g_free(pipeline);
}

struct pipeline *pipeline_free(struct pipeline *pipeline)
{
	if (!pipeline)
		return NULL;
	probes_detach(pipeline, NULL);
	pipeline_clear(pipeline);
	return NULL;
}

struct pipeline *pipeline_leave(struct pipeline *pipeline)
{
	if (!pipeline)
		return NULL;
	pipeline_clear(pipeline);
	return NULL;
}

enum attach_mode pipeline_attach_mode(const struct pipeline *pipeline)
{
	return pipeline->mode;
}

void pipeline_features(const struct pipeline *pipeline, struct pipeline_features *ret)
{
	*ret = (struct pipeline_features){
		.hooks = pipeline->hook_mode,
		.hooks_absent = hooks_absent(pipeline),
		.missed_known = pipeline->missed_known,
		.drop_reasons = pipeline->facts.drop_reasons,
	};
}

const char *pipeline_layout_name(const struct pipeline *pipeline)
{
	return pipeline->facts.layout == 3 ? "info argument (<= 6.3)" : "verdict argument (>= 6.4)";
}

uint32_t pipeline_next_epoch(const struct pipeline *pipeline)
{
	return pipeline->epoch + 1;
}

bool pipeline_stale(const struct pipeline *pipeline)
{
	return pipeline->facts.module_inode &&
		kernel_module_inode() != pipeline->facts.module_inode;
}

unsigned int pipeline_rings(const struct pipeline *pipeline)
{
	return pipeline->rings;
}

int pipeline_ring_fd(const struct pipeline *pipeline, unsigned int ring)
{
	return pipeline->ring_fds[ring];
}
