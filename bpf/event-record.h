/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds a record (event.h) in frame.record, section by section. Each function takes the offset to
 * write at and returns the offset after the section, zero-filled to a multiple of EVENT_ALIGN.
 */
#ifndef NFTTRACED_BPF_EVENT_RECORD_H
#define NFTTRACED_BPF_EVENT_RECORD_H

#include "bpf/bits.h"
#include "bpf/chain.h"

#include <bpf/bpf_endian.h>

/* Proves to the verifier that the record has room for the longest name at this offset. */
#define record_bounded(offset)              \
	({                                  \
		opaque(offset);             \
		(offset) <= EVENT_MAX_SIZE; \
	})

/* struct nf_hook_state, read once: a direct load is repeated at each use. */
struct hook {
	__u64 in; /* struct net_device */
	__u64 out;
	__u64 net; /* struct net */
	__u8 number;
	__u8 protocol;
};

/* If it can't be read, all is 0 and a fault is counted. */
static __always_inline struct hook hook_read(__u64 address, struct cpu_stats *stats)
{
	__u64 span[8];
	const struct nf_hook_state *state =
		object_open(address, span, struct nf_hook_state, hook, net);

	if (!direct_loads && !state) {
		stats->counts[COUNT_FAULTS]++;
		return (struct hook){};
	}
	return (struct hook){
		.in = (__u64)state->in,
		.out = (__u64)state->out,
		.net = (__u64)state->net,
		.number = state->hook,
		.protocol = state->pf,
	};
}

static __always_inline __u32 record_align(struct frame *frame, __u32 offset)
{
	if (!record_bounded(offset))
		return offset;
	*(__u64 *)(frame->record + offset) = 0;
	return (offset + EVENT_ALIGN - 1) & ~(__u32)(EVENT_ALIGN - 1);
}

#define WORD_ONES  0x0101010101010101ull
#define WORD_HIGHS 0x8080808080808080ull
/* One byte shifted up by k bytes, times this, has k in its highest byte. */
#define WORD_INDEX 0x0001020304050607ull

/* The lowest bit set marks the first zero byte of `word`. 0: none. */
static __always_inline __u64 word_zeros(__u64 word)
{
	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		word = __builtin_bswap64(word);
	return (word - WORD_ONES) & ~word & WORD_HIGHS;
}

/* The number of bytes before the one that word_zeros has marked. */
static __always_inline __u32 zeros_length(__u64 zeros)
{
	return (((zeros & -zeros) >> 7) * WORD_INDEX) >> 56;
}

/*
 * Appends the name at an address and returns its length. Not static, so that the verifier checks it
 * only once, and continues with an unknown length instead of each.
 */
__noinline __u32 record_name(struct frame *frame, __u32 offset, __u64 name)
{
	if (!frame || !record_bounded(offset))
		return 0;
	if (!direct_loads) {
		long length = bpf_probe_read_kernel_str(
			frame->record + offset, EVENT_NAME_MAX + 1, (const void *)name);

		return length > 0 ? length - 1 : 0;
	}
	for (__u32 i = 0; i < EVENT_NAME_MAX + 1; i += sizeof(__u64)) {
		__u64 word = *(const __u64 *)direct(name + i), zeros = word_zeros(word);

		*(__u64 *)(frame->record + offset + i) = word;
		if (zeros)
			return i + zeros_length(zeros);
	}
	return EVENT_NAME_MAX;
}

/* The verifier knows nothing of the result of a global function. */
static __always_inline __u32 record_name_length(struct frame *frame, __u32 offset, const char *name)
{
	return record_name(frame, offset, (__u64)name) & EVENT_NAME_MAX;
}

_Static_assert((EVENT_NAME_MAX & (EVENT_NAME_MAX + 1)) == 0, "a mask that keeps every length");

/* The name and handle of the chain of a jump or goto. */
static __always_inline __u32 record_target(
	struct frame *frame, struct call_notes *notes, struct event_nft *nft, __u32 offset)
{
	const struct nft_chain *chain;

	/* chain_object now is the target: the chain of the rule is no longer needed. */
	if (!chain_choose(notes, notes->target))
		return 0;
	chain = chain_object(notes);
	nft->target_handle = chain->handle;
	nft->flags |= EVENT_NFT_TARGET;
	return nft->target_length = record_name_length(frame, offset, chain->name);
}

/* Appends the names of the table and of the chosen chain. */
static __always_inline __u32 record_chain(
	struct frame *frame, struct call_notes *notes, struct event_nft *nft, __u32 offset)
{
	const struct nft_chain *chain = chain_object(notes);
	const struct nft_table *table;
	__u32 table_length, chain_length;
	__u64 span[10];

	table = object_open(chain->table, span, struct nft_table, handle, name);
	if (!table)
		return 0;
	nft->table_handle = table->handle;
	nft->family = BPF_CORE_READ_BITFIELD(table, family);
	table_length = record_name_length(frame, offset, table->name);
	nft->chain_handle = chain->handle;
	chain_length = record_name_length(frame, offset + table_length, chain->name);
	nft->table_length = table_length;
	nft->chain_length = chain_length;
	nft->flags |= EVENT_NFT_CHAIN;
	return table_length + chain_length;
}

