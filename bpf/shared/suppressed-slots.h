/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events that the rates of sessions held back, by session and rule, as the kernel side and the daemon
 * share them in memory. A slot is claimed by a compare-and-swap of its state, and is the session's until
 * the daemon frees it, when the bit is given out again. The same session and rule may have several
 * slots: who reads adds them up. What finds no slot near its home is in the session's sum only.
 * As among the drop counters, every DROP_HOST_EVERY-th slot is for rules of the host only.
 */
#ifndef NFTTRACED_BPF_SHARED_SUPPRESSED_SLOTS_H
#define NFTTRACED_BPF_SHARED_SUPPRESSED_SLOTS_H

#include "bpf/shared/drop-slots.h"

#define SUPPRESSED_SLOTS  1024 /* a power of two */
#define SUPPRESSED_PROBES 32 /* slots that a key may be in, from its home on */

enum suppressed_state {
	SUPPRESSED_FREE = 0,
	SUPPRESSED_FILLING, /* some CPU writes what it is about */
	SUPPRESSED_COUNTING,
};

struct suppressed_slot {
	struct drop_key rule; /* whatever its verdict */
	__u32 bit; /* of the session */
	__u32 state; /* enum suppressed_state */
	__u64 count;
	__u64 first, last; /* ns, CLOCK_MONOTONIC */
	/* The daemon's, here so that the next one knows: how much of it is in the journal, and until when. */
	__u64 reported, reported_until;
	__u32 netns_inode;
	__u32 reserved;
	char table[EVENT_NAME_MAX + 1]; /* terminated */
	char chain[EVENT_NAME_MAX + 1];
};

_Static_assert(sizeof(struct suppressed_slot) % 8 == 0, "slots lie in a row");

#endif
