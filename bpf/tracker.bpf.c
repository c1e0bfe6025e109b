/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tracker's hooks: a packet is forgotten when its head is freed or given away, and known again
 * when its head is replaced. Attached only while a session tracks. They leave at once for an skb that
 * nobody tracks.
 */
#include "call.h"
#include "track.h"

static __always_inline __u64 skb_head(__u64 skb)
{
	__u64 head = 0;

	bpf_probe_read_kernel(
		&head, sizeof(head), (void *)skb + bpf_core_field_offset(struct sk_buff, head));
	return head;
}

static __always_inline int head_freed(__u64 skb)
{
	__u64 head = skb_head(skb);

	if (head)
		tracker_forget(head);
	return 0;
}

/* The old head may be freed before the function returns, so the entry is put aside. */
static __always_inline int expansion_enter(const struct expansion_key *key, __u64 skb)
{
	__u64 head = skb_head(skb);
	struct tracker_slot *slot = head ? tracker_find(head) : NULL, copy;

	if (!slot)
		return 0;
	copy = *slot;
	/* At return the new head is read off the skb: nobody else needs `head`. */
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
	/* Where it failed the head is the old one, and so is its slot. */
	if (!head || tracker_find(head))
		return 0;

	slot = tracker_claim(head);
	if (!slot) {
		__u32 cpu;
		struct cpu_stats *stats = cpu_stats(FRAME_KPROBE, &cpu);

		if (stats)
			__sync_fetch_and_add(&stats->counts[COUNT_TRACKER_FULL], 1);
		return 0;
	}
	slot->origin = copy.origin;
	slot->epoch = copy.epoch;
	slot->used = copy.used;
	slot->sessions = copy.sessions;
	slot->time = copy.time;
	return 0;
}

static __always_inline struct expansion_key stack_key(__u64 frame)
{
	return (struct expansion_key){ .owner = bpf_get_current_task(), .frame = frame };
}

SEC("kprobe/skb_free_head")
int kprobe_free(struct pt_regs *context)
{
	return head_freed(PT_REGS_PARM1(context));
}

SEC("kprobe/kfree_skb_partial")
int kprobe_partial(struct pt_regs *context)
{
	return PT_REGS_PARM2(context) & 0xff ? head_freed(PT_REGS_PARM1(context)) : 0;
}

SEC("kprobe/pskb_expand_head")
int kprobe_expand(struct pt_regs *context)
{
	struct expansion_key key = stack_key(frame_at_entry(context));

	return expansion_enter(&key, PT_REGS_PARM1(context));
}

SEC("kretprobe/pskb_expand_head")
int kretprobe_expand(struct pt_regs *context)
{
	struct expansion_key key = stack_key(frame_at_return(context));

	return expansion_leave(&key);
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
