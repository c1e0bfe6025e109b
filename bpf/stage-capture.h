/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CAPTURE, the first stage: reads the verdict, counts a drop, returns at once if no session wants
 * the verdict, and else puts the packet into the frame for the matcher.
 */
#ifndef NFTTRACED_BPF_STAGE_CAPTURE_H
#define NFTTRACED_BPF_STAGE_CAPTURE_H

#include "bpf/drop-count.h"
#include "bpf/packet-view.h"
#include "bpf/tracker-sessions.h"

/* Puts a packet into the frame. False: it can't be read. */
static __always_inline bool packet_capture(
	struct frame *frame, struct call_notes *notes, __u32 owner, struct cpu_stats *stats)
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

#define LINK_NONE 0xff /* frame.link: no variant of any filter matches it */

/* The frame of a packet that must not be read. */
static __always_inline void packet_absent(struct frame *frame, struct call_notes *notes)
{
	frame->link = LINK_NONE;
	frame->length = 0;
	frame->captured = 0;
	notes->head = 0;
	notes->skb_length = 0;
	notes->skb_iif = 0;
}

/*
 * A stolen packet may be freed already, so the frame gets the data that was saved at the entry of
 * the base chain. Not static, so that the verifier checks it only once.
 */
__noinline __u32 stolen_capture(struct frame *frame, struct cpu_stats *stats)
{
	const struct traversal *traversal;
	struct call_notes *notes;
	__u64 pkt, sessions;

	if (!frame || !stats)
		return 0;
	notes = frame_notes(frame);
	packet_absent(frame, notes);
	pkt = notes->pkt;
	traversal = bpf_map_lookup_elem(&traversals, &pkt);
	if (!traversal || traversal->skb != notes->skb || traversal->chain != base_of_call(notes)) {
		if (config.stolen)
			stats->counts[COUNT_STOLEN_UNKNOWN]++;
		return 0;
	}
	sessions = traversal->sessions;
	if (!sessions)
		return 1;
	if (traversal->epoch != config.epoch)
		sessions &= ~sessions_outdated(sessions, traversal->epoch);
	frame->sticky = sessions;
	frame->length = traversal->length;
	frame->captured = traversal->captured;
	__builtin_memcpy(frame->packet, traversal->packet, EVENT_SNAPSHOT_MAX);
	notes->protocol = traversal->protocol;
	notes->network_offset = traversal->network_offset;
	notes->past_link = traversal->link;
	notes->skb_length = traversal->skb_length;
	notes->skb_iif = traversal->skb_iif;
	notes->freed_time = traversal->time;
	notes->freed_origin = traversal->origin;
	return 1;
}

/* True: the matcher must be called. */
static __always_inline bool call_capture(
	void *context, struct call *call, __u32 owner, struct cpu_stats *stats)
{
	const struct nft_pktinfo *pktinfo;
	struct frame *frame;
	struct call_notes *notes;
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
	notes->pkt = call->pkt;
	notes->freed_time = 0;
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
		stolen_capture(frame, stats);
		return true;
	}
	if (packet_capture(frame, notes, owner, stats))
		return true;
fault:
	stats->counts[COUNT_FAULTS]++;
	return false;
}

#endif
