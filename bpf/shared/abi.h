/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory that the stages of the pipeline and the daemon share: verdict bits, the frame that
 * carries one call from CAPTURE through the generated MATCHER to EMIT, the slots of the program
 * array, the configuration that the daemon writes and the counters that the kernel side writes.
 * Configuration and counters are in mmap-able maps: the daemon accesses them without a system call,
 * because during a system call on a map the kernel skips probe programs on that CPU.
 */
#ifndef NFTTRACED_BPF_SHARED_ABI_H
#define NFTTRACED_BPF_SHARED_ABI_H

#include "bpf/shared/event.h"

/* A verdict as a bit in a session's verdict mask. */
enum verdict {
	VERDICT_DROP = 0,
	VERDICT_ACCEPT,
	VERDICT_STOLEN,
	VERDICT_QUEUE,
	VERDICT_REPEAT,
	VERDICT_STOP, /* deprecated in the kernel; part of "all", has no name on the bus */
	VERDICT_CONTINUE,
	VERDICT_BREAK,
	VERDICT_JUMP,
	VERDICT_GOTO,
	VERDICT_RETURN,
	VERDICT_COUNT,
};

#define VERDICT_MASK_ALL     ((1u << VERDICT_COUNT) - 1)
#define VERDICT_MASK_DEFAULT ((1u << VERDICT_DROP) | (1u << VERDICT_ACCEPT))

/*
 * The program array, one for each program type. STUB, the only attached program, tail-calls
 * CAPTURE; CAPTURE calls MATCHER, the first part of the current matcher; the parts call each other
 * within their bank, the last one calls EMIT, and that SECTIONS if a session wants more of the
 * event than EMIT writes. A new matcher is put into the bank that is not in use, then STAGE_MATCHER
 * is overwritten: that one write is the swap.
 */
enum stage {
	STAGE_CAPTURE = 0, /* empty while no session exists */
	STAGE_MATCHER = 1,
	STAGE_EMIT = 2,
	STAGE_SECTIONS = 3,
	/* Of further probes; EMIT leaves their frames to the latter. */
	STAGE_CAPTURE_PROBE = 4,
	STAGE_EMIT_PROBE = 5,
	STAGE_BANK0 = 6,
};

/*
 * A matcher is put into the bank of its epoch. The one that runs, the one before and the next one
 * never share a bank, even if the daemon was killed during a swap.
 */
#define STAGE_BANKS 3

/*
 * stub -> capture -> parts -> emit -> emit of probes -> sections: under the kernel's 33 tail calls.
 */
#define STAGE_PARTS_MAX 28
#define STAGE_COUNT     (STAGE_BANK0 + STAGE_BANKS * STAGE_PARTS_MAX)

/* Bytes of a packet that a filter can read; a load beyond rejects and is counted. */
#define FRAME_VIEW_MAX 16384

/* A packet's fragments are gathered in pieces of this many bytes. */
#define FRAME_PIECE 512

/*
 * The record is built in place; the verifier needs room for one more name after the longest record.
 */
#define FRAME_RECORD_SIZE (EVENT_MAX_SIZE + 512)

/*
 * One call's state. A per-CPU array holds one for each entry of enum frame_owner, so that no two
 * programs which can interrupt each other on a CPU ever write the same one. The matcher reads
 * verdict, probe, sticky, link, length, captured and packet, and writes sessions and epoch; nothing
 * else touches a packet after CAPTURE.
 */
struct frame {
	__u64 context; /* address of the program's context: identifies the frame's call */
	__u64 sessions; /* the matcher's result; zeroed by CAPTURE */
	__u64 sticky; /* sessions that match regardless of their filter, from the tracker */
	__u32 epoch; /* of the matcher that ran */
	__u32 verdict; /* 1 << enum verdict */
	__u32 probe; /* 1 << enum event_probe */
	__u32 link; /* enum event_link: what packet[] begins with */
	__u32 length; /* of the packet on the wire, from packet[0]: `len` in a filter */
	__u32 captured; /* bytes valid in packet[], <= FRAME_VIEW_MAX */
	__u8 scratch[512]; /* struct call_notes: CAPTURE's for EMIT */
	__u8 packet[FRAME_VIEW_MAX];
	/*
	 * A bounds-checked load of up to 8 bytes, or a piece, that starts at the last byte of the
	 * packet stays in the frame.
	 */
	__u8 guard[FRAME_PIECE];
	__u8 record[FRAME_RECORD_SIZE]; /* EMIT's: the event as it goes into the ring */
};

