/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tracker's table: finds the packet of an skb's head. A slot is claimed by a compare-and-swap
 * of its head, and released by clearing the head last; the daemon ages slots through a mapping.
 */
#ifndef NFTTRACED_BPF_TRACKER_H
#define NFTTRACED_BPF_TRACKER_H

#include <stdbool.h>

#include "bpf/bits.h"
#include "bpf/maps.h"

#define TRACKER_SPREAD 0x9e3779b97f4a7c15ull /* 2^64 / golden ratio: spreads addresses */
#define SECOND         1000000000ull /* ns */

static __always_inline struct tracker_bucket *tracker_bucket(__u64 head)
{
	__u32 key = (__u32)((head * TRACKER_SPREAD) >> 32) & tracker_mask;

	return bpf_map_lookup_elem(&tracker, &key);
}

static __always_inline struct tracker_slot *bucket_find(struct tracker_bucket *bucket, __u64 head)
{
#pragma unroll
	for (int i = 0; i < TRACKER_SLOTS; i++) {
		if (bucket->slots[i].head == head)
			return &bucket->slots[i];
	}
	return NULL;
}

static __always_inline struct tracker_slot *tracker_find(__u64 head)
{
	struct tracker_bucket *bucket = tracker_bucket(head);

	return bucket ? bucket_find(bucket, head) : NULL;
}

static __always_inline void slot_release(struct tracker_slot *slot)
{
	slot->sessions = 0;
	slot->origin = 0;
	slot->time = 0;
	/* An exchange is a full barrier: a CPU that sees the slot free sees it empty. */
	__sync_lock_test_and_set(&slot->head, 0);
}

/* Frees every slot of a head: two CPUs may both have claimed one. */
static __always_inline void tracker_forget(__u64 head)
{
	struct tracker_bucket *bucket = tracker_bucket(head);

	if (!bucket)
		return;
#pragma unroll
	for (int i = 0; i < TRACKER_SLOTS; i++) {
		if (bucket->slots[i].head == head)
			slot_release(&bucket->slots[i]);
	}
}

/* The slot of a head, a new one if it has none; NULL: the bucket is full. */
static __always_inline struct tracker_slot *tracker_claim(__u64 head)
{
	struct tracker_bucket *bucket = tracker_bucket(head);
	struct tracker_slot *slot;

	if (!bucket)
		return NULL;
	slot = bucket_find(bucket, head);
	if (slot)
		return slot;

#pragma unroll
	for (int i = 0; i < TRACKER_SLOTS; i++) {
		slot = &bucket->slots[i];
		if (!slot->head && !__sync_val_compare_and_swap(&slot->head, 0, head)) {
			struct tracker_slot *first = bucket_find(bucket, head);

			if (!first || first == slot)
				return slot;
			/* Another CPU was faster with the same packet. */
			slot_release(slot);
			return first;
		}
	}
	return NULL;
}

/*
 * Enters another head of the packet of `known`. False: the bucket is full, and the packet counts as
 * a new one from here on.
 */
static __always_inline bool tracker_enter(__u64 head, const struct tracker_slot *known)
{
	struct tracker_slot *slot = tracker_claim(head);

	if (!slot)
		return false;
	slot->origin = known->origin;
	slot->epoch = known->epoch;
	slot->used = known->used;
	slot->sessions = known->sessions;
	slot->time = known->time;
	return true;
}

/* Fills in a new slot. If two CPUs do so at once, the first one's time counts. */
static __always_inline void slot_begin(struct tracker_slot *slot, __u64 head, __u64 now)
{
	if (slot->time)
		return;
	slot->epoch = config.epoch;
	__sync_val_compare_and_swap(&slot->origin, 0, head);
	__sync_val_compare_and_swap(&slot->time, 0, now);
}

#endif