static __always_inline __u32 record_nft(struct frame *frame, struct call_notes *notes,
	struct cpu_stats *stats, const struct hook *hook, __u32 offset)
{
	struct event_nft *nft = (struct event_nft *)(frame->record + offset);
	__u32 end = offset + sizeof(*nft);
	__s32 code = notes->code;
	bool last = false;

	__builtin_memset(nft, 0, sizeof(*nft));
	nft->trace_type = notes->trace_type;
	nft->hook = hook->number;
	nft->protocol = hook->protocol;
	if (verdict_internal(code)) {
		nft->verdict = code;
	} else {
		nft->verdict = (__u32)code & NETFILTER_VERDICT_MASK;
		if (nft->verdict == NETFILTER_QUEUE)
			nft->queue = (__u32)code >> NETFILTER_QUEUE_SHIFT;
	}
	if (notes->trace_type == EVENT_TRACE_POLICY)
		nft->flags |= EVENT_NFT_POLICY;
	if (hook->protocol == NETFILTER_PROTO_NETDEV &&
		hook->number == NETFILTER_HOOK_NETDEV_EGRESS)
		nft->flags |= EVENT_NFT_NETDEV_EGRESS;

	if (notes->rule) {
		__u64 span[1];
		const struct nft_rule_dp *rule = rule_open(span, notes->rule);

		last = rule && BPF_CORE_READ_BITFIELD(rule, is_last);
		if (!rule) {
			stats->counts[COUNT_FAULTS]++;
		} else if (!last) {
			nft->rule_handle = BPF_CORE_READ_BITFIELD(rule, handle);
			nft->flags |= EVENT_NFT_RULE;
		}
	}

	if (chain_of_call(frame, stats, last))
		end += record_chain(frame, notes, nft, end);
	else
		stats->counts[COUNT_CHAIN_UNKNOWN]++;
	if (verdict_jumps(code))
		end += record_target(frame, notes, nft, end);

	nft->section.type = EVENT_SECTION_NFT;
	nft->section.size = end - offset;
	return record_align(frame, end);
}

/* Reads the index of a device and appends its name; returns the name's length. */
static __always_inline __u32 record_device_name(
	struct frame *frame, __u32 offset, __u64 device, __u32 *ret_index)
{
	__u32 length;

	*ret_index = half_read(device + bpf_core_field_offset(struct net_device, ifindex));
	length =
		record_name(frame, offset, device + bpf_core_field_offset(struct net_device, name));
	return length > EVENT_DEVICE_MAX ? EVENT_DEVICE_MAX : length;
}

/* `in` and `out` are the hook's devices; 0: none. */
static __always_inline __u32 record_device(
	struct frame *frame, struct call_notes *notes, __u64 in, __u64 out, __u32 offset)
{
	__u64 device = 0;
	__u32 index = 0, in_index = 0, out_index = 0, length = 0, in_length = 0, out_length = 0,
	      end;
	struct event_device *section;

	if (notes->head)
		device = word_read(notes->skb + bpf_core_field_offset(struct sk_buff, dev));
	if (!device && !in && !out)
		return offset;
	end = offset + sizeof(*section);
	if (device)
		length = record_device_name(frame, end, device, &index);
	if (in && in == device)
		in_index = index;
	else if (in)
		in_length = record_device_name(frame, end + length, in, &in_index);
	if (out && out == device)
		out_index = index;
	else if (out)
		out_length = record_device_name(frame, end + length + in_length, out, &out_index);
	end += length + in_length + out_length;

	if (!record_bounded(offset))
		return offset;
	section = (struct event_device *)(frame->record + offset);
	section->section.type = EVENT_SECTION_DEVICE;
	section->section.size = end - offset;
	section->index = index;
	section->skb_iif = notes->skb_iif;
	section->in_index = in_index;
	section->out_index = out_index;
	section->name_length = length;
	section->in_length = in_length;
	section->out_length = out_length;
	section->reserved = 0;
	return record_align(frame, end);
}

static __always_inline __u32 record_packet(
	struct frame *frame, struct call_notes *notes, __u32 offset)
{
	__u32 captured = frame->captured, end;
	struct event_packet *section;

	if (!captured)
		return offset;
	if (captured > EVENT_SNAPSHOT_MAX)
		captured = EVENT_SNAPSHOT_MAX;
	if (!record_bounded(offset))
		return offset;
	section = (struct event_packet *)(frame->record + offset);
	section->section.type = EVENT_SECTION_PACKET;
	section->section.size = sizeof(*section) + captured;
	section->length = frame->length;
	section->captured = captured;
	section->protocol = bpf_ntohs(notes->protocol);
	section->network_offset = notes->network_offset;
	section->link = notes->head ? frame->link : notes->past_link;
	section->reserved = 0;
	/* A copy of constant size is cheaper. */
	__builtin_memcpy(section + 1, frame->packet, EVENT_SNAPSHOT_MAX);
	end = offset + sizeof(*section) + captured;
	return record_align(frame, end);
}

#endif
