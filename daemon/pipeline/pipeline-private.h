/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the pipeline share: what the kernel is like, the loaded programs and maps, what is
 * attached. Included by daemon/pipeline*.c only.
 */
#ifndef NFTTRACED_DAEMON_PIPELINE_PIPELINE_PRIVATE_H
#define NFTTRACED_DAEMON_PIPELINE_PIPELINE_PRIVATE_H

#include <glib.h>
#include <sys/types.h>

#include "daemon/pipeline/pipeline.h"

#define PIPELINE_FUNCTION "__nft_trace_packet"
#define PIPELINE_MODULE   "nf_tables"

#define KPROBE_TYPE \
	"/sys/bus/event_source/devices/kprobe/type" /* exists if the kernel has kprobes */

struct btf;
struct pipeline_bpf;

/* Functions of the kernel that are looked for in its BTF. */
enum kernel_function {
	KERNEL_TRACE, /* PIPELINE_FUNCTION */
	KERNEL_RDONLY_CAST,
	/* Of the tracker's hooks: hooks.c. */
	KERNEL_FREE,
	KERNEL_PARTIAL,
	KERNEL_STOLEN,
	KERNEL_REUSE,
	KERNEL_EXPAND,
	KERNEL_COPY,
	KERNEL_SEGMENT,
	KERNEL_SEGMENT_LIST,
	KERNEL_FRAGMENT,
	KERNEL_FRAGMENT6,
	KERNEL_SEND,
	KERNEL_SEND6,
	KERNEL_FUNCTIONS,
};

/* What the running kernel is like, as far as it matters here. */
struct kernel_facts {
	uint32_t layout; /* number of arguments of PIPELINE_FUNCTION */
	uint32_t functions[KERNEL_FUNCTIONS]; /* BTF ids; 0: not found */
	bool module_btf; /* PIPELINE_FUNCTION is in the module's BTF, not in vmlinux */
	bool direct_loads; /* programs can use bpf_rdonly_cast */
	bool drop_reasons; /* there is an enum of them */
	int types; /* memory file, BTF of the types that the programs name; -1: none */
	ino_t module_inode; /* of the loaded module's folder in sysfs; 0: not a module */
};

/* The maps that outlive the programs, in the skeleton's names. */
enum pipeline_map {
	MAP_KPROBE_STAGES,
	MAP_FENTRY_STAGES,
	MAP_TRACEPOINT_STAGES,
	MAP_FRAMES,
	MAP_STATS,
	MAP_TRACKER,
	MAP_EXPANSIONS,
	MAP_RETURNS,
	MAP_WATCHES,
	MAP_TRAVERSALS,
	MAP_RINGS,
	MAP_DROP_SLOTS,
	MAP_DROP_WORDS,
	MAP_DROP_NEWS,
	MAP_CONSTANTS,
	MAP_VARIABLES,
	PIPELINE_MAPS,
};

enum pipeline_hook {
	HOOK_FREE,
	HOOK_PARTIAL,
	HOOK_STOLEN,
	HOOK_REUSE,
	HOOK_EXPAND,
	HOOK_EXPANDED,
	HOOK_COPY,
	HOOK_SEGMENT,
	HOOK_SEGMENTED,
	HOOK_SEGMENT_LIST,
	HOOK_SEGMENTED_LIST,
	HOOK_FRAGMENT,
	HOOK_FRAGMENT6,
	HOOK_SEND,
	HOOK_SEND6,
	PIPELINE_HOOKS,
};

/* A program on a function: descriptors; -1: not attached. */
struct attachment {
	int event; /* kprobe: the perf event */
	int link;
};

#define ATTACHMENT_NONE ((struct attachment){ .event = -1, .link = -1 })

/* Where a program goes. */
enum attach_point {
	ATTACH_ENTRY,
	ATTACH_RETURN,
};

/* A further probe that is attached. */
struct attached_probe {
	struct pipeline_probe probe; /* attach 0: none */
	struct attachment entry; /* of a function that is probed at its return */
	struct attachment site;
	int stub; /* a tracepoint's own program; -1: the shared one */
};

#define ATTACHED_PROBE_NONE \
	((struct attached_probe){ .entry = ATTACHMENT_NONE, .site = ATTACHMENT_NONE, .stub = -1 })

