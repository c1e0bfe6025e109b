/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tracker's hooks. A packet is identified by its head. Where the kernel releases a head, the
 * packet is forgotten; where it gives the packet another head, or a part of the packet a head of
 * its own, that head is entered for the same packet:
 *
 *   skb_free_head              the head is freed, or goes back to a page pool
 *   kfree_skb_partial          the head was merged into another packet: coalescing
 *   napi_skb_free_stolen_head  the same: GRO
 *   napi_reuse_skb             GRO took the bytes, a driver uses the head again
 *   pskb_expand_head           a larger head, or one that is not shared
 *   skb_copy_header            a copy: skb_copy, skb_copy_expand, pskb_copy, copies for XDP
 *   skb_segment, .._list       GSO: segments of a packet
 *   ip_copy_metadata, ip6_..   fragments of a packet
 *   ip_queue_xmit, inet6_..    TCP sends a packet; with a known head it is sent again: a new one
 *
 * Clones share the head. The hooks are attached only while a session tracks, and return at once for
 * an skb that is not tracked.
 */
#include "bpf/tracker.h"
#include "bpf/call.h"

/* Uses the helper only: this object must not call functions of the kernel, see stages.bpf.c. */
static __always_inline __u64 address_read(__u64 address)
{
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), (void *)address);
	return word;
}

static __always_inline __u64 skb_head(__u64 skb)
{
	return address_read(skb + bpf_core_field_offset(struct sk_buff, head));
}

static __always_inline int head_freed(__u64 skb)
{
	__u64 head = skb_head(skb);

	if (head)
		tracker_forget(head);
	return 0;
}

static __always_inline void head_enter(__u64 head, const struct tracker_slot *known)
{
	struct cpu_stats *stats;
	__u32 cpu;

	if (tracker_enter(head, known))
		return;
	stats = cpu_stats(FRAME_KPROBE, &cpu);
	if (stats)
		__sync_fetch_and_add(&stats->counts[COUNT_TRACKER_FULL], 1);
}

/* True if both entries are of the same packet. */
static __always_inline bool slot_same(
	const struct tracker_slot *slot, const struct tracker_slot *other)
{
	return slot->time == other->time && slot->origin == other->origin;
}

/* Saves the entry, because the old head may be freed before the function returns. */
static __always_inline int expansion_enter(const struct expansion_key *key, __u64 skb)
{
	__u64 head = skb_head(skb);
	struct tracker_slot *slot = head ? tracker_find(head) : NULL, copy;

	if (!slot)
		return 0;
	copy = *slot;
	/* The return needs the skb to read its new head, and not the old head. */
	copy.head = skb;
	bpf_map_update_elem(&expansions, key, &copy, BPF_ANY);
	return 0;
}

static __always_inline int expansion_leave(const struct expansion_key *key)
{
	struct tracker_slot *saved = bpf_map_lookup_elem(&expansions, key), *slot;
	struct tracker_slot copy;
	__u64 head;

	if (!saved)
		return 0;
	copy = *saved;
	bpf_map_delete_elem(&expansions, key);
	head = skb_head(copy.head);
	if (!head)
		return 0;
	/* If the function failed, the head and its slot are the old ones. */
	slot = tracker_find(head);
	if (slot && slot_same(slot, &copy))
		return 0;
	if (slot)
		tracker_forget(head);
	head_enter(head, &copy);
	return 0;
}

/* Enters the head of an skb that is a copy of another one. */
static __always_inline int head_copied(__u64 to, __u64 from)
{
	__u64 old = skb_head(from), new;
	struct tracker_slot *slot = old ? tracker_find(old) : NULL, copy;

	if (!slot)
		return 0;
	new = skb_head(to);
	if (!new || new == old)
		return 0;
	copy = *slot;
	tracker_forget(new);
	head_enter(new, &copy);
	return 0;
}

/*
 * Enters a part of a packet. A part that arrived as a packet of its own, in a list of fragments or
 * merged by GRO, becomes that packet again.
 */
static __always_inline void part_enter(__u64 part, const struct tracker_slot *whole)
{
	__u64 head = skb_head(part);

	if (head && !tracker_find(head))
		head_enter(head, whole);
}

static __always_inline int part_made(__u64 part, __u64 whole)
{
	__u64 head = skb_head(whole);
	struct tracker_slot *slot = head ? tracker_find(head) : NULL, copy;

	if (!slot)
		return 0;
	copy = *slot;
	part_enter(part, &copy);
	return 0;
}

struct segments {
	__u64 next;
	struct tracker_slot whole;
};

/* Enters one segment; called by bpf_loop. Nonzero: done. */
static long segment_step(__u32 step, struct segments *segments)
{
	__u64 segment = segments->next;

	if (!segment)
		return 1;
	part_enter(segment, &segments->whole);
	segments->next = address_read(segment + bpf_core_field_offset(struct sk_buff, next));
	return 0;
}

static __always_inline int segments_enter(const struct tracker_slot *whole, __u64 list)
{
	struct segments segments = { .next = list, .whole = *whole };

	if (list < (__u64)ERROR_POINTER)
		bpf_loop(SEGMENTS_MAX, segment_step, &segments, 0);
	return 0;
}