_Static_assert(
	__builtin_offsetof(struct frame, sessions) == 8, "the generated code knows the frame");
_Static_assert(
	__builtin_offsetof(struct frame, sticky) == 16, "the generated code knows the frame");
_Static_assert(__builtin_offsetof(struct frame, epoch) == 24, "the generated code knows the frame");
_Static_assert(
	__builtin_offsetof(struct frame, captured) == 44, "the generated code knows the frame");
_Static_assert(
	__builtin_offsetof(struct frame, packet) == 560, "the generated code knows the frame");

/*
 * Tracepoints that interrupt each other on a CPU: a task's, a softirq's, an interrupt's, an NMI's.
 */
#define TRACEPOINT_DEPTH 4

/* Keys of the per-CPU array of frames. */
enum frame_owner {
	/*
	 * kprobe and kretprobe programs exclude each other on a CPU (trace_call_bpf,
	 * bpf_prog_active), so they share one.
	 */
	FRAME_KPROBE = 0,
	FRAME_TRACING =
		1, /* fentry on __nft_trace_packet: excluded from itself by the trampoline */
	/* Raw tracepoint programs exclude only themselves: each depth of nesting has one. */
	FRAME_TRACEPOINT = 2,
	FRAME_OWNERS = FRAME_TRACEPOINT + TRACEPOINT_DEPTH,
};

/* Where a further probe finds its packet. */
enum probe_way {
	PROBE_WAY_SKB = 0, /* the argument is a struct sk_buff */
	PROBE_WAY_PKTINFO, /* a struct nft_pktinfo, which has one */
};

/*
 * The number of the probe at the entry of nft_do_chain, which reads a packet before a rule can
 * steal it. It has no events.
 */
#define PROBE_ENTRY 0

#define PROBE_ARGUMENTS_MAX 5 /* arguments of a function that a kprobe can read */
#define PROBE_NO_ARGUMENT   0xff

/* The configuration of a further probe. */
struct probe_config {
	__u8 attach; /* enum event_attach */
	__u8 way; /* enum probe_way */
	/* Numbers of arguments, of a tracepoint without its private first one. */
	__u8 packet; /* that leads to the skb */
	__u8 state; /* the struct nf_hook_state; PROBE_NO_ARGUMENT: none */
	__u8 reason; /* the enum skb_drop_reason; PROBE_NO_ARGUMENT: none */
	__u8 reserved[3];
};

/* One call at a further probe. */
struct probe_call {
	__u64 packet; /* values of the arguments in struct probe_config; 0 where there is none */
	__u64 state;
	__u64 reason;
	__u32 number; /* of the probe */
	__u32 reserved;
};

/* The calls of nested tracepoints on a CPU, the innermost last; written by their stubs. */
struct tracepoint_calls {
	__u32 depth;
	__u32 reserved;
	struct probe_call calls[TRACEPOINT_DEPTH];
};

/*
 * Counts of work, and of failures, of CAPTURE, EMIT and the tracker; an index into
 * cpu_stats.counts.
 */
enum pipeline_count {
	COUNT_CALLS, /* calls that CAPTURE saw */
	COUNT_NESTED, /* the frame held another call: the event is lost */
	COUNT_MATCHED, /* calls that at least one session matched */
	COUNT_CHAIN_UNKNOWN, /* the chain of a rule was not found */
	COUNT_CHAIN_WALKED, /* the chain was found by walking the rules (no loss: a cost) */
	COUNT_VIEW_CLIPPED, /* a filter needed more of a packet than the view has */
	COUNT_TRACKER_FULL, /* no room to track a packet */
	COUNT_FAULTS, /* a read of kernel memory failed */
	COUNT_TOO_DEEP, /* tracepoints nested deeper than TRACEPOINT_DEPTH: missed */
	COUNT_ENTRY_UNKNOWN, /* functions returned whose entry was not seen: missed */
	COUNT_DROPS_UNCOUNTED, /* drops that were not counted by rule: no room, or unknown rule */
	COUNT_DROP_BYTES_UNCOUNTED, /* of these */
	COUNT_STOLEN_UNKNOWN, /* a packet was stolen that was not read before: no filter ran */
	COUNT_MAX = 16,
};

