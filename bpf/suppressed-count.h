/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts the events that a session's rate suppressed, by rule. Costs nothing if none is suppressed.
 */
#ifndef NFTTRACED_BPF_SUPPRESSED_COUNT_H
#define NFTTRACED_BPF_SUPPRESSED_COUNT_H

#include "bpf/drop-count.h"
#include "bpf/shared/suppressed-slots.h"

/* Spreads the slots of the same rule for several sessions. */
#define SUPPRESSED_SPREAD 0x9e3779b1u

extern struct suppressed_slot suppressed[SUPPRESSED_SLOTS];

static __always_inline bool suppressed_is(
	const struct suppressed_slot *slot, const struct drop_key *key, __u32 bit)
{
	return slot->bit == bit && drop_key_equal(&slot->rule, key);
}

/* Fills in a slot that the caller has claimed. */
static __always_inline void suppressed_fill(
	struct frame *frame, struct suppressed_slot *slot, __u32 bit, __u64 now)
{
	const struct drop_work *work = frame_drop(frame);
	slot->rule = work->key;
	slot->bit = bit;
	slot->first = now;
	slot->netns_inode = half_read(work->net + bpf_core_field_offset(struct net, ns.inum));
	bpf_probe_read_kernel_str(slot->table, sizeof(slot->table), (const void *)work->table_name);
	bpf_probe_read_kernel_str(slot->chain, sizeof(slot->chain), (const void *)work->chain_name);
	/* An exchange is a full barrier: a reader that sees this state sees the rest, too. */
	__sync_lock_test_and_set(&slot->state, SUPPRESSED_COUNTING);
}

/*
 * Counts the event for the session at `bit`. Not static, so that the verifier checks it only once.
 */
__noinline __u32 suppressed_count(
	struct frame *frame, struct cpu_stats *stats, __u32 bit, __u64 now)
{
	const struct drop_key *key;
	bool hosts;
	__u32 home;

	if (!frame || !stats || frame->probe != 1u << EVENT_PROBE_NFT ||
		!drop_key_read(frame, stats))
		return 0;
	key = &frame_drop(frame)->key;
	hosts = key->netns == drop_control.host;
	home = drop_home(key) + bit * SUPPRESSED_SPREAD;
	for (__u32 i = 0; i < SUPPRESSED_PROBES; i++) {
		struct suppressed_slot *slot = &suppressed[(home + i) & (SUPPRESSED_SLOTS - 1)];
		__u32 state = *(volatile __u32 *)&slot->state;

		if ((hosts || !drop_is_of_host(home + i)) && state == SUPPRESSED_FREE &&
			__sync_val_compare_and_swap(&slot->state, SUPPRESSED_FREE,
				SUPPRESSED_FILLING) == SUPPRESSED_FREE) {
			suppressed_fill(frame, slot, bit, now);
			state = SUPPRESSED_COUNTING;
		}
		if (state == SUPPRESSED_COUNTING && suppressed_is(slot, key, bit)) {
			__sync_fetch_and_add(&slot->count, 1);
			slot->last = now;
			return 1;
		}
	}
	return 0;
}

#endif
