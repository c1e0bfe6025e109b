/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The probe at the entry of nft_do_chain, before the rules of a base chain: saves the packet of the
 * traversal, which a later rule may steal.
 */
#ifndef NFTTRACED_BPF_PROBE_TRAVERSAL_H
#define NFTTRACED_BPF_PROBE_TRAVERSAL_H

#include "bpf/probe-call.h"

/*
 * Starts the traversal of a call of nft_do_chain; an old one with the same struct nft_pktinfo is
 * overwritten.
 */
static __always_inline struct traversal *traversal_begin(__u64 pkt, __u64 skb, __u64 chain)
{
	struct traversal *traversal = bpf_map_lookup_elem(&traversals, &pkt);

	if (!traversal) {
		__u32 zero = 0;
		struct frame *frame = bpf_map_lookup_elem(&frames, &zero);

		/* Any bytes will do as the new element: all of it is overwritten. */
		if (!frame || bpf_map_update_elem(&traversals, &pkt, frame->packet, BPF_ANY))
			return NULL;
		traversal = bpf_map_lookup_elem(&traversals, &pkt);
		if (!traversal)
			return NULL;
	}
	traversal->sessions = 0;
	traversal->origin = 0;
	traversal->time = 0;
	traversal->captured = 0;
	traversal->chain = chain;
	traversal->skb = skb;
	return traversal;
}

/* Before the rules of a base chain: true if the matcher must be called. */
static __always_inline bool entry_capture(struct pt_regs *context, struct probe_call *call,
	const struct probe_config *probe, struct cpu_stats *stats)
{
	struct frame *frame;
	__u64 skb;

	call->packet = PT_REGS_PARM1(context);
	call->state = 0;
	skb = call_skb(call, probe);
	if (!skb || !traversal_begin(call->packet, skb, PT_REGS_PARM2(context)))
		return false;
	frame = frame_begin(context, FRAME_KPROBE, skb, call, probe);
	if (!frame)
		return false;
	frame_notes(frame)->pkt = call->packet;
	return packet_capture(frame, frame_notes(frame), FRAME_KPROBE, stats);
}

/* Saves the sessions that matched the packet, its identity and its bytes. */
static __always_inline int entry_emit(
	struct frame *frame, struct call_notes *notes, struct cpu_stats *stats)
{
	__u64 pkt = notes->pkt, tracking = frame->sessions & config.tracking;
	struct traversal *traversal = bpf_map_lookup_elem(&traversals, &pkt);
	struct tracker_slot *slot = NULL;
	__u32 captured = frame->captured;

	if (!traversal)
		return 0;
	if (config.tracking && notes->head)
		slot = tracking ? tracker_claim(notes->head) : tracker_find(notes->head);
	if (slot) {
		__u64 now = bpf_ktime_get_ns();

		slot_begin(slot, notes->head, now);
		slot->used = now / SECOND;
		traversal->origin = slot->origin;
		traversal->time = slot->time;
	} else if (tracking) {
		stats->counts[COUNT_TRACKER_FULL]++;
	}
	traversal->epoch = frame->epoch;
	traversal->link = frame->link;
	traversal->length = frame->length;
	traversal->captured = captured > EVENT_SNAPSHOT_MAX ? EVENT_SNAPSHOT_MAX : captured;
	traversal->skb_length = notes->skb_length;
	traversal->skb_iif = notes->skb_iif;
	traversal->protocol = notes->protocol;
	traversal->network_offset = notes->network_offset;
	__builtin_memcpy(traversal->packet, frame->packet, EVENT_SNAPSHOT_MAX);
	traversal->sessions = frame->sessions;
	return 0;
}

#endif
