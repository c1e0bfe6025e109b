/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel side as the daemon holds it: the loaded BPF object, the attached stub, the maps. Owned by
 * the worker that changes it; the counters may be read by any thread at any time (they are mapped, or
 * read under a lock of the pipeline's own, see pipeline-private.h).
 *
 * Programs that are attached by fentry pin the nf_tables module, so in that mode they are loaded only
 * while there are sessions, or drops are counted: "modprobe -r nf_tables" works otherwise. (While drops
 * are counted it is refused in any mode: the trace rule that arms the kernel is a rule, and rules keep
 * nf_tables loaded.) Nothing is pinned in a file system and no tracefs probe is made: all ends with the
 * process.
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
	ATTACH_AUTO = 0, /* fentry where it can, kprobe where it must */
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
	uint32_t ring_size; /* bytes of all rings together; rounded up to what the kernel takes */
	uint32_t tracker_size; /* packets tracked at a time */
	uint32_t drops_max; /* rules whose drops can be counted; 0: none */
	uint64_t host; /* cookie of the host's network namespace; 0: not known */
};

#define PIPELINE_SYMBOL_MAX 255 /* bytes */

/* A further probe; attach 0: there is none of that number. */
struct pipeline_probe {
	char symbol[PIPELINE_SYMBOL_MAX + 1]; /* function, or GROUP:NAME of a tracepoint */
	struct probe_config config;
};

/* What the next daemon must know of a pipeline besides its descriptors. */
struct pipeline_traits {
	uint32_t layout; /* of the memory that kernel side and daemon share: another number, another
			  * program */
	enum attach_mode
		attach; /* of the stub: ATTACH_KPROBE or ATTACH_FENTRY; ATTACH_AUTO: there is
				  * nothing to go on with */
	enum attach_mode hook_attach; /* of the tracker's hooks */
	uint64_t module; /* inode of nf_tables' folder in sysfs */
	uint64_t missed; /* calls, at probes that are detached */
};

struct pipeline;

/*
 * Checks what the kernel allows, loads the BPF object for its argument layout and prepares rings and
 * maps; attaches once to see that it can, and detaches. On failure *ret_reason is one sentence with
 * the remedy (g_free it): -ENOENT nf_tables is not loaded (try again when it is), -ENODATA no BTF, -EOPNOTSUPP no kprobes,
 * -EPERM privilege or lockdown, and what else libbpf says.
 */
int pipeline_new(const struct pipeline_options *options, struct pipeline **ret, char **ret_reason);

/* After pipeline_new, where nothing is to run now: lets go of programs that would keep nf_tables from
 * being removed, which takes as long as loading them to have again. Does nothing to those that run. */
void pipeline_release(struct pipeline *pipeline);

/* What is to be kept for the next daemon while anything is attached: its traits, and its descriptors,
 * which stay the pipeline's. */
void pipeline_traits_read(const struct pipeline *pipeline, struct pipeline_traits *ret);
void pipeline_keep(const struct pipeline *pipeline, GArray *stored_fds);

/*
 * Takes over what the last daemon's pipeline left: descriptors are taken out of `stored_fds`. Rings and
 * counts can be read at once; what was attached goes on with the programs and sessions it has until
 * pipeline_adopt_programs and the next pipeline_swap. `probes` are those that were attached, by number;
 * their configuration is filled in. -ESTALE and other errors: it can't be gone on with, and *ret_reason
 * says why.
 */
int pipeline_adopt(const struct pipeline_options *options, const struct pipeline_traits *traits,
	struct pipeline_probe *probes, GArray *stored_fds, struct pipeline **ret,
	char **ret_reason);
int pipeline_adopt_programs(struct pipeline *pipeline, char **ret_reason);

/* Detaches and unloads. Accepts NULL; returns NULL. */
struct pipeline *pipeline_free(struct pipeline *pipeline);

/* Lets go of it without detaching anything: what somebody else holds descriptors of goes on. Accepts
 * NULL; returns NULL. */
struct pipeline *pipeline_leave(struct pipeline *pipeline);

/* What is attached or would be: ATTACH_KPROBE or ATTACH_FENTRY. */
enum attach_mode pipeline_attach_mode(const struct pipeline *pipeline);

/* What the kernel allows beside the bare necessities. */
struct pipeline_features {
	enum attach_mode hooks; /* how the tracker's hooks are attached */
	uint32_t hooks_absent; /* those that it has no function for: see pipeline_hooks_names */
	bool missed_known; /* it tells what it skipped of __nft_trace_packet */
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
 * first sessions fill CAPTURE's slot and attach the stub; none at all empties the slot and detaches.
 * Events matched by the old matcher are in the rings when it returns. `config` is what the kernel
 * side shall see after it (verdicts, view, tracking, since, rates; epoch is the pipeline's own; a
 * wakeup of 0 counts as 1). The
 * tracker's hooks are attached while config->tracking is not 0, and of `probes` (EVENT_PROBES_MAX of
 * them, by number) those that are there; -EADDRNOTAVAIL: one of them can't be attached, and *ret_reason
 * tells the caller why. A number must not go from one probe to another one in one swap.
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

/* What the rates of sessions held back, by rule: SUPPRESSED_SLOTS of them, while the pipeline lives.
 * pipeline_session_reset frees those of a bit. */
struct suppressed_slot *pipeline_suppressed(const struct pipeline *pipeline);

/* Calls that were skipped because a probe program was running on the CPU, of further probes as far as
 * the kernel tells; -EOPNOTSUPP where it does not tell those of __nft_trace_packet. Never less than before. A
 * system call for each probe; any thread, while the worker swaps, too. */
int pipeline_missed(struct pipeline *pipeline, uint64_t *ret);

/* True if the probe's function went away (nf_tables was unloaded): free the pipeline and start anew. */
bool pipeline_stale(const struct pipeline *pipeline);

/* Frees tracker slots without an event for `age` seconds; returns how many. */
unsigned int pipeline_tracker_age(
	struct pipeline *pipeline, unsigned int age, unsigned int *ret_used);

/*
 * drop-counting.c: has drops counted from now on, whether there are sessions or not: the stub is
 * attached and CAPTURE in its slot. pipeline_drops_end: no longer, and detached if there are no sessions.
 */
int pipeline_drops_begin(struct pipeline *pipeline, char **ret_reason);
void pipeline_drops_end(struct pipeline *pipeline);

/* The table of drop counters in memory, while the pipeline lives. */
struct pipeline_drops {
	struct drop_slot *slots;
	struct drop_words *words;
	struct drop_control *control;
	uint32_t count; /* of slots */
	int news; /* descriptor of a ring, for ring_new: something in it wants to be looked at */
};
void pipeline_drops(const struct pipeline *pipeline, struct pipeline_drops *ret);

/* Waits until no program runs any more that runs now. Any thread. */
void pipeline_grace(const struct pipeline *pipeline);

/* Calls of __nft_trace_packet that were skipped; the rest as pipeline_missed. */
int pipeline_stub_missed(struct pipeline *pipeline, uint64_t *ret);

/* The ring buffers' map descriptors, for ring_new. */
unsigned int pipeline_rings(const struct pipeline *pipeline);
int pipeline_ring_fd(const struct pipeline *pipeline, unsigned int ring);

#endif
