/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record that crosses the ring buffer and is stored in journals as it is: the contract between
 * the kernel side, which builds it, and journal/, which stores and decodes it.
 *
 * A record is an event_head followed by sections, each starting on a multiple of EVENT_ALIGN from
 * the record's first byte with a struct event_section; the gap before the next section is zero.
 * Numbers are in the byte order of the machine that wrote them (the journal's segment header says
 * which). Text in a record has a length and no terminating NUL. Names are chosen by users and may
 * have any bytes: they are untrusted until they are escaped. A reader skips a section whose type it
 * does not know.
 */
#ifndef NFTTRACED_BPF_SHARED_EVENT_H
#define NFTTRACED_BPF_SHARED_EVENT_H

#include <linux/types.h>

#define EVENT_VERSION  1
#define EVENT_ALIGN    8
#define EVENT_MAX_SIZE 2560 /* bytes; the longest record, head and all sections */

#define EVENT_SESSIONS_MAX 64 /* bits in event_head.sessions */
#define EVENT_NAME_MAX     255 /* bytes in a table or chain name, NFT_NAME_MAXLEN without its NUL */
#define EVENT_DEVICE_MAX   15 /* bytes in a device name, IFNAMSIZ without its NUL */
#define EVENT_COMM_SIZE    16 /* TASK_COMM_LEN */
#define EVENT_SNAPSHOT_MAX 96 /* bytes of a packet that are stored */
#define EVENT_STACK_MAX    96 /* addresses of a stack that are stored */
#define EVENT_PROBES_MAX   32 /* probe numbers; 0: none */

/*
 * Which probe made the record; `attach` says how it was attached. A number from EVENT_PROBE_FIRST
 * on is a further probe, which the settings in the session's journal name.
 */
enum event_probe {
	EVENT_PROBE_NFT = 1, /* __nft_trace_packet */
	EVENT_PROBE_FIRST = 2,
};

enum event_attach {
	EVENT_ATTACH_KPROBE = 1,
	EVENT_ATTACH_FENTRY = 2,
	EVENT_ATTACH_KRETPROBE = 3,
	EVENT_ATTACH_RAW_TRACEPOINT = 4,
};

/*
 * 1 << type is the section's bit where sections are chosen. The last two are never written: they
 * are members of the head, which a reader leaves out if they were not chosen.
 */
enum event_section_type {
	EVENT_SECTION_NFT = 1,
	EVENT_SECTION_DEVICE = 2,
	EVENT_SECTION_PACKET = 3,
	EVENT_SECTION_SKB = 4,
	EVENT_SECTION_CT = 5,
	EVENT_SECTION_DROP = 6,
	EVENT_SECTION_STACK = 7,
	EVENT_SECTION_NETNS = 30, /* netns_cookie and netns_inode; 0 if no session wanted them */
	EVENT_SECTION_TRACKING = 31, /* track_head and track_time */
};

enum event_head_flag {
	EVENT_TRACKED = 1 << 0, /* track_time and track_head are the packet's identity */
	/* The skb was not read, because it may have been freed (verdict stolen). A packet section
	 * has the bytes that the packet had when it entered the base chain. */
	EVENT_STOLEN = 1 << 1,
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
	EVENT_NFT_CHAIN = 1 << 3, /* table and chain are valid: the chain was found */
	EVENT_NFT_NETDEV_EGRESS = 1 << 4, /* hook is NF_NETDEV_EGRESS, not NF_NETDEV_INGRESS */
};

/* The kernel's enum nft_trace_types. */
enum event_trace_type {
	EVENT_TRACE_UNSPEC = 0,
	EVENT_TRACE_POLICY = 1,
	EVENT_TRACE_RETURN = 2,
	EVENT_TRACE_RULE = 3,
};