/* Program arrays, each of a program type of its own, and the first part of the matcher in each. */
enum pipeline_array {
	ARRAY_KPROBE,
	ARRAY_FENTRY,
	ARRAY_TRACEPOINT,
	PIPELINE_ARRAYS,
};

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
	uint32_t drop_slots;
	int *ring_fds;
	int maps[PIPELINE_MAPS];
	struct pipeline_bpf *programs; /* NULL: not loaded */
	struct pipeline_bpf *probe_programs; /* of further probes; NULL: there are none */
	struct mapping variables, stats, tracker, drops, drop_words;
	int module_btf; /* BTF object, -1: vmlinux */

	/*
	 * The worker attaches and detaches; the counts of what the kernel skipped are read by others
	 * meanwhile, through the same descriptors. Whoever reads such a count holds the lock over the
	 * system call; the worker holds it to change `stub`, `stub_program`, the descriptors in `probes`
	 * and both sums below, but not to attach or close, which takes long; it reads them without. It
	 * is the last lock that is taken, inside those of the engine and of the drop counters.
	 */
	GMutex attached_lock;
	struct attachment stub;
	bool adopted; /* the matcher is another daemon's */
	int stub_program; /* of another daemon, that goes on; -1: that of `programs` */
	struct attachment hooks[PIPELINE_HOOKS];
	struct attached_probe probes[EVENT_PROBES_MAX];
	struct attachment freed; /* sees skbs go that a probed return waits for */
	int matchers[PIPELINE_ARRAYS]; /* that are in STAGE_MATCHER; -1: none */
	bool running; /* CAPTURE's slot is filled, the stub attached */
	bool counting; /* of drops: it runs without sessions, too */
	bool hooked; /* the tracker's hooks are attached */
	unsigned int bank; /* of the current matcher */
	uint32_t epoch; /* of the current matcher */
	bool missed_known; /* the kernel tells what it skipped */
	uint64_t missed; /* of further probes that were detached */
	uint64_t stub_missed; /* of stubs that were detached */
};

/* kernel.c: what the kernel is like. Errors as pipeline_new. */
int kernel_facts_read(struct kernel_facts *ret, char **ret_reason);
/* What to say of a lockdown that forbids programs to read the kernel's memory: it may come at any time.
 * NULL: there is none. Free with g_free. */
char *kernel_lockdown(void);
/* The inode of the loaded module's folder in sysfs; 0: there is none. */
ino_t kernel_module_inode(void);
/* The BTF id of one of enum kernel_function by its name; 0: not found. */
uint32_t kernel_function_id(const struct kernel_facts *facts, const char *name);
/*
 * kernel-types.c: copies the types that the programs name, and what these are made of, to BTF in a
 * memory file, which is the caller's. Types below `kernel_end` are the kernel's, the rest a module's.
 * The struct `kept` is to have the number there that it has in the kernel. 1: it has; 0: it has not.
 */
int kernel_types_pick(const struct btf *types, uint32_t kernel_end, const char *kept, int *ret_fd);
/* The remedy for a call that was refused with `error` (negative errno). Free with g_free. */
char *kernel_refusal(const char *what, int error);

/* pipeline.c: one that has nothing yet. */
struct pipeline *pipeline_begin(const struct pipeline_options *options);
/*
 * Loads the programs if they are not, and lets go of them where they pin the module.
 */
int programs_ensure(struct pipeline *pipeline, char **ret_reason);
void programs_release(struct pipeline *pipeline);

/*
 * libbpf-hooks.c: what libbpf must know before it is used: that it writes nothing to standard error,
 * and how our fentry programs are loaded. More than once does no harm.
 */
int libbpf_hooks_prepare(void);
/* From here to libbpf_hooks_end libbpf works for the pipeline in this thread; its warnings go to `said`. */
void libbpf_hooks_begin(const struct pipeline *pipeline, GString *said);
void libbpf_hooks_end(void);

/* load.c: the BPF object. The programs use the maps that are there already. */
int pipeline_load(
	struct pipeline *pipeline, const struct pipeline_options *options, char **ret_reason);
void pipeline_unload(struct pipeline *pipeline);
/* The same for the programs of further probes. */
int pipeline_load_probes(struct pipeline *pipeline, char **ret_reason);
void pipeline_unload_probes(struct pipeline *pipeline);
/* Maps what the daemon reads and writes, which is there. */
int pipeline_map_memory(struct pipeline *pipeline);
/* Bytes of the programs' variables. */
size_t pipeline_variables_size(void);
/* The configuration as the programs read it, in memory that they share. */
struct pipeline_config *pipeline_config(const struct pipeline *pipeline);
/* Of the drop counters, the same. */
struct drop_control *pipeline_drop_control(const struct pipeline *pipeline);