/* The whole packet still exists: it is freed later. */
static __always_inline int segments_made(__u64 whole, __u64 list)
{
	__u64 head = skb_head(whole);
	struct tracker_slot *slot = head ? tracker_find(head) : NULL, copy;

	if (!slot)
		return 0;
	copy = *slot;
	return segments_enter(&copy, list);
}

/* A kretprobe has no arguments: the entry was saved. */
static __always_inline int segments_leave(const struct expansion_key *key, __u64 list)
{
	struct tracker_slot *saved = bpf_map_lookup_elem(&expansions, key), copy;

	if (!saved)
		return 0;
	copy = *saved;
	bpf_map_delete_elem(&expansions, key);
	return segments_enter(&copy, list);
}

/*
 * TCP keeps the skb of a packet and sends clones of it, or copies while an earlier clone still
 * exists. A known head is then that of an earlier transmission. Tunnels send by the same function,
 * but a packet in a tunnel stays the same packet.
 */
static __always_inline int packet_sent(__u64 socket, __u64 skb)
{
	__u64 head = skb_head(skb);
	__u16 protocol = 0;

	if (!head || !tracker_find(head))
		return 0;
	bpf_probe_read_kernel(&protocol, sizeof(protocol),
		(void *)socket + bpf_core_field_offset(struct sock, sk_protocol));
	if (protocol == PROTOCOL_TCP || protocol == PROTOCOL_DCCP)
		tracker_forget(head);
	return 0;
}

static __always_inline struct expansion_key stack_key(__u64 frame)
{
	return (struct expansion_key){ .owner = bpf_get_current_task(), .frame = frame };
}

/* Kprobes: one program may serve several functions. */

SEC("kprobe")
int kprobe_free(struct pt_regs *context)
{
	return head_freed(PT_REGS_PARM1(context));
}

SEC("kprobe")
int kprobe_partial(struct pt_regs *context)
{
	return PT_REGS_PARM2(context) & 0xff ? head_freed(PT_REGS_PARM1(context)) : 0;
}

SEC("kprobe")
int kprobe_reuse(struct pt_regs *context)
{
	return head_freed(PT_REGS_PARM2(context));
}

SEC("kprobe")
int kprobe_expand(struct pt_regs *context)
{
	struct expansion_key key = stack_key(frame_at_entry(context));

	return expansion_enter(&key, PT_REGS_PARM1(context));
}

SEC("kretprobe")
int kretprobe_expand(struct pt_regs *context)
{
	struct expansion_key key = stack_key(frame_at_return(context));

	return expansion_leave(&key);
}

SEC("kretprobe")
int kretprobe_segment(struct pt_regs *context)
{
	struct expansion_key key = stack_key(frame_at_return(context));

	return segments_leave(&key, PT_REGS_RC(context));
}

SEC("kprobe")
int kprobe_copy(struct pt_regs *context)
{
	return head_copied(PT_REGS_PARM1(context), PT_REGS_PARM2(context));
}

SEC("kprobe")
int kprobe_fragment(struct pt_regs *context)
{
	return part_made(PT_REGS_PARM1(context), PT_REGS_PARM2(context));
}

SEC("kprobe")
int kprobe_send(struct pt_regs *context)
{
	return packet_sent(PT_REGS_PARM1(context), PT_REGS_PARM2(context));
}

SEC("fentry/skb_free_head")
int fentry_free(__u64 *context)
{
	return head_freed(context[0]);
}

SEC("fentry/kfree_skb_partial")
int fentry_partial(__u64 *context)
{
	return context[1] & 0xff ? head_freed(context[0]) : 0;
}

SEC("fentry/napi_skb_free_stolen_head")
int fentry_stolen(__u64 *context)
{
	return head_freed(context[0]);
}

SEC("fentry/napi_reuse_skb")
int fentry_reuse(__u64 *context)
{
	return head_freed(context[1]);
}

SEC("fentry/pskb_expand_head")
int fentry_expand(__u64 *context)
{
	struct expansion_key key = { .owner = context[0] };

	return expansion_enter(&key, context[0]);
}

SEC("fexit/pskb_expand_head")
int fexit_expand(__u64 *context)
{
	struct expansion_key key = { .owner = context[0] };

	return expansion_leave(&key);
}

SEC("fentry/skb_copy_header")
int fentry_copy(__u64 *context)
{
	return head_copied(context[0], context[1]);
}

/* The return value follows the arguments. */
SEC("fexit/skb_segment")
int fexit_segment(__u64 *context)
{
	return segments_made(context[0], context[2]);
}

SEC("fexit/skb_segment_list")
int fexit_segment_list(__u64 *context)
{
	return segments_made(context[0], context[3]);
}

SEC("fentry/ip_copy_metadata")
int fentry_fragment(__u64 *context)
{
	return part_made(context[0], context[1]);
}

SEC("fentry/ip6_copy_metadata")
int fentry_fragment6(__u64 *context)
{
	return part_made(context[0], context[1]);
}

SEC("fentry/ip_queue_xmit")
int fentry_send(__u64 *context)
{
	return packet_sent(context[0], context[1]);
}

SEC("fentry/inet6_csk_xmit")
int fentry_send6(__u64 *context)
{
	return packet_sent(context[0], context[1]);
}