/* The decision of nf_tables. The names follow without separators: table, chain, target. */
struct event_nft {
	struct event_section section;
	__s32 verdict; /* NF_* masked with NF_VERDICT_MASK, or NFT_* (negative), as in the kernel */
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

/*
 * Devices. The names follow without separators: skb->dev, in, out; a name is stored once: in and
 * out have length 0 when they are the same device as skb->dev. Index 0: no such device.
 */
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

/*
 * The packet's first bytes follow: at most EVENT_SNAPSHOT_MAX. An accelerated VLAN tag is put back.
 */
struct event_packet {
	struct event_section section;
	__u32 length; /* bytes on the wire, from the first stored one */
	__u16 captured; /* bytes stored */
	__u16 protocol; /* skb->protocol in host order: the ethertype of the network header */
	__u16 network_offset; /* of the network header from the first stored byte */
	__u8 link; /* enum event_link */
	__u8 reserved;
};

enum event_skb_flag {
	EVENT_SKB_NOHDR = 1 << 0,
	EVENT_SKB_CLONED = 1 << 1,
	EVENT_SKB_VLAN = 1 << 2, /* vlan_protocol and vlan_tci are valid: an accelerated tag */
	EVENT_SKB_SHARED =
		1 << 3, /* dataref and the gso members are valid: skb_shared_info was read */
};

/* The skb's own fields. */
struct event_skb {
	struct event_section section;
	__u32 data_length; /* skb->data_len */
	__u32 hash;
	__u32 csum; /* checksum complete: the sum; partial: offset << 16 | start */
	__u32 priority;
	__u32 users;
	__u32 dataref; /* the part that counts users of the data: the low 16 bits */
	__u32 gso_type; /* SKB_GSO_* */
	__u16 gso_size;
	__u16 gso_segs;
	__u8 gso_flags; /* SKBFL_*, skb_shared_info.flags */
	__u8 gso_frags; /* skb_shared_info.nr_frags */
	__u8 ip_summed; /* CHECKSUM_* */
	__u8 csum_level;
	__u8 fclone;
	__u8 flags; /* enum event_skb_flag */
	__u16 vlan_protocol; /* ethertype of the tag, host order */
	__u16 vlan_tci;
	__u16 reserved;
};

/* In event_ct.info, beside the kernel's enum ip_conntrack_info, of which 7 is IP_CT_UNTRACKED. */
enum event_ct_info {
	EVENT_CT_INVALID = 8, /* connection tracking has seen the packet, and has no entry for it */
};

enum event_ct_flag {
	EVENT_CT_LABELS = 1 << 0, /* 16 bytes of labels follow the tuples */
	EVENT_CT_MARK = 1 << 1, /* the kernel has connection marks */
	EVENT_CT_MASTER = 1 << 2, /* another connection follows: the one that expected this one */
	/* There is a connection; not set if the packet is untracked. */
	EVENT_CT_CONNECTION = 1 << 3,
};

/* The kernel's zone directions: NF_CT_ZONE_DIR_*, nf_conntrack_zone.dir. */
enum event_zone {
	EVENT_ZONE_ORIGINAL = 1,
	EVENT_ZONE_REPLY = 2,
	EVENT_ZONE_DEFAULT = 3,
};

/*
 * One direction of a connection. Addresses, source then destination, follow the connection: first
 * those of the original direction, then those of the reply, each 4 bytes (AF_INET) or 16.
 */
struct event_tuple {
	__u16 source; /* host order: port, ICMP id, or the kernel's src.u.all */
	__u16 destination; /* host order: port; ICMP: type << 8 | code */
};

/* A connection; its addresses follow, then its labels if there are any, then a gap to 4 bytes. */
struct event_connection {
	__u32 status; /* nf_conn.status, IPS_* */
	__u32 mark;
	__u16 zone;
	__u8 zone_direction; /* enum event_zone */
	__u8 family; /* AF_INET, AF_INET6 */
	__u8 protocol; /* IPPROTO_* */
	__u8 state; /* of the protocol: TCP_CONNTRACK_*, SCTP_CONNTRACK_* */
	__u8 flags; /* enum event_ct_flag of this connection */
	__u8 reserved;
	__u32 vtag[2]; /* SCTP: the verification tags of both directions, host order */
	struct event_tuple tuples[2]; /* original, reply */
};

/* The packet's connection: none, one, or that and its master follow. */
struct event_ct {
	struct event_section section;
	__u8 info; /* enum ip_conntrack_info: 0 established, 1 related, 2 new, 3 reply,
		    * 4 related reply, 7 untracked; or EVENT_CT_INVALID */
	__u8 flags; /* enum event_ct_flag; EVENT_CT_CONNECTION: one follows */
	__u8 reserved[2];
};

/* Why the kernel freed the skb. */
struct event_drop {
	struct event_section section;
	__u32 reason; /* enum skb_drop_reason; the subsystem in the upper 16 bits */
};

/* The kernel stack, innermost address first: as many __u64 as the section has room for. */
struct event_stack {
	struct event_section section;
	__u32 reserved;
};

_Static_assert(sizeof(struct event_section) == 4, "record layout");
_Static_assert(sizeof(struct event_head) == 96, "record layout");
_Static_assert(sizeof(struct event_nft) == 56, "record layout");
_Static_assert(sizeof(struct event_device) == 24, "record layout");
_Static_assert(sizeof(struct event_packet) == 16, "record layout");
_Static_assert(sizeof(struct event_skb) == 48, "record layout");
_Static_assert(sizeof(struct event_connection) == 32, "record layout");
_Static_assert(sizeof(struct event_ct) == 8, "record layout");
_Static_assert(sizeof(struct event_drop) == 8, "record layout");
_Static_assert(sizeof(struct event_stack) == 8, "record layout");
_Static_assert(sizeof(struct event_head) % EVENT_ALIGN == 0, "sections are aligned");

#endif
