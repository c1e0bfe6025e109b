/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes at the return of a function. The packet is saved at the function's entry; whether it is
 * freed in between is watched.
 */
#ifndef NFTTRACED_BPF_PROBE_RETURN_H
#define NFTTRACED_BPF_PROBE_RETURN_H

#include "bpf/probe-call.h"

static __always_inline struct return_key return_key(__u64 frame, __u32 number)
{
	return (struct return_key){
		.task = bpf_get_current_task(),
		.frame = frame,
		.probe = number,
	};
}

/*
 * Saves the packet's identity, which it has from its first probe on, even without an event there.
 */
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

/* Watches the skb from the entry of a function on; the watch's number, 0: it can't be watched. */
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

/* Saves the sessions that have matched the skb, for the return. */
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

/* Fills in the frame of a freed packet: its identity, and the sessions that had matched it. */
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

/* Fills in the frame at the return, from what the entry saved. */
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
	if (packet_read(frame, frame_notes(frame), FRAME_KPROBE, stats))
		return true;
	stats->counts[COUNT_FAULTS]++;
	return false;
}

#endif
