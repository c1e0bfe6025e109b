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

/*
 * Appends a name and stores its length; returns it. What comes back from memory is any number to the
 * verifier: it would go on with each length that the loop can end with.
 */
static __always_inline __u32 record_name(
	struct frame *frame, __u32 offset, const char *name, __u8 *ret_length)
{
	*ret_length = 0;
	if (!record_bounded(offset))
		return 0;
	if (!direct_loads) {
		long length =
			bpf_probe_read_kernel_str(frame->record + offset, EVENT_NAME_MAX + 1, name);

		*ret_length = length > 0 ? length - 1 : 0;
		return *ret_length;
	}
	for (__u32 i = 0; i < EVENT_NAME_MAX + 1; i += sizeof(__u64)) {
		__u64 word = word_read((__u64)name + i);
		__u32 length = word_length(word);

		*(__u64 *)(frame->record + offset + i) = word;
		*ret_length = i + length;
		if (length < sizeof(__u64))
			break;
	}
	return *(volatile __u8 *)ret_length;
}

/* The name and handle of the chain of a jump or goto. */
static __always_inline __u32 record_target(
	struct frame *frame, struct notes *notes, struct event_nft *nft, __u32 offset)
{
	const struct nft_chain *chain;

	/* The chain of the rule has been used up by now. */
	if (!chain_choose(notes, notes->target))
		return 0;
	chain = chain_object(notes);
	nft->target_handle = chain->handle;
	nft->flags |= EVENT_NFT_TARGET;
	return record_name(frame, offset, chain->name, &nft->target_length);
}

/* Table and chain of the call: the chain that was chosen. */
static __always_inline __u32 record_chain(
	struct frame *frame, struct notes *notes, struct event_nft *nft, __u32 offset)
{
	const struct nft_chain *chain = chain_object(notes);
	const struct nft_table *table;
	__u32 length;
	__u64 span[10];

	table = object_open(chain->table, span, struct nft_table, handle, name);
	if (!table)
		return 0;
	nft->table_handle = table->handle;
	nft->family = BPF_CORE_READ_BITFIELD(table, family);
	length = record_name(frame, offset, table->name, &nft->table_length);
	nft->chain_handle = chain->handle;
	length += record_name(frame, offset + length, chain->name, &nft->chain_length);
	nft->flags |= EVENT_NFT_CHAIN;
	return length;
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
		const struct nft_rule_dp *rule = rule_open(span, notes->rule);

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
	if (verdict_jumps(code))
		end += record_target(frame, notes, nft, end);

	nft->section.type = EVENT_SECTION_NFT;
	nft->section.size = end - offset;
	return record_align(frame, end);
}

/* Index and name of a device, the name appended; returns the name's length. */
static __always_inline __u32 record_device_name(
	struct frame *frame, __u32 offset, const struct net_device *device, __u32 *ret_index)
{
	__u64 name_address = (__u64)device + bpf_core_field_offset(struct net_device, name);
	__u64 name[2] = {};
	__u32 length;

	*ret_index = half_read((__u64)device + bpf_core_field_offset(struct net_device, ifindex));
	if (direct_loads) {
		name[0] = word_read(name_address);
		name[1] = word_read(name_address + sizeof(__u64));
	} else if (bpf_probe_read_kernel(name, sizeof(name), (void *)name_address)) {
		return 0;
	}

	if (!record_bounded(offset))
		return 0;
	*(__u64 *)(frame->record + offset) = name[0];
	*(__u64 *)(frame->record + offset + 8) = name[1];
	length = word_length(name[0]);
	if (length == 8)
		length += word_length(name[1]);
	return length > EVENT_DEVICE_MAX ? EVENT_DEVICE_MAX : length;
}

/* `in` and `out` are those of the hook, NULL where there is none. */
static __always_inline __u32 record_device(struct frame *frame, struct notes *notes,
	const struct net_device *in, const struct net_device *out, __u32 offset)
{
	const struct net_device *device = NULL;
	__u32 index = 0, in_index = 0, out_index = 0, length = 0, in_length = 0, out_length = 0,
	      end;
	struct event_device *section;

	if (notes->head)
		device = (const struct net_device *)word_read(
			notes->skb + bpf_core_field_offset(struct sk_buff, dev));
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