/* Of the rate limit: when a session's next event is due, by bit. */
uint64_t *pipeline_next_allowed(const struct pipeline *pipeline);
/* The maps of programs to tail-call: descriptors; and the one for __nft_trace_packet. */
int pipeline_stages(const struct pipeline *pipeline, enum pipeline_array array);
enum pipeline_array pipeline_array(const struct pipeline *pipeline);

/* Programs of the pipeline's way of attaching: descriptors. */
int pipeline_program_stub(const struct pipeline *pipeline);
int pipeline_program_stage(const struct pipeline *pipeline, enum stage stage);

/* Programs of further probes: descriptors. */
enum probe_program {
	PROGRAM_PROBE_STUB,
	PROGRAM_PROBE_ENTER,
	PROGRAM_PROBE_FREED,
};
int pipeline_program_probe(const struct pipeline *pipeline, enum probe_program program);
int pipeline_program_probe_stage(
	const struct pipeline *pipeline, enum pipeline_array array, enum stage stage);

/* attach.c */
int attach_stub(struct pipeline *pipeline, char **ret_reason);
void detach_stub(struct pipeline *pipeline);
/* The attached stub's program, a descriptor; -1: none is attached. */
int stub_program(const struct pipeline *pipeline);
/* What the kernel skipped at the attached stub; 0 if none is. With the attached lock held. */
int stub_missed(const struct pipeline *pipeline, uint64_t *ret);
/* `cookie` is for the program to ask for. */
int attach_kprobe(int program, const char *function, enum attach_point place, uint64_t cookie,
	struct attachment *ret);
int attach_tracepoint(int program, const char *name, struct attachment *ret);
/* Attaches a fentry or fexit program to the function that it was loaded for. */
int attach_tracing(int program, struct attachment *ret);
void attachment_detach(struct attachment *attachment);
int kprobe_missed(int link, uint64_t *ret);
int program_missed(int program, uint64_t *ret);

/* hooks.c: the tracker's. */
/* Has libbpf load their programs. */
void choose_hooks(const struct pipeline *pipeline, struct pipeline_bpf *skeleton);
int attach_hooks(struct pipeline *pipeline, char **ret_reason);
void detach_hooks(struct pipeline *pipeline);
/* Their links were taken over; -ENODATA: one is missing that must not. */
int hooks_adopted(struct pipeline *pipeline);
/* 1 << enum pipeline_hook of those whose function the kernel does not have. */
uint32_t hooks_absent(const struct pipeline *pipeline);

/* swap.c */
int stage_set(
	const struct pipeline *pipeline, enum pipeline_array array, uint32_t stage, int program);
void stage_clear(const struct pipeline *pipeline, enum pipeline_array array, uint32_t stage);
/* Fills the slots and attaches the stub; nothing is in its slot when it fails. */
int pipeline_start(struct pipeline *pipeline, char **ret_reason);
/* Detaches all, empties the slots and lets go of the programs. */
void pipeline_stop(struct pipeline *pipeline);
/* Puts SECTIONS, EMIT and CAPTURE of __nft_trace_packet into their slots. */
int pipeline_fill(struct pipeline *pipeline);

/*
 * pipeline/probes.c: further probes. What is attached runs the matcher that is there, so it may be
 * attached before the matcher that it is for, and is detached after it.
 */
/* Nothing is attached. */
void probes_init(struct pipeline *pipeline);
/* Attaches those of `probes` that are not; on failure all is as before. -EADDRNOTAVAIL as
 * pipeline_swap. */
int probes_attach(
	struct pipeline *pipeline, const struct pipeline_probe *probes, char **ret_reason);
/* Detaches those that are not among `probes`; NULL: all. */
void probes_detach(struct pipeline *pipeline, const struct pipeline_probe *probes);
/* Puts their stages into the array. */
int probes_fill(const struct pipeline *pipeline, enum pipeline_array array);
/* Closes their descriptors, and no more. */
void probes_leave(struct pipeline *pipeline);
/* Probes of the array's program type are attached. */
bool probes_use(const struct pipeline *pipeline, enum pipeline_array array);
/* What was skipped at the attached ones, as far as the kernel tells. With the attached lock held. */
uint64_t probes_missed(const struct pipeline *pipeline);

#endif
