/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of drop counters by itself, for tests: a run counts drops of a key. */
#include "bpf/drop-table.h"

char LICENSE[] SEC("license") = "GPL";

const __u32 drop_mask = 63;

struct drop_control drop_control;

/* The drop that a run counts, and how often. */
struct run {
	struct drop_key key;
	__u32 bytes;
	__u32 share;
	__s32 result; /* the slot's index, or -1: not counted by rule */
	__u64 now;
};

static long drop_once(__u32 step, struct run *run)
{
	__u32 home = drop_home(&run->key), index = drop_find(&run->key, home);
	struct drop_words *words;
	struct drop_slot *slot;

	run->result = -1;
	if (index == DROP_NONE)
		index = drop_insert(&run->key, home, run->share, run->now);
	if (index == DROP_NONE)
		return 0;
	slot = drop_slot(index);
	words = bpf_map_lookup_elem(&drop_words, &index);
	if (!slot || !words)
		return 0;
	drop_add(slot, run->bytes, run->now);
	if (drop_example_begin(slot, run->now)) {
		for (int i = 0; i < DROP_PACKET_MAX; i++)
			words->example.packet[i] = run->now / DROP_EXAMPLE_INTERVAL;
		drop_example_end(slot, run->now);
	}
	if (!slot->named)
		drop_named(slot, index, run->share);
	run->result = index;
	return 0;
}

/* Arguments: the key, bytes, ns, the count, the share. Returns the result of the last drop. */
SEC("raw_tp")
int drop_many(__u64 *context)
{
	struct run run = {
		.key = { context[0], context[1], context[2], context[3], context[4] },
		.bytes = context[5],
		.now = context[6],
		.share = context[8],
	};

	bpf_loop(context[7], drop_once, &run, 0);
	return run.result;
}
