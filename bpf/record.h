/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building a record (event.h) in frame.record, section by section: each function takes the offset to
 * write at and returns the offset behind, zero-filled up to the next multiple of EVENT_ALIGN.
 */
#ifndef NFTTRACED_RECORD_H
#define NFTTRACED_RECORD_H

#include "bits.h"
#include "chain.h"

#include <bpf/bpf_endian.h>

/* The verifier is shown that an offset into the record leaves room for the longest name. */
#define record_bounded(offset)              \
	({                                  \
		opaque(offset);             \
		(offset) <= EVENT_MAX_SIZE; \
	})

static __always_inline __u32 record_align(struct frame *frame, __u32 offset)
{
	if (!record_bounded(offset))
		return offset;
	*(__u64 *)(frame->record + offset) = 0;
	return (offset + EVENT_ALIGN - 1) & ~(__u32)(EVENT_ALIGN - 1);
}

/* Appends a name; returns its length. */
static __always_inline __u32 record_name(struct frame *frame, __u32 offset, const char *name)
{
	long length;

	if (!record_bounded(offset))
		return 0;
	length = bpf_probe_read_kernel_str(frame->record + offset, EVENT_NAME_MAX + 1, name);
	return length > 0 ? length - 1 : 0;
}

/* The names and handle of the chain of a jump or goto. */
static __always_inline __u32 record_target(
	struct frame *frame, struct notes *notes, struct event_nft *nft, __u32 offset)
{
	const struct nft_chain *chain;
	__u32 length;

	/* The chain of the rule has been used up by now. */
	if (!chain_read(notes, notes->target))
		return 0;
	chain = chain_object(notes);
	length = record_name(frame, offset, chain->name);
	nft->target_handle = chain->handle;
	nft->target_length = length;
	nft->flags |= EVENT_NFT_TARGET;
	return length;
}

/* Table and chain of the call, of which notes->chain_span is the chain. */
static __always_inline __u32 record_chain(
	struct frame *frame, struct notes *notes, struct event_nft *nft, __u32 offset)
{
	const struct nft_chain *chain = chain_object(notes);
	const struct nft_table *table;
	__u32 table_length, chain_length;
	__u64 span[10];

	if (!span_read(span, chain->table, struct nft_table, handle, name))
		return 0;
	table = span_object(span, struct nft_table, handle);
	nft->table_handle = table->handle;
	nft->family = BPF_CORE_READ_BITFIELD(table, family);
	table_length = record_name(frame, offset, table->name);
	nft->chain_handle = chain->handle;
	chain_length = record_name(frame, offset + table_length, chain->name);
	nft->table_length = table_length;
	nft->chain_length = chain_length;
	nft->flags |= EVENT_NFT_CHAIN;
	return table_length + chain_length;
}

static __always_inline __u32 record_nft(struct frame *frame, struct notes *notes,
	struct cpu_stats *stats, const struct nf_hook_state *state, __u32 offset)
{
	struct event_nft *nft = (struct event_nft *)(frame->record + offset);
	__u32 end = offset + sizeof(*nft);
	__s32 code = notes->code;
	bool last = false;

	__builtin_memset(nft, 0, sizeof(*nft));
	nft->trace_type = notes->trace_type;
	nft->hook = state->hook;
	nft->protocol = state->pf;
	if (code >= 0) {
		nft->verdict = code & NETFILTER_VERDICT_MASK;
		if (nft->verdict == NETFILTER_QUEUE)
			nft->queue = code >> NETFILTER_QUEUE_SHIFT;
	} else {
		nft->verdict = code;
	}
	if (notes->trace_type == EVENT_TRACE_POLICY)
		nft->flags |= EVENT_NFT_POLICY;
	if (state->pf == NETFILTER_PROTO_NETDEV && state->hook == NETFILTER_HOOK_NETDEV_EGRESS)
		nft->flags |= EVENT_NFT_NETDEV_EGRESS;

	if (notes->rule) {
		__u64 span[1];
		const struct nft_rule_dp *rule = rule_read(span, notes->rule);

		last = rule && BPF_CORE_READ_BITFIELD(rule, is_last);
		if (!rule) {
			stats->counts[COUNT_FAULTS]++;
		} else if (!last) {
			nft->rule_handle = BPF_CORE_READ_BITFIELD(rule, handle);
			nft->flags |= EVENT_NFT_RULE;
		}
	}

	if (chain_of_call(notes, stats, notes->rule, last))
		end += record_chain(frame, notes, nft, end);
	else
		stats->counts[COUNT_CHAIN_UNKNOWN]++;
	if (code == TABLES_JUMP || code == TABLES_GOTO)
		end += record_target(frame, notes, nft, end);

	nft->section.type = EVENT_SECTION_NFT;
	nft->section.size = end - offset;
	return record_align(frame, end);
}

/* Bytes before the first zero of `word`; 8: it has none. */
static __always_inline __u32 word_length(__u64 word)
{
	__u64 zeros;

	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		word = __builtin_bswap64(word);
	/* The lowest bit that is set marks the first byte that is zero. */
	zeros = (word - 0x0101010101010101ull) & ~word & 0x8080808080808080ull;
	return zeros ? bit_lowest(zeros) / 8 : 8;
}

/* Index and name of a device, the name appended; returns the name's length. */
static __always_inline __u32 record_device_name(
	struct frame *frame, __u32 offset, const struct net_device *device, __u32 *ret_index)
{
	__u32 index_offset = bpf_core_field_offset(struct net_device, ifindex);
	__u32 name_offset = bpf_core_field_offset(struct net_device, name);
	__u64 span[3];
	__u32 length;

	if (name_offset == index_offset + sizeof(__u32)) {
		/* Next to each other since 6.9: one read for both. */
		if (bpf_probe_read_kernel((__u8 *)span + 4, EVENT_DEVICE_MAX + 1 + sizeof(__u32),
			    (void *)device + index_offset))
			return 0;
	} else if (bpf_probe_read_kernel(
			   (__u8 *)span + 4, sizeof(__u32), (void *)device + index_offset) ||
		bpf_probe_read_kernel(
			&span[1], EVENT_DEVICE_MAX + 1, (void *)device + name_offset)) {
		return 0;
	}
	*ret_index = *((__u32 *)span + 1);

	if (!record_bounded(offset))
		return 0;
	*(__u64 *)(frame->record + offset) = span[1];
	*(__u64 *)(frame->record + offset + 8) = span[2];
	length = word_length(span[1]);
	if (length == 8)
		length += word_length(span[2]);
	return length > EVENT_DEVICE_MAX ? EVENT_DEVICE_MAX : length;
}

static __always_inline __u32 record_device(
	struct frame *frame, struct notes *notes, const struct nf_hook_state *state, __u32 offset)
{
	struct net_device *device = NULL, *in = state->in, *out = state->out;
	__u32 index = 0, in_index = 0, out_index = 0, length = 0, in_length = 0, out_length = 0,
	      end;
	struct event_device *section;

	if (notes->head)
		bpf_probe_read_kernel(&device, sizeof(device),
			(void *)notes->skb + bpf_core_field_offset(struct sk_buff, dev));
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

static __always_inline __u32 record_packet(struct frame *frame, struct notes *notes, __u32 offset)
{
	__u32 captured = frame->captured, end;
	struct event_packet *section;

	if (!notes->head)
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
	section->link = frame->link;
	section->reserved = 0;
	/* The whole room is cheaper to copy than what is in it. */
	__builtin_memcpy(section + 1, frame->packet, EVENT_SNAPSHOT_MAX);
	end = offset + sizeof(*section) + captured;
	return record_align(frame, end);
}

#endif
