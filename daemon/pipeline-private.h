/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the pipeline share: what the kernel is like, the loaded programs and maps, what is
 * attached. Included by daemon/pipeline*.c only.
 */
#ifndef NFTTRACED_DAEMON_PIPELINE_PRIVATE_H
#define NFTTRACED_DAEMON_PIPELINE_PRIVATE_H

#include <glib.h>
#include <sys/types.h>

#include "pipeline.h"

#define PIPELINE_FUNCTION "__nft_trace_packet"
#define PIPELINE_MODULE   "nf_tables"

struct pipeline_bpf;

/* What the running kernel is like, as far as it matters here. */
struct kernel_facts {
	uint32_t layout; /* number of arguments of PIPELINE_FUNCTION */
	uint32_t function_id; /* of PIPELINE_FUNCTION in BTF; 0: not found */
	bool module_btf; /* function_id is in the module's BTF, not in vmlinux */
	bool direct_loads; /* programs can use bpf_rdonly_cast */
	uint64_t vmemmap_base; /* addresses of variables; 0: unknown */
	uint64_t page_offset_base;
	ino_t module_inode; /* of the loaded module's folder in sysfs; 0: not a module */
};

/* The maps that outlive the programs, in the skeleton's names. */
enum pipeline_map {
	MAP_KPROBE_STAGES,
	MAP_FENTRY_STAGES,
	MAP_FRAMES,
	MAP_STATS,
	MAP_TRACKER,
	MAP_EXPANSIONS,
	MAP_RINGS,
	MAP_CONSTANTS,
	MAP_VARIABLES,
	PIPELINE_MAPS,
};

enum pipeline_hook {
	HOOK_FREE,
	HOOK_PARTIAL,
	HOOK_EXPAND,
	HOOK_EXPANDED,
	PIPELINE_HOOKS,
};

/* A program on a function: descriptors; -1: not attached. */
struct attachment {
	int event; /* kprobe: the perf event */
	int link;
};

#define ATTACHMENT_NONE ((struct attachment){ .event = -1, .link = -1 })

/* A map as the daemon sees it. */
struct mapping {
	void *address; /* NULL: not mapped */
	size_t size;
};

struct pipeline {
	struct pipeline_options options;
	struct kernel_facts facts;
	enum attach_mode mode; /* ATTACH_KPROBE or ATTACH_FENTRY */
	enum attach_mode hook_mode; /* of the tracker's hooks */
	unsigned int cpus; /* possible ones */
	unsigned int buckets; /* of the tracker */
	unsigned int rings;
	int *ring_fds;
	int maps[PIPELINE_MAPS];
	struct pipeline_bpf *programs; /* NULL: not loaded */
	struct mapping variables, stats, tracker;
	int module_btf; /* BTF object, -1: vmlinux */

	struct attachment stub;
	struct attachment hooks[PIPELINE_HOOKS];
	bool running; /* CAPTURE's slot is filled, the stub attached */
	bool hooked; /* the tracker's hooks are attached */
	unsigned int bank; /* of the current matcher */
	uint32_t epoch; /* of the current matcher */
	bool missed_known; /* the kernel tells what it skipped */
	uint64_t missed; /* of stubs that were detached */
};

/* pipeline-kernel.c: what the kernel is like. Errors as pipeline_new. */
int kernel_facts_read(struct kernel_facts *ret, char **ret_reason);
/* The inode of the loaded module's folder in sysfs; 0: there is none. */
ino_t kernel_module_inode(void);
/* The remedy for a call that was refused with `error` (negative errno). Free with g_free. */
char *kernel_refusal(const char *what, int error);

/*
 * pipeline.c: loads the programs if they are not, and lets go of them where they pin the module.
 */
int programs_ensure(struct pipeline *pipeline, char **ret_reason);
void programs_release(struct pipeline *pipeline);

/* pipeline-load.c: the BPF object. The programs use the maps that are there already. */
int pipeline_load(
	struct pipeline *pipeline, const struct pipeline_options *options, char **ret_reason);
void pipeline_unload(struct pipeline *pipeline);
/* The configuration as the programs read it, in memory that they share. */
struct pipeline_config *pipeline_config(const struct pipeline *pipeline);
/* Of the rate limit: when a session's next event is due, by bit. */
uint64_t *pipeline_arrivals(const struct pipeline *pipeline);
/* The map of programs to tail-call: its descriptor. */
int pipeline_stages(const struct pipeline *pipeline);

/* Programs of the pipeline's way of attaching: descriptors. */
int pipeline_program_stub(const struct pipeline *pipeline);
int pipeline_program_stage(const struct pipeline *pipeline, enum stage stage);
int pipeline_program_hook(const struct pipeline *pipeline, enum pipeline_hook hook);

/* pipeline-attach.c */
int attach_stub(struct pipeline *pipeline, char **ret_reason);
void detach_stub(struct pipeline *pipeline);
int attach_hooks(struct pipeline *pipeline, char **ret_reason);
void detach_hooks(struct pipeline *pipeline);
/* What the kernel skipped at the attached stub; 0 if none is. */
int stub_missed(const struct pipeline *pipeline, uint64_t *ret);

#endif
