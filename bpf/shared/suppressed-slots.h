/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts of the events that the rates of sessions suppressed, by session and rule, in memory that
 * the kernel side and the daemon share. A slot is claimed by a compare-and-swap of its state, and
 * belongs to the session until the daemon frees it, before the bit is used again. The same session
 * and rule may have several slots: readers add them up. Without a free slot near its home, an event
 * counts in the session's sum only. As in the drop counters, each DROP_HOST_EVERY-th slot is
 * reserved for rules of the host.
 */
#ifndef NFTTRACED_BPF_SHARED_SUPPRESSED_SLOTS_H
#define NFTTRACED_BPF_SHARED_SUPPRESSED_SLOTS_H

#include "bpf/shared/drop-slots.h"

#define SUPPRESSED_SLOTS  1024 /* a power of two */
#define SUPPRESSED_PROBES 32 /* number of slots, from its home on, that a key may be in */

enum suppressed_state {
	SUPPRESSED_FREE = 0,
	SUPPRESSED_FILLING, /* a CPU fills it in */
	SUPPRESSED_COUNTING,
};

struct suppressed_slot {
	struct drop_key rule; /* of any verdict */
	__u32 bit; /* of the session */
	__u32 state; /* enum suppressed_state */
	__u64 count;
	__u64 first, last; /* ns, CLOCK_MONOTONIC */
	/*
	 * Written by the daemon, for the next one: the count that is in the journal, and its time.
	 */
	__u64 reported, reported_until;
	__u32 netns_inode;
	__u32 reserved;
	char table[EVENT_NAME_MAX + 1]; /* terminated */
	char chain[EVENT_NAME_MAX + 1];
};

_Static_assert(sizeof(struct suppressed_slot) % 8 == 0, "slots are contiguous");

#endif
