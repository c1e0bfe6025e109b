/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EMIT, the stage after the matcher: counts the event for the sessions that matched, enters a
 * tracked packet, suppresses events above a session's rate, builds the record and puts it into the
 * CPU's ring.
 */
#ifndef NFTTRACED_BPF_STAGE_EMIT_H
#define NFTTRACED_BPF_STAGE_EMIT_H

#include "bpf/bits.h"
#include "bpf/event-record.h"
#include "bpf/stack.h"
#include "bpf/suppressed-count.h"
#include "bpf/tracker-sessions.h"

#define RATE_TRIES 4 /* races with other CPUs for a session's next arrival time */

/*
 * Generic cell rate: an event that is early by more than the tolerance is suppressed. Not static,
 * so that the verifier checks it only once.
 */
__noinline __u32 rate_exceeded(__u32 bit, __u64 now)
{
	__u64 interval, tolerance;

	bit &= EVENT_SESSIONS_MAX - 1;
	interval = config.interval[bit];
	tolerance = config.tolerance[bit];
	for (int try = 0; try < RATE_TRIES; try++) {
		__u64 expected = next_allowed[bit], base = expected > now ? expected : now;

		if (base - now > tolerance)
			return true;
		if (__sync_val_compare_and_swap(&next_allowed[bit], expected, base + interval) ==
			expected)
			return false;
	}
	return true;
}

/* The sections that SECTIONS writes. */
#define SECTIONS_FURTHER (1u << EVENT_SECTION_SKB | 1u << EVENT_SECTION_CT)

/*
 * Counts the event for each session that matched. Returns those whose rate allows it, and stores
 * the sections that they want. Not static, so that the verifier checks it only once.
 */
__noinline __u64 sessions_account(struct frame *frame, struct cpu_stats *stats, __u64 now)
{
	/* In memory, so that the verifier does not distinguish the paths through the loop. */
	volatile struct call_notes *notes;
	__u64 left;

	if (!frame || !stats)
		return 0;
	notes = frame_notes(frame);
	notes->sections = 0;
	notes->sessions = left = frame->sessions;
	for (int i = 0; i < EVENT_SESSIONS_MAX && left; i++) {
		__u32 bit = bit_lowest(left);

		left &= left - 1;
		stats->sessions[bit].matched++;
		if (config.interval[bit] && rate_exceeded(bit, now)) {
			stats->sessions[bit].suppressed++;
			suppressed_count(frame, stats, bit, now);
			notes->sessions &= ~(1ull << bit);
		} else {
			notes->sections |= config.sections[bit];
		}
	}
	return notes->sessions;
}

__noinline __u32 sessions_ring_full(struct cpu_stats *stats, __u64 sessions)
{
	if (!stats)
		return 0;
	for (int i = 0; i < EVENT_SESSIONS_MAX && sessions; i++) {
		__u32 bit = bit_lowest(sessions);

		sessions &= sessions - 1;
		stats->sessions[bit].ring_full++;
	}
	return 0;
}

/*
 * Finds the packet's entry, or makes one if a session that matched tracks, and stores its identity
 * in the notes. Not static, so that the verifier checks it only once.
 */
__noinline __u32 packet_track(struct frame *frame, struct cpu_stats *stats, __u64 now)
{
	struct tracker_slot *slot;
	struct call_notes *notes;
	__u64 tracking;

	if (!frame || !stats)
		return 0;
	notes = frame_notes(frame);
	tracking = frame->sessions & config.tracking;
	slot = tracking ? tracker_claim(notes->head) : tracker_find(notes->head);
	if (!slot) {
		if (tracking)
			stats->counts[COUNT_TRACKER_FULL]++;
		return 0;
	}

	slot_begin(slot, notes->head, now);
	if (frame->epoch != config.epoch)
		tracking &= ~sessions_outdated(tracking, frame->epoch);
	if ((slot->sessions & tracking) != tracking)
		__sync_fetch_and_or(&slot->sessions, tracking);
	slot->used = now / SECOND;
	notes->track_head = slot->origin;
	notes->track_time = slot->time;
	return 1;
}

static __always_inline void record_head(struct frame *frame, struct call_notes *notes, bool tracked,
	__u64 net, __u64 now, __u32 cpu, __u8 probe, __u8 attach)
{
	struct event_head *head = (struct event_head *)frame->record;
	const struct task_struct *task = (void *)bpf_get_current_task_btf();

	head->version = EVENT_VERSION;
	head->probe = probe;
	head->attach = attach;
	head->flags = (tracked ? EVENT_TRACKED : 0) | (notes->head ? 0 : EVENT_STOLEN);
	head->time = now;
	head->epoch = frame->epoch;
	head->cpu = cpu;
	head->pid = task->pid;
	head->tgid = task->tgid;
	((__u64 *)head->comm)[0] = ((const __u64 *)task->comm)[0];
	((__u64 *)head->comm)[1] = ((const __u64 *)task->comm)[1];
	head->skb = notes->skb;
	head->track_head = tracked ? notes->track_head : 0;
	head->track_time = tracked ? notes->track_time : 0;
	head->netns_cookie = 0;
	head->netns_inode = 0;
	if (notes->sections & 1u << EVENT_SECTION_NETNS && net) {
		head->netns_cookie = word_read(net + bpf_core_field_offset(struct net, net_cookie));
		head->netns_inode = half_read(net + bpf_core_field_offset(struct net, ns.inum));
	}
	head->skb_length = notes->skb_length;
}

