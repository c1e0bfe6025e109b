/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CAPTURE and EMIT of the further probes (functions, returns of functions and tracepoints).
 */
#ifndef NFTTRACED_BPF_STAGE_PROBE_H
#define NFTTRACED_BPF_STAGE_PROBE_H

#include "bpf/probe-return.h"
#include "bpf/probe-traversal.h"
#include "bpf/stage-emit.h"

/* True: the matcher must be called. */
static __always_inline bool call_capture_kprobe(struct pt_regs *context)
{
	const struct probe_config *probe;
	struct probe_call call = {};
	struct cpu_stats *stats;
	__u32 cpu;

	stats = cpu_stats(FRAME_KPROBE, &cpu);
	probe = call_number(context, &call);
	if (!stats)
		return false;
	if (call.number == PROBE_ENTRY)
		return entry_capture(context, &call, probe, stats);
	stats->counts[COUNT_CALLS]++;
	if (probe->attach == EVENT_ATTACH_KRETPROBE)
		return return_capture(context, &call, probe, stats);
	call_arguments(context, probe, &call);
	return skb_capture(context, FRAME_KPROBE, &call, probe, stats);
}

/* The call of the innermost tracepoint on this CPU; NULL: none. */
static __always_inline struct probe_call *tracepoint_call(__u32 *ret_owner)
{
	struct cpu_stats *stats;
	__u32 cpu, depth;

	stats = cpu_stats(FRAME_TRACEPOINT, &cpu);
	if (!stats)
		return NULL;
	depth = stats->tracepoints.depth - 1;
	opaque(depth);
	if (depth >= TRACEPOINT_DEPTH)
		return NULL;
	*ret_owner = FRAME_TRACEPOINT + depth;
	return &stats->tracepoints.calls[depth];
}

/* The owner of the innermost tracepoint's frame; 0: none. */
static __always_inline __u32 tracepoint_owner(void)
{
	__u32 owner;

	return tracepoint_call(&owner) ? owner : 0;
}

static __always_inline bool call_capture_tracepoint(__u64 *context)
{
	struct probe_call *call, copy;
	struct cpu_stats *stats;
	__u32 owner, cpu;

	call = tracepoint_call(&owner);
	if (!call)
		return false;
	copy = *call;
	copy.number = number_bounded(copy.number);
	stats = cpu_stats(owner, &cpu);
	if (!stats)
		return false;
	stats->counts[COUNT_CALLS]++;
	return skb_capture(context, owner, &copy, &config.probes[copy.number], stats);
}

/* The record. */

/* While a socket holds a packet, it uses the memory of skb->dev for other data. */
static __always_inline __u64 packet_device(__u64 skb)
{
	__u64 device = word_read(skb + bpf_core_field_offset(struct sk_buff, dev));

	return device && half_read(device + bpf_core_field_offset(struct net_device, ifindex))
		? device
		: 0;
}

static __always_inline __u64 packet_net(__u64 skb, __u64 device)
{
	__u64 socket;

	if (device)
		return word_read(device + bpf_core_field_offset(struct net_device, nd_net.net));
	socket = word_read(skb + bpf_core_field_offset(struct sk_buff, sk));
	return socket
		? word_read(socket + bpf_core_field_offset(struct sock, __sk_common.skc_net.net))
		: 0;
}

static __always_inline __u32 record_drop(struct frame *frame, __u32 reason, __u32 offset)
{
	struct event_drop *section = (struct event_drop *)(frame->record + offset);

	section->section.type = EVENT_SECTION_DROP;
	section->section.size = sizeof(*section);
	section->reason = reason;
	return offset + sizeof(*section);
}

static __always_inline __u32 record_probe(void *context, struct frame *frame,
	struct call_notes *notes, struct cpu_stats *stats, bool tracked, __u64 now, __u32 cpu,
	__u64 sessions)
{
	__u32 number = number_bounded(notes->probe), wanted = notes->sections, size;
	const struct probe_config *probe;
	struct hook hook = {};
	struct event_head *head;
	__u64 device = 0;

	probe = &config.probes[number];
	if (notes->head)
		device = packet_device(notes->skb);
	if (notes->state)
		hook = hook_read(notes->state, stats);
	/* Without a hook the namespace is that of the device or of the socket. */
	if (wanted & 1u << EVENT_SECTION_NETNS && !hook.net && notes->head)
		hook.net = packet_net(notes->skb, device);
	record_head(frame, notes, tracked, hook.net, now, cpu, number, probe->attach);
	head = (struct event_head *)frame->record;
	if (notes->freed_time) {
		head->flags |= EVENT_TRACKED;
		head->track_time = notes->freed_time;
		head->track_head = notes->freed_origin;
	}
	size = sizeof(*head);
	if (probe->reason != PROBE_NO_ARGUMENT && wanted & 1u << EVENT_SECTION_DROP)
		size = record_drop(frame, notes->drop_reason, size);
	if ((device || hook.in || hook.out) && wanted & 1u << EVENT_SECTION_DEVICE)
		size = record_device(frame, notes, hook.in, hook.out, size);
	if (frame->captured && wanted & 1u << EVENT_SECTION_PACKET)
		size = record_packet(frame, notes, size);
	if (config.stacks[number] & sessions)
		size = record_stack(context, frame, size, probe->attach);
	return size;
}

static __always_inline int emit_probe(void *context, __u32 owner, __u8 attach)
{
	struct frame *frame = bpf_map_lookup_elem(&frames, &owner);
	struct cpu_stats *stats;
	struct call_notes *notes;
	bool tracked = false;
	__u64 now, sessions;
	__u32 cpu, size;

	stats = cpu_stats(owner, &cpu);
	if (!frame || !stats)
		return 0;
	if (frame->context != (__u64)context) {
		stats->counts[COUNT_NESTED]++;
		return 0;
	}
	notes = frame_notes(frame);
	if (frame->probe == 1u << PROBE_ENTRY)
		return attach == EVENT_ATTACH_KPROBE ? entry_emit(frame, notes, stats) : 0;
	now = bpf_ktime_get_ns();
	stats->counts[COUNT_MATCHED]++;
	sessions = sessions_account(frame, stats, now);
	if (config.tracking && notes->head)
		tracked = packet_track(frame, stats, now);
	if (!sessions)
		return 0;
	size = record_probe(context, frame, notes, stats, tracked, now, cpu, sessions);
	return record_finish(context, frame, attach, stats, sessions, size, cpu);
}

#endif
