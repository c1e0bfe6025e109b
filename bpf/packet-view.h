/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the packet view: the bytes of a packet for filters and for the record's snapshot, from the
 * link-layer header if it has one, across page fragments and fragment lists as far as a filter
 * needs, with an accelerated VLAN tag put back.
 */
#ifndef NFTTRACED_BPF_PACKET_VIEW_H
#define NFTTRACED_BPF_PACKET_VIEW_H

#include "bpf/call.h"

#include <bpf/bpf_endian.h>

#define PAGE_BITS     12 /* page size where vmemmap_base exists: x86 */
#define NETMEM_IOV    1ul /* the lowest bit of netmem_ref: device memory */
#define FRAGMENTS_MAX 64 /* at most, page fragments and list members of a packet that are read */
#define GATHER_STEPS  (FRAME_VIEW_MAX / FRAME_PIECE + 2 * FRAGMENTS_MAX)

struct gather {
	struct frame *frame;
	__u64 from; /* address of the next piece, of `left` bytes */
	__u64 fragments; /* address of the next skb_frag_t */
	__u64 member; /* the next skb of the fragment list */
	__u32 left;
	__u32 fragments_left;
	__u32 filled; /* bytes in the view */
	__u32 wanted;
};

/* Virtual address of a page fragment; 0: unknown. */
static __always_inline __u64 fragment_address(__u64 page, __u32 offset)
{
	__u64 vmemmap = vmemmap_start, pages = page_offset_start;

	if (page & NETMEM_IOV || !vmemmap || !pages || page < vmemmap)
		return 0;
	return pages + ((page - vmemmap) / bpf_core_type_size(struct page) << PAGE_BITS) + offset;
}

static __always_inline bool gather_fragment(struct gather *gather)
{
	__u64 span[4];

	if (bpf_core_type_exists(struct skb_frag)) {
		const struct skb_frag *fragment = (const void *)span;

		if (bpf_probe_read_kernel(
			    span, bpf_core_type_size(struct skb_frag), (void *)gather->fragments))
			return false;
		gather->fragments += bpf_core_type_size(struct skb_frag);
		gather->left = fragment->len;
		gather->from = fragment_address(fragment->netmem, fragment->offset);
	} else {
		const struct bio_vec *fragment = (const void *)span;

		if (bpf_probe_read_kernel(
			    span, bpf_core_type_size(struct bio_vec), (void *)gather->fragments))
			return false;
		gather->fragments += bpf_core_type_size(struct bio_vec);
		gather->left = fragment->bv_len;
		gather->from = fragment_address((__u64)fragment->bv_page, fragment->bv_offset);
	}
	gather->fragments_left--;
	return gather->from;
}

/* The linear part of the next skb in the fragment list. */
static __always_inline bool gather_member(struct gather *gather)
{
	__u64 span[SKB_SPAN / 8];
	const struct sk_buff *skb;
	__u64 member = gather->member;

	skb = object_open(member, span, struct sk_buff, len, data);
	if (!skb)
		return false;
	gather->from = (__u64)skb->data;
	gather->left = skb->len - skb->data_len;
	/* After a member with fragments of its own the offsets would be wrong. */
	gather->member =
		skb->data_len ? 0 : word_read(member + bpf_core_field_offset(struct sk_buff, next));
	return true;
}

/* Copies one piece; called by bpf_loop. Nonzero: done. */
static long gather_step(__u32 step, struct gather *gather)
{
	struct frame *frame = gather->frame;
	__u32 filled = gather->filled, length = FRAME_PIECE;

	if (filled >= gather->wanted || filled >= FRAME_VIEW_MAX)
		return 1;
	if (!gather->left) {
		if (gather->fragments_left)
			return gather_fragment(gather) ? 0 : 1;
		if (gather->member)
			return gather_member(gather) ? 0 : 1;
		return 1;
	}

	if (length > gather->left)
		length = gather->left;
	if (length > gather->wanted - filled)
		length = gather->wanted - filled;
	opaque(length);
	if (length > FRAME_PIECE)
		return 1;
	if (bpf_probe_read_kernel(frame->packet + filled, length, (void *)gather->from))
		return 1;
	gather->filled = filled + length;
	gather->left -= length;
	gather->from += length;
	return 0;
}

/*
 * Reads on after the linear part. Returns the number of bytes in the view. Not static, so that the
 * verifier checks it only once, not in each state of the caller.
 */
__noinline __u32 view_gather(__u32 owner, __u32 filled, __u32 wanted)
{
	struct frame *frame = bpf_map_lookup_elem(&frames, &owner);
	struct gather gather = { .frame = frame, .filled = filled, .wanted = wanted };
	__u64 shared;
	__u8 fragments;

	if (!frame)
		return filled;
	/*
	 * Until 6.6 the verifier checks only the first step, and removes code that this can't
	 * reach. So it must not know that `left` is 0 at first: CAPTURE zeroed this number.
	 */
	gather.left = frame->sessions;
	shared = frame_notes(frame)->shared;
	fragments = byte_read(shared + bpf_core_field_offset(struct skb_shared_info, nr_frags));
	gather.member =
		word_read(shared + bpf_core_field_offset(struct skb_shared_info, frag_list));
	gather.fragments = shared + bpf_core_field_offset(struct skb_shared_info, frags);
	gather.fragments_left = fragments > FRAGMENTS_MAX ? FRAGMENTS_MAX : fragments;
	bpf_loop(GATHER_STEPS, gather_step, &gather, 0);
	return gather.filled;
}

#define VIEW_SHORT 64 /* bytes; enough for most packets */

/* Copies words from `from` on: bytes `first` to `end`. */
static __always_inline void words_copy(__u8 *to, const __u64 *from, __u32 first, __u32 end)
{
#pragma unroll
	for (__u32 i = first; i < end; i += sizeof(__u64))
		*(__u64 *)(to + i) = from[i / sizeof(__u64)];
}

