/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The matcher: one generated eBPF program, in as many parts as the verifier wants, that tests a
 * frame (bpf/shared/abi.h) against the verdicts, probes and filters of every session and leaves the
 * result in frame.sessions. Built from plain data, so it is tested without a kernel; loaded once
 * for each program type.
 */
#ifndef NFTTRACED_DAEMON_FILTER_MATCHER_H
#define NFTTRACED_DAEMON_FILTER_MATCHER_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/filter/filter.h"
#include "journal/base/cleanup.h"

struct matcher_session {
	unsigned int bit;
	uint32_t verdicts; /* 1 << enum verdict, or'ed */
	uint32_t probes; /* 1 << enum event_probe, or'ed */
	const struct filter *filter; /* NULL: every packet; must live until matcher_build returns */
};

struct matcher;

/*
 * The published budget. The verifier gives up at 8,192 pending jumps on a path and a jump reaches
 * 32,767 instructions; a part stays below both. A session's filter for one link type is never
 * divided between parts.
 */
#define MATCHER_PART_INSTRUCTIONS 30000
#define MATCHER_PART_JUMPS        8000 /* conditional jumps on the longest path through a part */

/* The cost of a set of sessions, and the limits. */
struct matcher_budget {
	unsigned int parts, parts_allowed;
	unsigned int instructions, instructions_allowed;
	unsigned int jumps, jumps_allowed;
};

/*
 * Generates the program. `sessions` may be empty (matches nothing). -E2BIG: over the budget, and
 * *ret_reason says used and allowed; *ret_budget is filled in either way.
 */
int matcher_build(const struct matcher_session *sessions, size_t count, uint32_t epoch,
	struct matcher **ret, struct matcher_budget *ret_budget, char **ret_reason);

/* The target of a matcher: one for each program type. */
struct matcher_target {
	enum bpf_prog_type type; /* KPROBE, TRACING; RAW_TRACEPOINT, SCHED_CLS in tests */
	enum bpf_attach_type attach_type;
	uint32_t attach_btf_id; /* TRACING: of the function, in the BTF object below */
	int attach_btf_fd; /* TRACING: module BTF object, 0 for vmlinux */
	int frames_fd; /* per-CPU array of struct frame */
	uint32_t frame_key; /* enum frame_owner; of tracepoints the first, the depth says which */
	/* Array of struct cpu_stats where the depth is; -1: the key is the frame's. */
	int stats_fd;
	uint32_t cpus; /* possible ones */
	/*
	 * Program array. -1: none, and the program returns the low 32 bits of the result instead of
	 * a tail call (tests); this takes a matcher of one part.
	 */
	int stages_fd;
};

/*
 * Loads the matcher's parts and puts all but the first into `bank` (below STAGE_BANKS) of the
 * target's program array. *ret_fd is the first part: the caller writes it into STAGE_MATCHER, which
 * is the swap, and then closes it. On failure the bank is empty, and if the kernel refused,
 * *ret_reason has the verifier's last words. Any thread; a full matcher takes seconds.
 */
int matcher_load(const struct matcher *matcher, const struct matcher_target *target,
	unsigned int bank, int *ret_fd, char **ret_reason);

/* Empties a bank that no program runs in any more (after a grace period). */
int matcher_unload(const struct matcher_target *target, unsigned int bank);

/* Accepts NULL; returns NULL. */
struct matcher *matcher_free(struct matcher *matcher);

DEFINE_FREEP(matcher)

/* A matcher that is freed when it goes out of scope. */
#define auto_matcher __attribute__((cleanup(matcher_freep))) struct matcher

#endif
