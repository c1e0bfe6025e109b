/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of drop counters (drop-slots.h): finds the slot of a key, claims one, counts. It knows
 * nothing of packets, so that it can be tested alone.
 */
#ifndef NFTTRACED_BPF_DROP_TABLE_H
#define NFTTRACED_BPF_DROP_TABLE_H

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "bpf/shared/drop-slots.h"

/* Large primes that spread handles, which are small consecutive numbers. */
#define DROP_SPREAD_NETNS 0x9e3779b97f4a7c15ull
#define DROP_SPREAD_TABLE 0xc2b2ae3d27d4eb4full
#define DROP_SPREAD_RULE  0x165667b19e3779f9ull
#define DROP_SPREAD_CHAIN 0x85ebca77c2b2ae63ull

#define DROP_NONE (~0u) /* an index that no slot has */

/* Set by the loader: the number of slots, a power of two, minus 1. */
extern const __u32 drop_mask;

extern struct drop_control drop_control;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct drop_slot);
} drop_slots __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct drop_words);
} drop_words __weak SEC(".maps");

/* Wakes the daemon: the index of a new slot, or DROP_NONE if the table needs room. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} drop_news __weak SEC(".maps");

static __always_inline struct drop_slot *drop_slot(__u32 index)
{
	__u32 key = index & drop_mask;

	return bpf_map_lookup_elem(&drop_slots, &key);
}

static __always_inline __u32 drop_state(const struct drop_slot *slot)
{
	return *(const volatile __u32 *)&slot->state;
}

static __always_inline bool drop_key_equal(const struct drop_key *a, const struct drop_key *b)
{
	return a->rule == b->rule && a->table == b->table && a->chain == b->chain &&
		a->netns == b->netns && a->family == b->family;
}

/* The index where the search for a key starts. */
static __always_inline __u32 drop_home(const struct drop_key *key)
{
	return (key->netns * DROP_SPREAD_NETNS + key->table * DROP_SPREAD_TABLE +
		       key->chain * DROP_SPREAD_CHAIN + key->rule * DROP_SPREAD_RULE) >>
		32;
}

/* True if the slot is reserved for the host. */
static __always_inline bool drop_is_of_host(__u32 index)
{
	return index % DROP_HOST_EVERY == DROP_HOST_EVERY - 1;
}

/* The index of a key's slot, or DROP_NONE. Not static, so that the verifier checks it only once. */
__noinline __u32 drop_find(const struct drop_key *key, __u32 home)
{
	if (!key)
		return DROP_NONE;
	for (__u32 i = 0; i < DROP_PROBES; i++) {
		struct drop_slot *slot = drop_slot(home + i);
		__u32 state;

		if (!slot)
			return DROP_NONE;
		state = drop_state(slot);
		if (state == DROP_COUNTING && drop_key_equal(&slot->key, key))
			return (home + i) & drop_mask;
		if (state == DROP_FREE && !drop_is_of_host(home + i))
			return DROP_NONE;
	}
	return DROP_NONE;
}

/* Releases the room for a slot that is not used after all. */
static __always_inline void drop_give_back(__u32 share)
{
	if (share < DROP_SHARES)
		__sync_fetch_and_add(&drop_control.shares[share].used, -1);
	__sync_fetch_and_add(&drop_control.used, -1);
}

/*
 * Claims a slot for the caller to fill: its index, or DROP_NONE: the table or the share is full.
 * Not static, as drop_find.
 */
__noinline __u32 drop_take(__u32 home, __u32 share)
{
	struct drop_room *room;
	__u32 before, before_all;

	if (share >= DROP_SHARES)
		return DROP_NONE;
	room = &drop_control.shares[share];
	before = __sync_fetch_and_add(&room->used, 1);
	before_all = __sync_fetch_and_add(&drop_control.used, 1);
	if (before >= room->max || before_all >= drop_control.max)
		goto full;
	for (__u32 i = 0; i < DROP_PROBES; i++) {
		struct drop_slot *slot = drop_slot(home + i);
		__u32 state;

		if (!slot)
			break;
		state = drop_state(slot);
		if ((share == DROP_SHARE_HOST || !drop_is_of_host(home + i)) &&
			(state == DROP_FREE || state == DROP_GONE) &&
			__sync_val_compare_and_swap(&slot->state, state, DROP_FILLING) == state)
			return (home + i) & drop_mask;
	}
full:
	drop_give_back(share);
	return DROP_NONE;
}

/* Asks the daemon for room, at most once in DROP_NEED_INTERVAL. */
static __always_inline void drop_need_room(__u64 now)
{
	__u64 told = drop_control.need;
	__u32 none = DROP_NONE;

	if (now - told >= DROP_NEED_INTERVAL &&
		__sync_val_compare_and_swap(&drop_control.need, told, now) == told)
		bpf_ringbuf_output(&drop_news, &none, sizeof(none), BPF_RB_FORCE_WAKEUP);
}

/*
 * Inserts a key: the index of its slot, or DROP_NONE if the table or the share is full. The slot
 * counts from then on; the caller names it unless it has names.
 */
static __always_inline __u32 drop_insert(
	const struct drop_key *key, __u32 home, __u32 share, __u64 now)
{
	__u32 index = drop_take(home, share), other;
	struct drop_slot *slot = index == DROP_NONE ? NULL : drop_slot(index);

	if (!slot) {
		drop_need_room(now);
		return DROP_NONE;
	}
	/* Another CPU may have inserted the key; this slot is still unused and can be released. */
	other = drop_find(key, home);
	if (other != DROP_NONE) {
		__sync_lock_test_and_set(&slot->state, DROP_GONE);
		drop_give_back(share);
		return other;
	}
	slot->key = *key;
	slot->first = now;
	/* An exchange is a full barrier: a reader that sees this state sees the key, too. */
	__sync_lock_test_and_set(&slot->state, DROP_COUNTING);
	return index;
}

static __always_inline void drop_add(struct drop_slot *slot, __u32 bytes, __u64 now)
{
	__sync_fetch_and_add(&slot->packets, 1);
	__sync_fetch_and_add(&slot->bytes, bytes);
	slot->last = now;
}

/* The slot has its names: reports it to the daemon. */
static __always_inline void drop_named(struct drop_slot *slot, __u32 index, __u32 share)
{
	__sync_lock_test_and_set(&slot->named, share + 1);
	bpf_ringbuf_output(&drop_news, &index, sizeof(index), BPF_RB_FORCE_WAKEUP);
}

/* True: the caller may write the example, and must call drop_example_end. */
static __always_inline bool drop_example_lock(struct drop_slot *slot)
{
	__u32 sequence = slot->example_sequence;

	return !(sequence & 1) &&
		__sync_val_compare_and_swap(&slot->example_sequence, sequence, sequence + 1) ==
		sequence;
}

/* As this, but false if the example is recent. */
static __always_inline bool drop_example_begin(struct drop_slot *slot, __u64 now)
{
	if (slot->example && now - slot->example < DROP_EXAMPLE_INTERVAL)
		return false;
	return drop_example_lock(slot);
}

static __always_inline void drop_example_end(struct drop_slot *slot, __u64 now)
{
	slot->example = now;
	__sync_fetch_and_add(&slot->example_sequence, 1);
}

#endif
