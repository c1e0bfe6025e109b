/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts drops: each call with the verdict drop, by its rule or policy, whether a session wants it
 * or not. Drops that can't be counted by rule are counted together.
 */
#ifndef NFTTRACED_BPF_DROP_COUNT_H
#define NFTTRACED_BPF_DROP_COUNT_H

#include "bpf/chain.h"
#include "bpf/drop-table.h"
#include "bpf/packet-view.h"

/*
 * The working memory for one drop. It is in the frame, where EMIT's record will be, because the
 * stack is too small.
 */
struct drop_work {
	struct drop_key key;
	__u64 net; /* struct net */
	__u64 table; /* struct nft_table */
	__u64 table_name, chain_name; /* addresses of text */
	__u64 span[10];
};

_Static_assert(sizeof(struct drop_work) <= FRAME_RECORD_SIZE, "it fits");

static __always_inline struct drop_work *frame_drop(struct frame *frame)
{
	return (struct drop_work *)frame->record;
}

/* Reads the handle of a call's chain and the address of its table. False: unknown. */
static __always_inline bool drop_chain_read(struct frame *frame, struct cpu_stats *stats)
{
	struct drop_work *work = frame_drop(frame);
	struct call_notes *notes = frame_notes(frame);
	const struct nft_chain *chain;

	if (argument_layout == LAYOUT_INFO) {
		/* The chain is known, so only these members are read. */
		chain = object_open(notes->chain, work->span, struct nft_chain, table, name);
		if (!chain)
			return false;
	} else {
		if (!chain_of_call(frame, stats, false))
			return false;
		chain = chain_object(notes);
	}
	work->key.chain = chain->handle;
	work->table = (__u64)chain->table;
	work->chain_name = (__u64)chain->name;
	return work->table;
}

/* True if all of the key could be read. */
static __always_inline bool drop_key_read(struct frame *frame, struct cpu_stats *stats)
{
	struct drop_work *work = frame_drop(frame);
	struct call_notes *notes = frame_notes(frame);
	const struct nft_table *table;

	work->key.rule = 0;
	if (notes->trace_type != EVENT_TRACE_POLICY) {
		const struct nft_rule_dp *rule = rule_open(work->span, notes->rule);

		if (!notes->rule || !rule || BPF_CORE_READ_BITFIELD(rule, is_last))
			return false;
		work->key.rule = BPF_CORE_READ_BITFIELD(rule, handle);
	}
	if (!drop_chain_read(frame, stats))
		return false;
	table = object_open(work->table, work->span, struct nft_table, handle, name);
	if (!table)
		return false;
	work->key.table = table->handle;
	work->key.family = BPF_CORE_READ_BITFIELD(table, family);
	work->table_name = (__u64)table->name;
	work->net = word_read(notes->state + bpf_core_field_offset(struct nf_hook_state, net));
	work->key.netns = word_read(work->net + bpf_core_field_offset(struct net, net_cookie));
	return true;
}

/* The share that the drop belongs to. */
static __always_inline __u32 drop_share(const struct drop_work *work)
{
	__u64 user;

	if (work->key.netns == drop_control.host)
		return DROP_SHARE_HOST;
	user = word_read(work->net + bpf_core_field_offset(struct net, user_ns));
	return half_read(user + bpf_core_field_offset(struct user_namespace, level))
		? DROP_SHARE_USERS
		: DROP_SHARE_ROOT;
}

/* Reads the chain's name, which may change. */
static __always_inline void drop_name_chain(
	struct frame *frame, struct drop_slot *slot, struct drop_words *words)
{
	__u64 name = frame_drop(frame)->chain_name;

	bpf_probe_read_kernel_str(words->chain, sizeof(words->chain), (const void *)name);
	slot->chain_name = name;
}

/* Reads the names of a new slot. */
static __always_inline void drop_name(
	struct frame *frame, struct drop_slot *slot, struct drop_words *words, __u32 index)
{
	const struct drop_work *work = frame_drop(frame);

	bpf_probe_read_kernel_str(
		words->table, sizeof(words->table), (const void *)work->table_name);
	drop_name_chain(frame, slot, words);
	slot->netns_inode = half_read(work->net + bpf_core_field_offset(struct net, ns.inum));
	drop_named(slot, index, drop_share(work));
}

/* Stores the packet as an example: its linear bytes from the network header on. */
static __always_inline void drop_example(struct call_notes *notes, struct drop_example *example)
{
	const struct sk_buff *skb =
		object_open(notes->skb, notes->skb_span, struct sk_buff, len, data);
	struct skb_layout layout;
	__u64 start, device;
	__u32 captured = 0;

	if (!skb)
		return;
	layout = skb_layout_read(skb);
	start = layout.head + layout.network;
	if (start < layout.end)
		captured =
			layout.end - start < DROP_PACKET_MAX ? layout.end - start : DROP_PACKET_MAX;
	opaque(captured);
	if (captured > DROP_PACKET_MAX ||
		bpf_probe_read_kernel(example->packet, captured, (const void *)start))
		captured = 0;
	example->captured = captured;
	example->length = layout.length + (__u32)(layout.data - start);
	example->protocol = bpf_ntohs(layout.protocol);
	device = word_read(notes->state + bpf_core_field_offset(struct nf_hook_state, in));
	if (!device)
		device = word_read(notes->state + bpf_core_field_offset(struct nf_hook_state, out));
	if (!device ||
		bpf_probe_read_kernel(example->device, sizeof(example->device),
			(const void *)device + bpf_core_field_offset(struct net_device, name)))
		example->device[0] = 0;
}

/* Updates the names and the example of a counter, which is rare. Not static, as drop_find. */
__noinline __u32 drop_describe(struct frame *frame, __u32 index, __u64 now)
{
	struct drop_words *words = bpf_map_lookup_elem(&drop_words, &index);
	struct drop_slot *slot = bpf_map_lookup_elem(&drop_slots, &index);
	bool renamed;

	if (!frame || !words || !slot)
		return 0;
	renamed = slot->named && slot->chain_name != frame_drop(frame)->chain_name;
	if (renamed ? drop_example_lock(slot) : drop_example_begin(slot, now)) {
		drop_example(frame_notes(frame), &words->example);
		if (slot->named)
			drop_name_chain(frame, slot, words);
		drop_example_end(slot, now);
	}
	if (!slot->named)
		drop_name(frame, slot, words, index);
	return 0;
}

/* Counts the drop of the call in the frame. Not static, as drop_find. */
__noinline __u32 drop_count(struct frame *frame, struct cpu_stats *stats)
{
	struct drop_slot *slot = NULL;
	struct drop_key *key;
	__u32 home, index, length;
	__u64 now;

	if (!frame || !stats)
		return 0;
	length = half_read(frame_notes(frame)->skb + bpf_core_field_offset(struct sk_buff, len));
	if (drop_key_read(frame, stats)) {
		key = &frame_drop(frame)->key;
		now = bpf_ktime_get_ns();
		home = drop_home(key);
		index = drop_find(key, home);
		if (index == DROP_NONE)
			index = drop_insert(key, home, drop_share(frame_drop(frame)), now);
		if (index != DROP_NONE)
			slot = drop_slot(index);
	}
	if (!slot) {
		stats->counts[COUNT_DROPS_UNCOUNTED]++;
		stats->counts[COUNT_DROP_BYTES_UNCOUNTED] += length;
		return 0;
	}
	drop_add(slot, length, now);
	if (now - slot->example >= DROP_EXAMPLE_INTERVAL || !slot->named ||
		slot->chain_name != frame_drop(frame)->chain_name)
		drop_describe(frame, index, now);
	return 0;
}

#endif
