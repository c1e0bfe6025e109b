/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records the kernel stack as addresses in the record itself, because a map of stacks could
 * overflow. User space finds the names.
 */
#ifndef NFTTRACED_BPF_STACK_H
#define NFTTRACED_BPF_STACK_H

#include "bpf/event-record.h"

/* Our own frames on top; a kprobe's stack is that of the probed function. */
#define STACK_OWN_FENTRY     2 /* EMIT, trampoline */
#define STACK_OWN_TRACEPOINT 3 /* EMIT, stub, bpf_trace_runN */

static __always_inline __u64 stack_own_frames(__u8 attach)
{
	if (attach == EVENT_ATTACH_FENTRY)
		return STACK_OWN_FENTRY;
	return attach == EVENT_ATTACH_RAW_TRACEPOINT ? STACK_OWN_TRACEPOINT : 0;
}

static __always_inline __u32 record_stack(
	void *context, struct frame *frame, __u32 offset, __u8 attach)
{
	const __u32 room = sizeof(struct event_stack) + EVENT_STACK_MAX * sizeof(__u64);
	struct event_stack *section;
	long size;

	opaque(offset);
	if (offset > FRAME_RECORD_SIZE - room)
		return offset;
	section = (struct event_stack *)(frame->record + offset);
	size = bpf_get_stack(
		context, section + 1, EVENT_STACK_MAX * sizeof(__u64), stack_own_frames(attach));
	if (size <= 0)
		return offset;
	section->section.type = EVENT_SECTION_STACK;
	section->section.size = sizeof(*section) + size;
	section->reserved = 0;
	return offset + sizeof(*section) + size;
}

#endif
