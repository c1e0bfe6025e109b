/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record that crosses the ring buffer and is stored in journals as it is: the contract between
 * the kernel side, which builds it, and journal/, which stores and decodes it.
 *
 * A record is an event_head followed by sections, each starting on a multiple of EVENT_ALIGN from
 * the record's first byte with a struct event_section; the gap before the next section is zero.
 * Numbers are in the byte order of the machine that wrote them (the journal's segment header says
 * which). Text in a record has a length and no terminating NUL, and is whatever bytes somebody chose
 * as a name: hostile until escaped. A reader skips a section whose type it does not know.
 */
#ifndef NFTTRACED_EVENT_H
#define NFTTRACED_EVENT_H

#include <linux/types.h>

#define EVENT_VERSION  1
#define EVENT_ALIGN    8
#define EVENT_MAX_SIZE 2048 /* bytes; the longest record, head and all sections */

#define EVENT_SESSIONS_MAX 64 /* bits in event_head.sessions */
#define EVENT_NAME_MAX     255 /* bytes in a table or chain name, NFT_NAME_MAXLEN without its NUL */
#define EVENT_DEVICE_MAX   15 /* bytes in a device name, IFNAMSIZ without its NUL */
#define EVENT_COMM_SIZE    16 /* TASK_COMM_LEN */
#define EVENT_SNAPSHOT_MAX 96 /* bytes of a packet that are stored */

/* Which probe made the record; `attach` says how it was attached. */
enum event_probe {
	EVENT_PROBE_NFT = 1, /* __nft_trace_packet */
};

enum event_attach {
	EVENT_ATTACH_KPROBE = 1,
	EVENT_ATTACH_FENTRY = 2,
};

enum event_section_type {
	EVENT_SECTION_NFT = 1,
	EVENT_SECTION_DEVICE = 2,
	EVENT_SECTION_PACKET = 3,
};

enum event_head_flag {
	EVENT_TRACKED = 1 << 0, /* track_time and track_head are the packet's identity */
	EVENT_STOLEN = 1 << 1, /* the skb was not looked at: it may be gone (verdict stolen) */
};

struct event_section {
	__u16 type; /* enum event_section_type */
	__u16 size; /* bytes of the section, this header included, the gap after it not */
};

struct event_head {
	__u32 size; /* bytes of the whole record, a multiple of EVENT_ALIGN */
	__u8 version; /* EVENT_VERSION */
	__u8 probe; /* enum event_probe */
	__u8 attach; /* enum event_attach */
	__u8 flags; /* enum event_head_flag */
	__u64 time; /* ns, CLOCK_MONOTONIC */
	__u64 sessions; /* bit n: the session that holds bit n at `epoch` matched */
	__u32 epoch; /* of the matcher that matched it */
	__u32 cpu;
	__u32 pid; /* of the thread, as the kernel says pid */
	__u32 tgid;
	char comm[EVENT_COMM_SIZE]; /* of the thread, NUL-padded */
	__u64 skb; /* address of the struct sk_buff */
	__u64 track_head; /* skb->head when the packet was first seen */
	__u64 track_time; /* ns, CLOCK_MONOTONIC, when the packet was first seen */
	__u64 netns_cookie; /* 0: unknown */
	__u32 netns_inode; /* 0: unknown */
	__u32 skb_length; /* skb->len */
};

enum event_nft_flag {
	EVENT_NFT_POLICY = 1 << 0, /* the verdict is the base chain's policy */
	EVENT_NFT_RULE = 1 << 1, /* rule_handle is valid: a rule gave the verdict */
	EVENT_NFT_TARGET =
		1 << 2, /* jump and goto: target_handle and the target's name are valid */
	EVENT_NFT_CHAIN = 1 << 3, /* table and chain are valid: the chain could be told */
	EVENT_NFT_NETDEV_EGRESS = 1 << 4, /* hook is NF_NETDEV_EGRESS, not NF_NETDEV_INGRESS */
};

/* The kernel's enum nft_trace_types. */
enum event_trace_type {
	EVENT_TRACE_UNSPEC = 0,
	EVENT_TRACE_POLICY = 1,
	EVENT_TRACE_RETURN = 2,
	EVENT_TRACE_RULE = 3,
};

/* What nf_tables decided. The names follow without separators: table, chain, target. */
struct event_nft {
	struct event_section section;
	__s32 verdict; /* NF_* masked with NF_VERDICT_MASK, or NFT_* (negative), as the kernel has it */
	__u64 table_handle;
	__u64 chain_handle;
	__u64 rule_handle;
	__u64 target_handle;
	__u8 family; /* NFPROTO_* of the table (1 inet, 2 ip, 3 arp, 5 netdev, 7 bridge, 10 ip6) */
	__u8 hook; /* nf_hook_state.hook, in the numbering of `protocol` */
	__u8 protocol; /* nf_hook_state.pf, NFPROTO_* of the packet's path */
	__u8 trace_type; /* enum event_trace_type */
	__u16 queue; /* verdict queue: the queue's number */
	__u8 flags; /* enum event_nft_flag */
	__u8 table_length;
	__u8 chain_length;
	__u8 target_length;
	__u8 reserved[6];
};

/* Devices. The names follow without separators: skb->dev, in, out; a name is stored once: in and out
 * have length 0 when they are the same device as skb->dev. Index 0: no such device. */
struct event_device {
	struct event_section section;
	__u32 index; /* skb->dev->ifindex */
	__u32 skb_iif; /* skb->skb_iif, where the packet came in */
	__u32 in_index; /* nf_hook_state.in */
	__u32 out_index; /* nf_hook_state.out */
	__u8 name_length;
	__u8 in_length;
	__u8 out_length;
	__u8 reserved;
};

enum event_link {
	EVENT_LINK_RAW = 0, /* the bytes begin with an IPv4, IPv6 or other network header */
	EVENT_LINK_ETHERNET = 1, /* the bytes begin with an Ethernet header */
};

/* The packet's first bytes follow: at most EVENT_SNAPSHOT_MAX. An accelerated VLAN tag is put back. */
struct event_packet {
	struct event_section section;
	__u32 length; /* bytes on the wire, from the first stored one */
	__u16 captured; /* bytes stored */
	__u16 protocol; /* skb->protocol in host order: the ethertype of the network header */
	__u16 network_offset; /* of the network header from the first stored byte */
	__u8 link; /* enum event_link */
	__u8 reserved;
};

_Static_assert(sizeof(struct event_section) == 4, "record layout");
_Static_assert(sizeof(struct event_head) == 96, "record layout");
_Static_assert(sizeof(struct event_nft) == 56, "record layout");
_Static_assert(sizeof(struct event_device) == 24, "record layout");
_Static_assert(sizeof(struct event_packet) == 16, "record layout");
_Static_assert(sizeof(struct event_head) % EVENT_ALIGN == 0, "sections are aligned");

#endif
