/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The maps and global variables that all programs of the kernel side share. Sizes that depend on
 * the machine or on the configuration are set by the loader.
 */
#ifndef NFTTRACED_BPF_MAPS_H
#define NFTTRACED_BPF_MAPS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bpf/shared/abi.h"

/* The arguments of __nft_trace_packet; the loader reads them from the function's type. */
enum argument_layout {
	LAYOUT_INFO = 3, /* (info, chain, type), until 6.3 */
	LAYOUT_VERDICT = 5, /* (pkt, verdict, rule, info, type), since 6.4 */
};

#define CHAIN_CACHE_BITS 12
#define CHAIN_CACHE_SIZE (1 << CHAIN_CACHE_BITS)

/* An skb whose head is being replaced. */
struct expansion_key {
	__u64 owner; /* the skb, or the task */
	__u64 frame; /* 0, or the address of the task's stack frame */
};

/* A call of a function whose return is probed. */
struct return_key {
	__u64 task;
	__u64 frame; /* address of the task's stack frame */
	__u64 probe; /* its number */
};

/* Data that the entry of the call saves for its return. */
struct return_entry {
	__u64 skb;
	__u64 watch; /* the number of its struct watch */
	__u64 state; /* struct nf_hook_state */
	__u64 reason;
	__u64 origin, time; /* of the packet; 0: not tracked */
};

/* Set by the loader. */
extern const __u32 argument_layout;
extern const __u32 direct_loads; /* the kernel has bpf_rdonly_cast: read.h */
extern const __u32 possible_cpus;
extern const __u32 ring_mask;
extern const __u32 tracker_mask;

/* The addresses of the kernel's struct pages and pages, x86; 0: page fragments can't be read. */
extern __u64 vmemmap_start;
extern __u64 page_offset_start;

extern struct pipeline_config config;
extern struct ring_fill fills[RINGS_MAX];
extern __u64 next_allowed
	[EVENT_SESSIONS_MAX]; /* rate limit: theoretical arrival time of the next event */

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGE_COUNT);
	__type(key, __u32);
	__type(value, __u32);
} kprobe_stages __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGE_COUNT);
	__type(key, __u32);
	__type(value, __u32);
} fentry_stages __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGE_COUNT);
	__type(key, __u32);
	__type(value, __u32);
} tracepoint_stages __weak SEC(".maps");

/*
 * Continues with a stage whose slot changes while programs run; returns if the slot is empty. For a
 * number that the verifier knows, the kernel makes a direct jump, and patches it in the text of
 * each program that has it whenever the slot is filled or emptied. The verifier does not know that
 * `zero` is 0: this jump is an indirect one through the array, and no text is patched while
 * sessions come and go.
 */
static __always_inline void stage_call(void *context, void *stages, __u32 stage)
{
	bpf_tail_call(context, stages, stage + *(volatile const __u32 *)&config.zero);
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FRAME_OWNERS);
	__type(key, __u32);
	__type(value, struct frame);
} frames __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_stats);
} stats __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tracker_bucket);
} tracker __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct expansion_key);
	__type(value, struct tracker_slot);
} expansions __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct return_key);
	__type(value, struct return_entry);
} returns __weak SEC(".maps");

/* An skb that a probed return refers to. */
struct watch {
	__u64 number; /* unique for each skb at the same address */
	__u64 sessions; /* that had matched it when it was freed */
	__u32 epoch; /* of `sessions` */
	__u32 freed;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct watch);
} watches __weak SEC(".maps");

/*
 * A packet that traverses a base chain, by the address of its struct nft_pktinfo, with the data
 * that is recorded if a rule steals it.
 */
struct traversal {
	__u64 skb;
	__u64 chain; /* the base chain */
	__u64 sessions; /* that matched it */
	__u64 origin, time; /* its identity; 0: it is not tracked */
	__u32 epoch; /* in which `sessions` was right */
	__u32 link; /* as in the frame */
	__u32 length;
	__u32 captured;
	__u32 skb_length;
	__u32 skb_iif;
	__u16 protocol;
	__u16 network_offset;
	__u32 reserved;
	__u8 packet[EVENT_SNAPSHOT_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct traversal);
} traversals __weak SEC(".maps");

struct ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, struct ring_map);
} rings __weak SEC(".maps");

#endif
