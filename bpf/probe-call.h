/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A call of a further probe: any function or tracepoint one of whose arguments leads to an skb.
 * Finds the probe and the skb, and fills in the frame as CAPTURE does for __nft_trace_packet,
 * without a verdict.
 */
#ifndef NFTTRACED_BPF_PROBE_CALL_H
#define NFTTRACED_BPF_PROBE_CALL_H

#include "bpf/call.h"
#include "bpf/stage-capture.h"

/* Argument number `index`; 0: there is none. */
static __always_inline __u64 argument_choose(const __u64 *arguments, __u8 index)
{
	__u32 chosen = index;

	opaque(chosen);
	return chosen < PROBE_ARGUMENTS_MAX ? arguments[chosen] : 0;
}

/*
 * Limits a probe's number to the size of the tables by a mask, for the verifier: it would forget a
 * comparison where the compiler uses another copy of the number.
 */
static __always_inline __u32 number_bounded(__u32 number)
{
	opaque(number);
	return number & (EVENT_PROBES_MAX - 1);
}

/* The cookie of a kprobe is the number of the probe. */
static __always_inline const struct probe_config *call_number(
	void *context, struct probe_call *call)
{
	__u32 number = number_bounded(bpf_get_attach_cookie(context));

	call->number = number;
	return &config.probes[number];
}

static __always_inline void call_arguments(
	struct pt_regs *registers, const struct probe_config *probe, struct probe_call *call)
{
	const __u64 arguments[PROBE_ARGUMENTS_MAX] = {
		PT_REGS_PARM1(registers),
		PT_REGS_PARM2(registers),
		PT_REGS_PARM3(registers),
		PT_REGS_PARM4(registers),
		PT_REGS_PARM5(registers),
	};

	call->packet = argument_choose(arguments, probe->packet);
	call->state = argument_choose(arguments, probe->state);
	call->reason = argument_choose(arguments, probe->reason);
}

/* The skb of the call; 0: none. Fills in the hook's state if the way leads to it. */
static __always_inline __u64 call_skb(struct probe_call *call, const struct probe_config *probe)
{
	const struct nft_pktinfo *pktinfo;
	__u64 span[2];

	if (probe->way == PROBE_WAY_SKB || !call->packet)
		return call->packet;
	pktinfo = object_open(call->packet, span, struct nft_pktinfo, skb, state);
	if (!pktinfo)
		return 0;
	if (!call->state)
		call->state = (__u64)pktinfo->state;
	return (__u64)pktinfo->skb;
}

/*
 * Puts a packet into the frame, as CAPTURE does at a hook. Other than at a hook, the packet may
 * have no headers yet, or no longer: then its bytes are not read.
 */
static __always_inline bool packet_read(
	struct frame *frame, struct call_notes *notes, __u32 owner, struct cpu_stats *stats)
{
	__u64 network = notes->skb + bpf_core_field_offset(struct sk_buff, network_header);
	struct tracker_slot *slot;

	if (byte_read(network) || byte_read(network + 1))
		return packet_capture(frame, notes, owner, stats);
	packet_absent(frame, notes);
	notes->head = word_read(notes->skb + bpf_core_field_offset(struct sk_buff, head));
	notes->skb_length = half_read(notes->skb + bpf_core_field_offset(struct sk_buff, len));
	slot = config.tracking && notes->head ? tracker_find(notes->head) : NULL;
	if (slot)
		frame->sticky = slot_sessions(slot);
	return notes->head;
}

/* Starts the frame of a call; NULL: no frame. */
static __always_inline struct frame *frame_begin(void *context, __u32 owner, __u64 skb,
	const struct probe_call *call, const struct probe_config *probe)
{
	struct frame *frame = bpf_map_lookup_elem(&frames, &owner);
	struct call_notes *notes;

	if (!frame)
		return NULL;
	notes = frame_notes(frame);
	frame->context = (__u64)context;
	frame->sessions = 0;
	frame->sticky = 0;
	frame->verdict = VERDICT_MASK_ALL;
	frame->probe = 1u << (call->number & (EVENT_PROBES_MAX - 1));
	notes->probe = call->number;
	notes->skb = skb;
	notes->state = call->state;
	notes->drop_reason = call->reason;
	notes->freed_time = 0;
	notes->freed_origin = 0;
	return frame;
}

static __always_inline bool skb_capture(void *context, __u32 owner, struct probe_call *call,
	const struct probe_config *probe, struct cpu_stats *stats)
{
	__u64 skb = call_skb(call, probe);
	struct frame *frame;

	/* Functions may be called without a packet. */
	if (!skb)
		return false;
	frame = frame_begin(context, owner, skb, call, probe);
	if (!frame)
		return false;
	if (packet_read(frame, frame_notes(frame), owner, stats))
		return true;
	stats->counts[COUNT_FAULTS]++;
	return false;
}

#endif
