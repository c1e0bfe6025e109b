/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of a matcher, for those who build it, load it or test its code: parts, each a run of
 * blocks, a block being one session's tests. A part's code has neither beginning nor end: those
 * depend on where it is loaded to.
 */
#ifndef NFTTRACED_DAEMON_FILTER_MATCHER_PART_H
#define NFTTRACED_DAEMON_FILTER_MATCHER_PART_H

#include <glib.h>

#include "daemon/filter/matcher.h"

struct matcher_part {
	GArray *code; /* struct bpf_insn */
	unsigned int instructions; /* as many as the kernel makes of it, at most */
	unsigned int jumps; /* conditional, on the longest path */
};

struct matcher {
	uint32_t epoch;
	GPtrArray *parts; /* struct matcher_part; at least one */
};

/* Part number `part` as it is loaded to `target` and `bank`: a GArray of struct bpf_insn. */
GArray *matcher_assemble(const struct matcher *matcher, unsigned int part,
	const struct matcher_target *target, unsigned int bank);

#endif
