/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of the pipeline: the facts about the kernel, the loaded programs and maps,
 * and the attachments. Included by daemon/pipeline/ only.
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

/* Functions of the kernel that are looked up in its BTF. */
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

/* Facts about the running kernel. */
struct kernel_facts {
	uint32_t layout; /* number of arguments of PIPELINE_FUNCTION */
	uint32_t functions[KERNEL_FUNCTIONS]; /* BTF ids; 0: not found */
	bool module_btf; /* PIPELINE_FUNCTION is in the module's BTF, not in vmlinux */
	bool direct_loads; /* programs may use bpf_rdonly_cast */
	bool drop_reasons; /* the kernel has an enum of them */
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

/* Where a program is attached to a function. */
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

/* Program arrays, one for each program type. */
enum pipeline_array {
	ARRAY_KPROBE,
	ARRAY_FENTRY,
	ARRAY_TRACEPOINT,
	PIPELINE_ARRAYS,
};

/* A map in the daemon's memory. */
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
	 * The worker attaches and detaches while other threads read the kernel's counts of skipped
	 * calls through the same descriptors. A reader holds the lock during the system call. The
	 * worker holds it to change `stub`, `stub_program`, the descriptors in `probes`, `missed`
	 * and `stub_missed`, but not to attach or close, which takes long, and not to read them. It
	 * is the last lock that is taken, inside those of the engine and of the drop counters.
	 */
	GMutex attached_lock;
	struct attachment stub;
	bool adopted; /* the matcher is another daemon's */
	int stub_program; /* of another daemon, that is still attached; -1: that of `programs` */
	struct attachment hooks[PIPELINE_HOOKS];
	struct attached_probe probes[EVENT_PROBES_MAX];
	struct attachment freed; /* reports the freed skbs that a probed return waits for */
	int matchers[PIPELINE_ARRAYS]; /* that are in STAGE_MATCHER; -1: none */
	bool running; /* CAPTURE's slot is filled, the stub attached */
	bool counting; /* drops are counted: it runs without sessions, too */
	bool hooked; /* the tracker's hooks are attached */
	unsigned int bank; /* of the current matcher */
	uint32_t epoch; /* of the current matcher */
	bool missed_known; /* the kernel counts skipped calls */
	uint64_t missed; /* of further probes that were detached */
	uint64_t stub_missed; /* of stubs that were detached */
};

/* kernel.c: reads the facts. Errors as pipeline_new. */
int kernel_facts_read(struct kernel_facts *ret, char **ret_reason);
/*
 * A sentence about a lockdown that forbids programs to read the kernel's memory, which may begin at
 * any time. NULL: none. Free with g_free.
 */
char *kernel_lockdown(void);
/* The inode of the loaded module's folder in sysfs; 0: not loaded. */
ino_t kernel_module_inode(void);
/* The BTF id of one of enum kernel_function by its name; 0: not found. */
uint32_t kernel_function_id(const struct kernel_facts *facts, const char *name);
/*
 * kernel-types.c: copies the types that the programs name, and the types of their members, to BTF
 * in a memory file, which the caller owns. Types below `kernel_end` are the kernel's, the rest a
 * module's. 1 if the struct `kept` has the same number there as in the kernel, else 0. Negative
 * errno.
 */
int kernel_types_pick(const struct btf *types, uint32_t kernel_end, const char *kept, int *ret_fd);
/*
 * A sentence with the remedy for a call that failed with `error` (negative errno). Free with
 * g_free.
 */
char *kernel_refusal(const char *what, int error);

/* pipeline.c: a pipeline without any descriptor. */
struct pipeline *pipeline_begin(const struct pipeline_options *options);
/* programs.c: loads the programs unless they are loaded; unloads them where they pin the module. */
int programs_ensure(struct pipeline *pipeline, char **ret_reason);
void programs_release(struct pipeline *pipeline);

/*
 * libbpf-hooks.c: sets libbpf up: it must write nothing to standard error, and load our fentry
 * programs by their BTF id. May be called repeatedly. Any thread. Negative errno.
 */
