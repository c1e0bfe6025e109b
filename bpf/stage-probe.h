/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Further probes: any function or tracepoint from which a way leads to an skb. CAPTURE and EMIT as for
 * __nft_trace_packet, without a verdict; what the return of a function needs to know is put aside at
 * its entry.
 */
#ifndef NFTTRACED_BPF_STAGE_PROBE_H
#define NFTTRACED_BPF_STAGE_PROBE_H

#include "bpf/stage-capture.h"
#include "bpf/stage-emit.h"

/* Argument number `index`; 0: there is none. */
static __always_inline __u64 argument_choose(const __u64 *arguments, __u8 index)
{
	__u32 chosen = index;

	opaque(chosen);
	return chosen < PROBE_ARGUMENTS_MAX ? arguments[chosen] : 0;
}

/*
 * A probe's number as one that the verifier sees to be within the tables: of a comparison it may know
 * nothing any more where the compiler keeps another copy of the number.
 */
static __always_inline __u32 number_bounded(__u32 number)
{
	opaque(number);
	return number & (EVENT_PROBES_MAX - 1);
}

/* What a kprobe is attached with says which probe it is. */
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

/* The skb that the call is about; 0: none. Fills in the hook's state where the way tells it. */
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
 * As at a hook, where every packet has its headers. Elsewhere it may be on its way up or down without
 * any: then what is at the place of its headers is not looked at.
 */
static __always_inline bool packet_look(
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

/* Begins the frame of a call; NULL: there is none. */
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
	if (packet_look(frame, frame_notes(frame), owner, stats))
		return true;
	stats->counts[COUNT_FAULTS]++;
	return false;
}

/* Functions that return. */

static __always_inline struct return_key return_key(__u64 frame, __u32 number)
{
	return (struct return_key){
		.task = bpf_get_current_task(),
		.frame = frame,
		.probe = number,
	};
}

/* What the packet is known as, from its first probe on, even if that one has no event of it. */
static __always_inline void entry_track(struct return_entry *entry)
{
	__u64 head, now = bpf_ktime_get_ns();
	struct tracker_slot *slot;

	if (!config.tracking)
		return;
	head = word_read(entry->skb + bpf_core_field_offset(struct sk_buff, head));
	slot = head ? tracker_claim(head) : NULL;
	if (!slot)
		return;
	slot_begin(slot, head, now);
	slot->used = now / SECOND;
	entry->origin = slot->origin;
	entry->time = slot->time;
}

/* Watches the skb from its entry into a function on; a number, 0: it can't be watched. */
static __always_inline __u64 watch_begin(__u64 skb)
{
	struct watch fresh = { .number = bpf_ktime_get_ns() };
	struct watch *watch = bpf_map_lookup_elem(&watches, &skb);

	if (watch && !watch->freed)
		return watch->number;
	return bpf_map_update_elem(&watches, &skb, &fresh, BPF_ANY) ? 0 : fresh.number;
}

static __always_inline int return_expect(struct pt_regs *context)
{
	const struct probe_config *probe;
	struct return_entry entry = {};
	struct probe_call call = {};
	struct return_key key;

	probe = call_number(context, &call);
	call_arguments(context, probe, &call);
	entry.skb = call_skb(&call, probe);
	entry.state = call.state;
	entry.reason = call.reason;
	if (entry.skb) {
		entry_track(&entry);
		entry.watch = watch_begin(entry.skb);
	}
	key = return_key(frame_at_entry(context), call.number);
	bpf_map_update_elem(&returns, &key, &entry, BPF_ANY);
	return 0;
}

/* Who had matched it until now will hear of it at the return. */
static __always_inline int skb_freed(__u64 skb)
{
	struct watch *watch = bpf_map_lookup_elem(&watches, &skb);
	struct tracker_slot *slot;
	__u64 head;

	if (!watch || watch->freed)
		return 0;
	head = word_read(skb + bpf_core_field_offset(struct sk_buff, head));
	slot = config.tracking && head ? tracker_find(head) : NULL;
	watch->epoch = config.epoch;
	watch->sessions = slot ? slot_sessions(slot) : 0;
	watch->freed = 1;
	return 0;
}

/* The frame for a packet that is gone: what it was known as, and to whom. */
static __always_inline void packet_freed(
	struct frame *frame, const struct return_entry *entry, const struct watch *watch)
{
	struct call_notes *notes = frame_notes(frame);

	packet_absent(frame, notes);
	notes->freed_time = entry->time;
	notes->freed_origin = entry->origin;
	if (!watch || watch->number != entry->watch)
		return;
	frame->sticky = watch->sessions;
	if (frame->sticky && watch->epoch != config.epoch)
		frame->sticky &= ~sessions_outdated(frame->sticky, watch->epoch);
}

/* The packet of a call that was put aside at its entry. */
static __always_inline bool return_capture(struct pt_regs *context, struct probe_call *call,
	const struct probe_config *probe, struct cpu_stats *stats)
{
	struct return_key key = return_key(frame_at_return(context), call->number);
	struct return_entry *saved = bpf_map_lookup_elem(&returns, &key), entry;
	struct frame *frame;
	struct watch *watch;

	if (!saved) {
		stats->counts[COUNT_ENTRY_UNKNOWN]++;
		return false;
	}
	entry = *saved;
	bpf_map_delete_elem(&returns, &key);
	if (!entry.skb)
		return false;
	call->state = entry.state;
	call->reason = entry.reason;
	frame = frame_begin(context, FRAME_KPROBE, entry.skb, call, probe);
	if (!frame)
		return false;

	watch = bpf_map_lookup_elem(&watches, &entry.skb);
	if (!watch || watch->number != entry.watch || watch->freed) {
		packet_freed(frame, &entry, watch);
		return true;
	}
	if (packet_look(frame, frame_notes(frame), FRAME_KPROBE, stats))
		return true;
	stats->counts[COUNT_FAULTS]++;
	return false;
}

/* The packet of a call of nft_do_chain: whatever is remembered of its struct nft_pktinfo was another one's. */
static __always_inline struct traversal *traversal_begin(__u64 pkt, __u64 skb, __u64 chain)
{
	struct traversal *traversal = bpf_map_lookup_elem(&traversals, &pkt);

	if (!traversal) {
		__u32 zero = 0;
		struct frame *frame = bpf_map_lookup_elem(&frames, &zero);

		/* What stands in the frame's packet is as good as anything: it is written over. */
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

/* Before the rules of a base chain: true if the matcher is to see the packet. */
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

/* Remembers who matched the packet, what it is known as and what it looks like. */
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

/* True: the matcher is to see the frame. */
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

/* The call that the innermost tracepoint of this CPU is at; NULL: none. */
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

/* Whose frame the innermost tracepoint has; 0: there is none. */
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

/* Sockets use the room of skb->dev for their own while they hold a packet: that is no device. */
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
	/* Without a hook the device or the socket tell the namespace. */
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
