/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pipeline: the daemon's handle of the kernel side. It owns the loaded BPF object, its maps and
 * rings, and everything that is attached: the stub on __nft_trace_packet, the tracker's hooks,
 * further probes.
 *
 * Thread: the worker creates, changes and frees it. Any thread may read the counters meanwhile:
 * they are mapped memory, or are read under the pipeline's own lock (attached_lock in
 * pipeline-private.h, which attaching and detaching take, too).
 *
 * Life: pipeline_new loads the programs, or pipeline_adopt takes over those of the last daemon.
 * Then pipeline_swap replaces all sessions at once, as often as they change. Nothing is pinned in a
 * file system and no tracefs probe is made: everything ends with the last descriptor. To outlive
 * the daemon, descriptors are stored (pipeline_keep) and the pipeline is left (pipeline_leave).
 *
 * Failure: a swap that fails leaves the old sessions in force; *ret_reason is a sentence with the
 * remedy (g_free it).
 *
 * Programs that are attached by fentry pin the nf_tables module, so in that mode they are loaded
 * only while there are sessions or drops are counted: otherwise "modprobe -r nf_tables" works.
 * (While drops are counted it fails in any mode, because the trace rule keeps nf_tables loaded.)
 */
#ifndef NFTTRACED_DAEMON_PIPELINE_PIPELINE_H
#define NFTTRACED_DAEMON_PIPELINE_PIPELINE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "bpf/shared/abi.h"
#include "bpf/shared/drop-slots.h"
#include "bpf/shared/suppressed-slots.h"
#include "daemon/filter/matcher.h"

enum attach_mode {
	ATTACH_AUTO = 0, /* fentry where the kernel can, else kprobe */
	ATTACH_KPROBE,
	ATTACH_FENTRY,
};

/* Of a mode that is in force: "fentry" or "kprobe". */
static inline const char *attach_mode_name(enum attach_mode mode)
{
	return mode == ATTACH_FENTRY ? "fentry" : "kprobe";
}

struct pipeline_options {
	enum attach_mode attach;
	uint32_t ring_size; /* bytes of all rings together, rounded up */
	uint32_t tracker_size; /* packets tracked at a time */
	uint32_t drops_max; /* rules whose drops can be counted; 0: none */
	uint64_t host; /* cookie of the host's network namespace; 0: unknown */
};

#define PIPELINE_SYMBOL_MAX 255 /* bytes */

/* A further probe; config.attach 0: none has this number. */
struct pipeline_probe {
	char symbol[PIPELINE_SYMBOL_MAX + 1]; /* function, or GROUP:NAME of a tracepoint */
	struct probe_config config;
};

/* The facts about a pipeline that the next daemon needs beside its descriptors. */
struct pipeline_traits {
	uint32_t layout; /* hash of the memory layout that kernel side and daemon share */
	enum attach_mode attach; /* of the stub; ATTACH_AUTO: nothing is attached */
	enum attach_mode hook_attach; /* of the tracker's hooks */
	uint64_t module; /* inode of nf_tables' folder in sysfs */
	uint64_t missed; /* calls, at probes that were detached */
};

struct pipeline;

/*
 * Checks the kernel, loads the BPF object for its argument layout, creates rings and maps, and
 * attaches once as a test. -ENOENT: nf_tables is not loaded (try again when it is), -ENODATA: no
 * BTF, -EOPNOTSUPP: no kprobes, -EPERM: privilege or lockdown; other errors are libbpf's.
 */
int pipeline_new(const struct pipeline_options *options, struct pipeline **ret, char **ret_reason);

/*
 * Unloads programs that do not run and would keep nf_tables from being removed; the next swap loads
 * them again.
 */
void pipeline_release(struct pipeline *pipeline);

/*
 * For the next daemon, while anything is attached: the traits, and the descriptors, which the
 * pipeline still owns.
 */
void pipeline_traits_read(const struct pipeline *pipeline, struct pipeline_traits *ret);
void pipeline_keep(const struct pipeline *pipeline, GArray *stored_fds);

/*
 * Takes over the pipeline of the last daemon: removes its descriptors from `stored_fds`. Rings and
 * counts can be read at once. The old programs run on, with the old sessions, until
 * pipeline_adopt_programs and the next pipeline_swap. `probes` are the attached ones, by number;
 * their configuration is filled in. -ESTALE and other errors: it can't be resumed, see *ret_reason.
 */
int pipeline_adopt(const struct pipeline_options *options, const struct pipeline_traits *traits,
	struct pipeline_probe *probes, GArray *stored_fds, struct pipeline **ret,
	char **ret_reason);
int pipeline_adopt_programs(struct pipeline *pipeline, char **ret_reason);

/* Detaches and unloads. Accepts NULL; returns NULL. */
struct pipeline *pipeline_free(struct pipeline *pipeline);