int libbpf_hooks_prepare(void);
/*
 * Until libbpf_hooks_end, libbpf works for the pipeline in this thread; `warnings` gets its
 * warnings.
 */
void libbpf_hooks_begin(const struct pipeline *pipeline, GString *warnings);
void libbpf_hooks_end(void);

/* load.c: the BPF object. The programs use the maps that exist already. */
int pipeline_load(
	struct pipeline *pipeline, const struct pipeline_options *options, char **ret_reason);
void pipeline_unload(struct pipeline *pipeline);
/* As these, for the programs of further probes. */
int pipeline_load_probes(struct pipeline *pipeline, char **ret_reason);
void pipeline_unload_probes(struct pipeline *pipeline);
/* Maps the maps that the daemon reads and writes into memory. */
int pipeline_map_memory(struct pipeline *pipeline);
/* Bytes of the programs' variables. */
size_t pipeline_variables_size(void);
/* The configuration that the programs read, in shared memory. */
struct pipeline_config *pipeline_config(const struct pipeline *pipeline);
/* As this, of the drop counters. */
struct drop_control *pipeline_drop_control(const struct pipeline *pipeline);

/* Rate limit: ns (CLOCK_MONOTONIC) when a session's next event is allowed, by bit. */
uint64_t *pipeline_next_allowed(const struct pipeline *pipeline);
/* The descriptor of a program array; and the array of __nft_trace_packet. */
int pipeline_stages(const struct pipeline *pipeline, enum pipeline_array array);
enum pipeline_array pipeline_array(const struct pipeline *pipeline);

/* Descriptors of the programs for the pipeline's attach mode. */
int pipeline_program_stub(const struct pipeline *pipeline);
int pipeline_program_stage(const struct pipeline *pipeline, enum stage stage);

/* Descriptors of the programs of further probes. */
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
/*
 * Calls that the kernel skipped at the attached stub; 0 if none is attached. With attached_lock
 * held.
 */
int stub_missed(const struct pipeline *pipeline, uint64_t *ret);
/* The program can read `cookie`. */
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
/* After their links were taken over. -ENODATA: a required one is missing. */
int hooks_adopted(struct pipeline *pipeline);
/* 1 << enum pipeline_hook, or'ed, of the hooks whose function this kernel does not have. */
uint32_t hooks_absent(const struct pipeline *pipeline);

/* stages.c */
int stage_set(
	const struct pipeline *pipeline, enum pipeline_array array, uint32_t stage, int program);
void stage_clear(const struct pipeline *pipeline, enum pipeline_array array, uint32_t stage);
/* swap.c: fills the slots and attaches the stub; the slots are empty if it fails. */
int pipeline_start(struct pipeline *pipeline, char **ret_reason);
/* Detaches everything, empties the slots and unloads programs that pin the module. */
void pipeline_stop(struct pipeline *pipeline);
/* Puts SECTIONS, EMIT and CAPTURE of __nft_trace_packet into their slots. */
int pipeline_fill(struct pipeline *pipeline);

/*
 * probes.c: further probes. They run the current matcher, so they are attached before the matcher
 * that wants them is set, and detached after it was replaced.
 */
/* None is attached. */
void probes_init(struct pipeline *pipeline);
/*
 * Attaches those of `probes` that are not attached; changes nothing if it fails. Errors as
 * pipeline_swap.
 */
int probes_attach(
	struct pipeline *pipeline, const struct pipeline_probe *probes, char **ret_reason);
/* Detaches those that are not in `probes`; NULL: all. */
void probes_detach(struct pipeline *pipeline, const struct pipeline_probe *probes);
/* Puts their stages into the array. */
int probes_fill(const struct pipeline *pipeline, enum pipeline_array array);
/* Only closes their descriptors. */
void probes_leave(struct pipeline *pipeline);
/* True if probes of the array's program type are attached. */
bool probes_use(const struct pipeline *pipeline, enum pipeline_array array);
/*
 * Calls skipped at the attached probes, as far as the kernel counts them. With attached_lock held.
 */
uint64_t probes_missed(const struct pipeline *pipeline);

#endif