/*
 * False: the ring is full. Wakes the reader after each config.wakeup bytes; the reader has a timer
 * for the rest.
 */
static __always_inline bool record_output(struct frame *frame, __u32 size, __u32 cpu)
{
	__u32 key = cpu & ring_mask;
	void *ring = bpf_map_lookup_elem(&rings, &key);
	__u64 flags = BPF_RB_NO_WAKEUP;
	struct ring_fill *fill;

	if (!ring || !record_bounded(size))
		return false;
	fill = &fills[key & (RINGS_MAX - 1)];
	if (__sync_fetch_and_add(&fill->bytes, size) + size >= config.wakeup) {
		fill->bytes = 0;
		flags = BPF_RB_FORCE_WAKEUP;
	}
	return bpf_ringbuf_output(ring, frame->record, size, flags) == 0;
}

/* True if SECTIONS may have something to append. */
static __always_inline bool sections_follow(const struct call_notes *notes)
{
	return notes->sections & SECTIONS_FURTHER && notes->head;
}

/* Puts the record into the ring, or calls SECTIONS to do it. */
static __always_inline int record_finish(void *context, struct frame *frame, __u8 attach,
	struct cpu_stats *stats, __u64 sessions, __u32 size, __u32 cpu)
{
	struct event_head *head = (struct event_head *)frame->record;

	head->size = size;
	head->sessions = sessions;
	if (sections_follow(frame_notes(frame))) {
		if (attach == EVENT_ATTACH_FENTRY)
			bpf_tail_call(context, &fentry_stages, STAGE_SECTIONS);
		else if (attach == EVENT_ATTACH_RAW_TRACEPOINT)
			bpf_tail_call(context, &tracepoint_stages, STAGE_SECTIONS);
		else
			bpf_tail_call(context, &kprobe_stages, STAGE_SECTIONS);
	}
	if (!record_output(frame, size, cpu))
		sessions_ring_full(stats, sessions);
	return 0;
}

/* The identity of a packet that was stolen or freed. False: it had none. */
static __always_inline bool stolen_track(struct call_notes *notes)
{
	notes->track_head = notes->freed_origin;
	notes->track_time = notes->freed_time;
	return notes->freed_time;
}

/*
 * Saves that a packet matched in mid-chain, in case a later rule steals it. Not static, so that the
 * verifier checks it only once.
 */
__noinline __u32 traversal_match(struct frame *frame)
{
	struct traversal *traversal;
	struct call_notes *notes;
	__u64 pkt;

	if (!frame)
		return 0;
	notes = frame_notes(frame);
	pkt = notes->pkt;
	traversal = bpf_map_lookup_elem(&traversals, &pkt);
	if (!traversal || traversal->skb != notes->skb)
		return 0;
	traversal->sessions |= frame->sessions & config.tracking;
	traversal->origin = notes->track_head;
	traversal->time = notes->track_time;
	return 1;
}

static __always_inline int emit(void *context, __u32 owner, __u8 attach)
{
	struct frame *frame = bpf_map_lookup_elem(&frames, &owner);
	struct cpu_stats *stats;
	struct call_notes *notes;
	struct hook hook;
	bool tracked = false;
	__u64 now, sessions;
	__u32 cpu, size = sizeof(struct event_head), wanted;

	stats = cpu_stats(owner, &cpu);
	if (!frame || !stats)
		return 0;
	if (frame->context != (__u64)context) {
		stats->counts[COUNT_NESTED]++;
		return 0;
	}
	if (attach == EVENT_ATTACH_KPROBE && frame->probe != 1u << EVENT_PROBE_NFT) {
		stage_call(context, &kprobe_stages, STAGE_EMIT_PROBE);
		return 0;
	}
	notes = frame_notes(frame);
	now = bpf_ktime_get_ns();
	stats->counts[COUNT_MATCHED]++;
	sessions = sessions_account(frame, stats, now);
	if (!notes->head)
		tracked = stolen_track(notes);
	else if (config.tracking)
		tracked = packet_track(frame, stats, now);
	if (tracked && config.stolen && notes->head)
		traversal_match(frame);
	if (!sessions)
		return 0;

	hook = hook_read(notes->state, stats);
	wanted = notes->sections;
	record_head(frame, notes, tracked, hook.net, now, cpu, EVENT_PROBE_NFT, attach);
	if (wanted & 1u << EVENT_SECTION_NFT)
		size = record_nft(frame, notes, stats, &hook, size);
	if (wanted & 1u << EVENT_SECTION_DEVICE)
		size = record_device(frame, notes, hook.in, hook.out, size);
	if (wanted & 1u << EVENT_SECTION_PACKET)
		size = record_packet(frame, notes, size);
	if (config.stacks[EVENT_PROBE_NFT] & sessions)
		size = record_stack(context, frame, size, attach);
	return record_finish(context, frame, attach, stats, sessions, size, cpu);
}

#endif
