/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of a matcher, for the code that builds, loads or tests it. A matcher has parts, a part
 * is a sequence of blocks, and a block is the tests of one session. The start and the end of a
 * part's code depend on its target and are added by matcher_assemble.
 */
#ifndef NFTTRACED_DAEMON_FILTER_MATCHER_PART_H
#define NFTTRACED_DAEMON_FILTER_MATCHER_PART_H

#include <glib.h>

#include "daemon/filter/matcher.h"

struct matcher_part {
	GArray *code; /* struct bpf_insn */
	unsigned int instructions; /* at most, after the kernel has rewritten it */
	unsigned int jumps; /* conditional, on the longest path */
};

struct matcher {
	uint32_t epoch;
	GPtrArray *parts; /* struct matcher_part; at least one */
};

/* The complete code of part number `part` for `target` and `bank`: a GArray of struct bpf_insn. */
GArray *matcher_assemble(const struct matcher *matcher, unsigned int part,
	const struct matcher_target *target, unsigned int bank);

#endif