/* Reads at most `wanted` linear bytes from `start` on to packet + offset; returns their number. */
static __always_inline __u32 view_linear(
	struct frame *frame, __u32 offset, __u64 start, __u64 end, __u32 wanted)
{
	__u32 length = wanted;

	if (start >= end)
		return 0;
	if (length > end - start)
		length = end - start;
	if (direct_loads && length <= EVENT_SNAPSHOT_MAX) {
		/* Bytes after the packet's end are copied, too, but never read. */
		const __u64 *words = direct(start);

		words_copy(frame->packet + offset, words, 0, VIEW_SHORT);
		if (length > VIEW_SHORT)
			words_copy(frame->packet + offset, words, VIEW_SHORT, EVENT_SNAPSHOT_MAX);
		return length;
	}
	opaque(length);
	if (length > FRAME_VIEW_MAX)
		length = FRAME_VIEW_MAX;
	if (bpf_probe_read_kernel(frame->packet + offset, length, (void *)start))
		return 0;
	return length;
}

static __always_inline bool ethernet_type_plausible(__be16 type, __be16 protocol)
{
	return type == protocol || type == bpf_htons(ETHERNET_VLAN) ||
		type == bpf_htons(ETHERNET_VLAN_SERVICE) || bpf_ntohs(type) < ETHERNET_TYPE_LEAST;
}

/* True if the skb has an accelerated tag. */
static __always_inline bool skb_tagged(const struct sk_buff *skb)
{
	if (bpf_core_field_exists(skb->vlan_all))
		return skb->vlan_all;
	return BPF_CORE_READ_BITFIELD(skb, vlan_present);
}

/* The layout of an skb, read once: a direct load is repeated at each use. */
struct skb_layout {
	__u64 head;
	__u64 data;
	__u64 end; /* of the linear part */
	__u32 length;
	__u16 mac; /* offsets from the head */
	__u16 network;
	__be16 protocol;
	__be16 vlan_protocol;
	__u16 vlan;
	bool vlan_present;
};

static __always_inline struct skb_layout skb_layout_read(const struct sk_buff *skb)
{
	struct skb_layout layout = {
		.head = (__u64)skb->head,
		.data = (__u64)skb->data,
		.length = skb->len,
		.mac = skb->mac_header,
		.network = skb->network_header,
		.protocol = skb->protocol,
	};

	layout.end = layout.data + (layout.length - skb->data_len);
	layout.vlan_present = skb_tagged(skb);
	if (layout.vlan_present) {
		layout.vlan_protocol = skb->vlan_proto;
		layout.vlan = skb->vlan_tci;
	}
	return layout;
}

/* The packet was read after a gap: moves the addresses down and puts the tag into the gap. */
static __always_inline void view_insert_tag(struct frame *frame, const struct skb_layout *layout)
{
	__u32 *words = (__u32 *)frame->packet;
	__be16 *tag = (__be16 *)(frame->packet + ETHERNET_ADDRESSES);

	words[0] = words[1];
	words[1] = words[2];
	words[2] = words[3];
	tag[0] = layout->vlan_protocol;
	tag[1] = bpf_htons(layout->vlan);
}

/* Reads from the link-layer header on; returns the number of linear bytes, 0: no such header. */
static __always_inline __u32 view_ethernet(
	struct frame *frame, const struct skb_layout *layout, __u32 wanted, __u32 *ret_gap)
{
	__u32 gap = layout->vlan_present ? VLAN_TAG : 0, length;
	__be16 type;

	if (layout->mac == MAC_HEADER_UNSET || layout->network < layout->mac + ETHERNET_HEADER)
		return 0;
	length = view_linear(frame, gap, layout->head + layout->mac, layout->end, wanted - gap);
	if (length < ETHERNET_HEADER)
		return 0;
	type = *(__be16 *)(frame->packet + gap + ETHERNET_ADDRESSES);
	if (!ethernet_type_plausible(type, layout->protocol))
		return 0;
	if (gap)
		view_insert_tag(frame, layout);
	*ret_gap = gap;
	return length + gap;
}

/* Fills in frame.link, length, captured and packet, and the notes about the packet. */
static __always_inline void view_read(struct frame *frame, struct call_notes *notes, __u32 owner,
	const struct sk_buff *skb, __u64 *clipped)
{
	struct skb_layout layout = skb_layout_read(skb);
	__u32 asked = config.view, visible = asked, wanted, captured, gap = 0;
	__u16 start;

	if (visible > FRAME_VIEW_MAX)
		visible = FRAME_VIEW_MAX;
	wanted = visible > EVENT_SNAPSHOT_MAX ? visible : EVENT_SNAPSHOT_MAX;

	captured = view_ethernet(frame, &layout, wanted, &gap);
	if (captured) {
		frame->link = EVENT_LINK_ETHERNET;
		start = layout.mac;
	} else {
		frame->link = EVENT_LINK_RAW;
		start = layout.network;
		captured = view_linear(frame, 0, layout.head + start, layout.end, wanted);
	}
	frame->length = layout.length + (__u32)(layout.data - layout.head - start) + gap;
	notes->network_offset = layout.network - start + gap;
	notes->skb_length = layout.length;
	notes->protocol = layout.protocol;

	if (visible > frame->length)
		visible = frame->length;
	if (captured < visible) {
		notes->shared = layout.head + skb->end;
		captured = view_gather(owner, captured, visible);
	}
	if (captured < asked && captured < frame->length)
		*clipped += 1;
	frame->captured = captured > FRAME_VIEW_MAX ? FRAME_VIEW_MAX : captured;
}

#endif