/* Closes the descriptors without emptying any slot: programs run on while the service manager holds
 * descriptors of them. Accepts NULL; returns NULL. */
struct pipeline *pipeline_leave(struct pipeline *pipeline);

/* How the stub is attached, or would be: ATTACH_KPROBE or ATTACH_FENTRY. */
enum attach_mode pipeline_attach_mode(const struct pipeline *pipeline);

/* Optional features of the kernel. */
struct pipeline_features {
	enum attach_mode hooks; /* how the tracker's hooks are attached */
	uint32_t hooks_absent; /* in this kernel, for pipeline_hooks_names */
	bool missed_known; /* it counts skipped calls of __nft_trace_packet */
	bool drop_reasons; /* it has reasons for dropping packets */
};

void pipeline_features(const struct pipeline *pipeline, struct pipeline_features *ret);
/* The functions of some hooks, with commas. Any thread. Free with g_free. */
char *pipeline_hooks_names(uint32_t which);

/* "info argument (<= 6.3)" or "verdict argument (>= 6.4)", for status. */
const char *pipeline_layout_name(const struct pipeline *pipeline);

/*
 * Replaces the sessions of the pipeline: loads the matcher into the free bank, widens the
 * configuration, swaps, waits until no program runs the old one, narrows the configuration. The
 * first sessions fill CAPTURE's slot and attach the stub; `empty` (no session) empties the slot and
 * detaches. When it returns, the events that the old matcher matched are in the rings. `config` is
 * the new configuration of the kernel side (epoch is set by the pipeline; a wakeup of 0 counts as
 * 1). The tracker's hooks are attached while config->tracking is not 0, and those of `probes`
 * (EVENT_PROBES_MAX, by number) whose config.attach is set. -EADDRNOTAVAIL: one of them can't be
 * attached, see *ret_reason. One swap must not give the number of a probe to another one.
 */
int pipeline_swap(struct pipeline *pipeline, const struct matcher *matcher, bool empty,
	const struct pipeline_config *config, const struct pipeline_probe *probes,
	char **ret_reason);

/* The epoch that the next matcher must be built with. */
uint32_t pipeline_next_epoch(const struct pipeline *pipeline);

/* Sums over CPUs. */
uint64_t pipeline_count(const struct pipeline *pipeline, enum pipeline_count which);
void pipeline_session_stats(
	const struct pipeline *pipeline, unsigned int bit, struct session_stats *ret);
/* Zeroes a bit's counters: before the bit is given to a session. */
void pipeline_session_reset(struct pipeline *pipeline, unsigned int bit);

/*
 * The events that the rates of sessions suppressed, by rule: SUPPRESSED_SLOTS slots, valid while
 * the pipeline lives. pipeline_session_reset frees those of a bit.
 */
struct suppressed_slot *pipeline_suppressed(const struct pipeline *pipeline);

/*
 * Calls that the kernel skipped because a probe program was running on the CPU; of further probes
 * as far as the kernel counts them. Never decreases. -EOPNOTSUPP: it does not count those of
 * __nft_trace_packet. One system call for each probe. Any thread, even during a swap: attached_lock
 * excludes the changes.
 */
int pipeline_missed(struct pipeline *pipeline, uint64_t *ret);

/*
 * True if the probe's function went away (nf_tables was unloaded): free the pipeline and make a new
 * one.
 */
bool pipeline_stale(const struct pipeline *pipeline);

/* Frees tracker slots without an event for `age` seconds; returns how many. */
unsigned int pipeline_tracker_age(
	struct pipeline *pipeline, unsigned int age, unsigned int *ret_used);

/*
 * drop-counting.c: counts drops from now on, with or without sessions: attaches the stub and fills
 * CAPTURE's slot. pipeline_drops_end stops it, and detaches if there are no sessions.
 */
int pipeline_drops_begin(struct pipeline *pipeline, char **ret_reason);
void pipeline_drops_end(struct pipeline *pipeline);

/* The table of drop counters in memory, while the pipeline lives. */
struct pipeline_drops {
	struct drop_slot *slots;
	struct drop_words *words;
	struct drop_control *control;
	uint32_t count; /* of slots */
	int news; /* a ring, for ring_new: indexes of new slots */
};
void pipeline_drops(const struct pipeline *pipeline, struct pipeline_drops *ret);

/* Waits until every program that runs now has ended. Any thread. */
void pipeline_grace(const struct pipeline *pipeline);

/* As pipeline_missed, for __nft_trace_packet alone. */
int pipeline_stub_missed(struct pipeline *pipeline, uint64_t *ret);

/* The ring buffers' map descriptors, for ring_new. */
unsigned int pipeline_rings(const struct pipeline *pipeline);
int pipeline_ring_fd(const struct pipeline *pipeline, unsigned int ring);

#endif