struct session_stats {
	__u64 matched; /* events that the session's verdicts and filter accepted */
	__u64 ring_full; /* of these: lost, the ring buffer had no room */
	__u64 suppressed; /* of these: suppressed by the session's rate limit */
};

/* The likely chains of the next rule on a CPU; for the kernel side only. */
struct chain_guess {
	__u64 jumped; /* target of the last jump or goto */
	__u64 before; /* target of the jump before: likely for a rule that jumps */
	__u64 found; /* chain of the last rule that was searched */
};

/*
 * Written by the kernel side on one CPU, read by the daemon at any time; the value of an array map.
 * Counts are not atomic, so programs that can interrupt each other have one each: the key is the
 * frame's owner times the number of CPUs, plus the CPU. Session counters belong to the session that
 * has the bit; the daemon zeroes them before it gives the bit to a session.
 */
struct cpu_stats {
	__u64 counts[COUNT_MAX];
	struct session_stats sessions[EVENT_SESSIONS_MAX];
	struct chain_guess guess;
	struct tracepoint_calls tracepoints; /* of the key of FRAME_TRACEPOINT */
} __attribute__((aligned(64)));

/* Written by the daemon, read by the kernel side: a global variable of the BPF object. */
struct pipeline_config {
	/* Union of the verdicts that sessions want; CAPTURE returns at once for others. During a
	 * swap, the union of old and new. */
	__u32 verdicts;
	/* Bytes of a packet that the sessions' filters may read; they get FRAME_VIEW_MAX at
	 * most. */
	__u32 view;
	__u32 epoch; /* of the newest matcher */
	__u32 wakeup; /* bytes put into a ring after which its reader is woken */
	__u32 drops; /* not 0: drops are counted; set by the pipeline, independent of sessions */
	__u32 zero; /* always 0: see stage_call */
	__u64 tracking; /* sessions that track */
	__u64 stolen; /* sessions with a filter that want the verdict stolen */
	/*
	 * A tracker entry's session bit counts only if the entry is not older than the epoch in
	 * which the bit was given to its session, or its filter changed.
	 */
	__u32 since[EVENT_SESSIONS_MAX];
	/* 1 << enum event_section_type: those that a session wants. */
	__u32 sections[EVENT_SESSIONS_MAX];
	/* Rate limit, generic cell rate: ns between events (0: none), and how far the theoretical
	 * arrival may run ahead, ns. */
	__u64 interval[EVENT_SESSIONS_MAX];
	__u64 tolerance[EVENT_SESSIONS_MAX];
	/* By number of the probe. */
	__u64 stacks[EVENT_PROBES_MAX]; /* sessions that want the kernel stack there */
	struct probe_config probes[EVENT_PROBES_MAX];
};

#define RINGS_MAX 16 /* a power of two; with more, each would be too small */

/* Bytes put into a ring since its reader was last woken; for the kernel side only. */
struct ring_fill {
	__u64 bytes;
} __attribute__((aligned(64)));

/* The tracker's table: an mmap-able array of buckets, so that the daemon ages it without system
 * calls. A slot is free while head is 0; it is claimed by a compare-and-swap of head. */
#define TRACKER_SLOTS 4

struct tracker_slot {
	__u64 head; /* skb->head now: the key */
	__u64 origin; /* skb->head when first seen */
	__u64 time; /* ns, CLOCK_MONOTONIC, when first seen; 0: being filled in */
	__u64 sessions; /* that matched the packet */
	__u32 epoch; /* in which `sessions` was last valid */
	__u32 used; /* seconds, CLOCK_MONOTONIC, of the last event */
};

struct tracker_bucket {
	struct tracker_slot slots[TRACKER_SLOTS];
};

#endif
