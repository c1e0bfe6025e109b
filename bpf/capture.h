/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CAPTURE: looks at the verdict first, counts a drop, leaves at once when no session wants the verdict,
 * then puts what the matcher needs into the frame.
 */
#ifndef NFTTRACED_CAPTURE_H
#define NFTTRACED_CAPTURE_H

#include "drop-count.h"
#include "sticky.h"
#include "view.h"

/* What the matcher looks at. False: it can't be read. */
static __always_inline bool packet_capture(
	struct frame *frame, struct notes *notes, __u32 owner, struct cpu_stats *stats)
{
	const struct sk_buff *skb;

	skb = object_open(notes->skb, notes->skb_span, struct sk_buff, len, data);
	if (!skb)
		return false;
	notes->head = (__u64)skb->head;
	if (!notes->head)
		return false;
	notes->skb_iif = skb->skb_iif;

	if (config.tracking) {
		struct tracker_slot *slot = tracker_find(notes->head);

		if (slot)
			frame->sticky = slot_sessions(slot);
	}
	view_read(frame, notes, owner, skb, &stats->counts[COUNT_VIEW_CLIPPED]);
	return true;
}

/* Nothing of the packet is looked at. */
static __always_inline void packet_absent(struct frame *frame, struct notes *notes)
{
	frame->link = EVENT_LINK_RAW;
	frame->length = 0;
	frame->captured = 0;
	notes->head = 0;
	notes->skb_length = 0;
	notes->skb_iif = 0;
}

/* True: the matcher is to see the frame. */
static __always_inline bool call_capture(
	void *context, struct call *call, __u32 owner, struct cpu_stats *stats)
{
	const struct nft_pktinfo *pktinfo;
	struct frame *frame;
	struct notes *notes;
	__u64 target, span[2];
	__u32 kind, wanted;
	bool drop;
	__s32 code;

	if (!call_verdict(call, &code, &target))
		goto fault;
	kind = verdict_kind(code);
	if (verdict_jumps(code)) {
		stats->guess.before = stats->guess.jumped;
		stats->guess.jumped = target;
	}
	if (kind >= VERDICT_COUNT)
		goto fault;
	wanted = config.verdicts & 1u << kind;
	drop = kind == VERDICT_DROP && config.drops;
	if (!wanted && !drop)
		return false;

	frame = bpf_map_lookup_elem(&frames, &owner);
	if (!frame)
		return false;
	notes = frame_notes(frame);
	frame->context = (__u64)context;
	frame->sessions = 0;
	frame->sticky = 0;
	frame->verdict = 1u << kind;
	frame->probe = 1u << EVENT_PROBE_NFT;

	pktinfo = object_open(call->pkt, span, struct nft_pktinfo, skb, state);
	if (!pktinfo) {
		stats->counts[COUNT_DROPS_UNCOUNTED] += drop;
		goto fault;
	}
	notes->skb = (__u64)pktinfo->skb;
	notes->state = (__u64)pktinfo->state;
	notes->rule = call->rule;
	notes->chain = call->chain;
	notes->info = call->info;
	notes->basechain = call->basechain;
	notes->target = target;
	notes->code = code;
	notes->trace_type = call->type;

	if (drop)
		drop_count(frame, stats);
	if (!wanted)
		return false;
	if (kind == VERDICT_STOLEN) {
		/* The skb may be gone: nothing of it is looked at. */
		packet_absent(frame, notes);
		return true;
	}
	if (packet_capture(frame, notes, owner, stats))
		return true;
fault:
	stats->counts[COUNT_FAULTS]++;
	return false;
}

#endif
