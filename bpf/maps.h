/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The maps and global variables that all programs of the kernel side share. Sizes that depend on the
 * machine or on the configuration are set by the loader.
 */
#ifndef NFTTRACED_MAPS_H
#define NFTTRACED_MAPS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "pipeline.h"

/* Of __nft_trace_packet: the loader reads it off the function's type. */
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

extern const volatile __u32 argument_layout;
extern const volatile __u32 direct_loads; /* the kernel has bpf_rdonly_cast: read.h */
extern const volatile __u32 ring_mask;
extern const volatile __u32 tracker_mask;
/* Addresses of the kernel's variables, x86; 0: page fragments can't be read. */
extern const volatile __u64 vmemmap_base_address;
extern const volatile __u64 page_offset_base_address;

extern struct pipeline_config config;
extern __u64
	arrivals[EVENT_SESSIONS_MAX]; /* rate limit: theoretical arrival time of the next event */

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
