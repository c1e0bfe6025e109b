/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SECTIONS, the stage after EMIT: appends the sections that few sessions want, the skb's own fields
 * and the connection, to the record in the frame, and puts it into the CPU's ring. EMIT calls it
 * only if a session that matched wants one of them, and has checked that the frame is its own.
 */
#ifndef NFTTRACED_BPF_STAGE_SECTIONS_H
#define NFTTRACED_BPF_STAGE_SECTIONS_H

#include "bpf/connection.h"
#include "bpf/packet-view.h"

/* Checksum, users and references, segmentation, VLAN acceleration. */
static __always_inline __u32 record_skb(struct frame *frame, struct call_notes *notes, __u32 offset)
{
	const struct skb_shared_info *shared;
	const struct sk_buff *skb;
	struct event_skb *section;
	__u64 span[8];

	skb = object_open(notes->skb, notes->skb_span, struct sk_buff, len, data);
	if (!skb || !record_bounded(offset))
		return offset;
	section = (struct event_skb *)(frame->record + offset);
	__builtin_memset(section, 0, sizeof(*section));
	section->section.type = EVENT_SECTION_SKB;
	section->section.size = sizeof(*section);
	section->data_length = skb->data_len;
	section->hash = skb->hash;
	section->priority = skb->priority;
	section->ip_summed = BPF_CORE_READ_BITFIELD(skb, ip_summed);
	section->csum = section->ip_summed == CHECKSUM_PARTIAL
		? (__u32)skb->csum_offset << 16 | skb->csum_start
		: skb->csum;
	section->csum_level = BPF_CORE_READ_BITFIELD(skb, csum_level);
	section->fclone = BPF_CORE_READ_BITFIELD(skb, fclone);
	section->users =
		half_read(notes->skb + bpf_core_field_offset(struct sk_buff, users.refs.counter));
	if (BPF_CORE_READ_BITFIELD(skb, nohdr))
		section->flags |= EVENT_SKB_NOHDR;
	if (BPF_CORE_READ_BITFIELD(skb, cloned))
		section->flags |= EVENT_SKB_CLONED;
	if (skb_tagged(skb)) {
		section->flags |= EVENT_SKB_VLAN;
		section->vlan_protocol = bpf_ntohs(skb->vlan_proto);
		section->vlan_tci = skb->vlan_tci;
	}

	shared = object_open(
		(__u64)skb->head + skb->end, span, struct skb_shared_info, flags, dataref);
	if (shared) {
		section->flags |= EVENT_SKB_SHARED;
		section->gso_flags = shared->flags;
		section->gso_frags = shared->nr_frags;
		section->gso_size = shared->gso_size;
		section->gso_segs = shared->gso_segs;
		section->gso_type = shared->gso_type;
		section->dataref = shared->dataref.counter & DATAREF_MASK;
	}
	return offset + sizeof(*section);
}

static __always_inline int sections(void *context, __u32 owner)
{
	struct frame *frame = bpf_map_lookup_elem(&frames, &owner);
	struct cpu_stats *stats;
	struct event_head *head;
	struct call_notes *notes;
	__u32 cpu, size;

	stats = cpu_stats(owner, &cpu);
	if (!frame || !stats)
		return 0;
	notes = frame_notes(frame);
	head = (struct event_head *)frame->record;
	size = head->size;
	if (notes->head && notes->sections & 1u << EVENT_SECTION_SKB)
		size = record_skb(frame, notes, size);
	if (notes->head && notes->sections & 1u << EVENT_SECTION_CT)
		size = record_ct(frame, notes, size);
	head->size = size;
	if (!record_output(frame, size, cpu))
		sessions_ring_full(stats, head->sessions);
	return 0;
}

#endif
