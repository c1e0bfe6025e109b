/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The members of the kernel's types that the kernel side reads, for CO-RE: libbpf finds each member
 * in the running kernel's BTF by its name, so order and offsets here have no meaning. A suffix
 * after three underscores is a variant of a type, as older kernels have it.
 */
#ifndef NFTTRACED_BPF_KERNEL_H
#define NFTTRACED_BPF_KERNEL_H

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct task_struct {
	int pid;
	int tgid;
	char comm[16];
};

struct ns_common {
	unsigned int inum;
};

struct nf_hook_ops {
	void *priv; /* nf_tables: the base chain */
	int priority;
};

struct nf_hook_entry {
	void *hook;
	void *priv;
};

/* In the order in which they are called; as many pointers to struct nf_hook_ops follow. */
struct nf_hook_entries {
	__u16 num_hook_entries;
	struct nf_hook_entry hooks[0];
};

struct netns_nf { /* by hook; NULL: no function is registered */
	struct nf_hook_entries *hooks_ipv4[1];
	struct nf_hook_entries *hooks_ipv6[1];
	struct nf_hook_entries *hooks_bridge[1];
};

struct user_namespace {
	int level; /* 0: the first one */
};

struct net {
	struct ns_common ns;
	__u64 net_cookie;
	struct user_namespace *user_ns;
	struct netns_nf nf;
};

typedef struct {
	int counter;
} atomic_t;

struct refcount_struct {
	atomic_t refs;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net_device {
	char name[16];
	int ifindex;
	possible_net_t nd_net;
};

struct sock_common {
	possible_net_t skc_net;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
};

struct sk_buff {
	struct sk_buff *next;
	struct sock *sk;
	struct net_device *dev;
	unsigned long _nfct;
	unsigned int len;
	unsigned int data_len;
	__u8 cloned : 1;
	__u8 nohdr : 1;
	__u8 fclone : 2;
	__u8 ip_summed : 2;
	__u8 csum_level : 2;
	__u32 csum;
	__u16 csum_start;
	__u16 csum_offset;
	__u32 priority;
	__u32 hash;
	int skb_iif;
	__u32 vlan_all; /* since 6.2; not 0: there is a tag */
	__be16 vlan_proto;
	__u16 vlan_tci;
	__u8 vlan_present : 1; /* until 6.1 */
	__u8 unreadable : 1; /* since 6.12: fragments in device memory */
	__be16 protocol;
	__u16 network_header;
	__u16 mac_header;
	unsigned int end;
	unsigned char *head;
	unsigned char *data;
	struct refcount_struct users;
};

struct skb_frag { /* since 6.9 */
	unsigned long netmem;
	unsigned int len;
	unsigned int offset;
};

struct bio_vec { /* skb_frag_t before 6.9 */
	struct page *bv_page;
	unsigned int bv_len;
	unsigned int bv_offset;
};

struct skb_shared_info {
	__u8 flags;
	__u8 nr_frags;
	unsigned short gso_size;
	unsigned short gso_segs;
	struct sk_buff *frag_list;
	unsigned int gso_type;
	atomic_t dataref;
	struct skb_frag frags[1];
};

struct page {
	unsigned long flags;
};

struct nf_hook_state {
	__u8 hook;
	__u8 pf;
	struct net_device *in;
	struct net_device *out;
	struct net *net;
};

struct nft_pktinfo {
	struct sk_buff *skb;
	const struct nf_hook_state *state;
};

struct nft_chain;

struct nft_verdict {
	__u32 code;
	struct nft_chain *chain;
};

struct nft_rule_dp {
	/* 1, 12 and 42 bits of one word, which libbpf relocates; clang 14 can't declare them so. */
	__u64 is_last : 1;
	__u64 : 0;
	__u64 dlen : 1;
	__u64 : 0;
	__u64 handle : 1;
	unsigned char data[0];
};

struct nft_rule_blob {
	unsigned long size;
	unsigned char data[0];
};

struct nft_rule_dp_last { /* since 6.4 */
	struct nft_rule_dp end;
	const struct nft_chain *chain;
};

struct nft_table {
	__u64 handle;
	__u16 family : 6;
	char *name;
};

struct nft_chain {
	struct nft_rule_blob *blob_gen_0;
	struct nft_rule_blob *blob_gen_1;
	struct nft_table *table;
	__u64 handle;
	char *name;
};

struct nft_base_chain {
	__u8 policy;
	struct nft_chain chain;
};

struct nft_traceinfo {
	const struct nft_base_chain *basechain;
};

struct nft_traceinfo___6_3 { /* until 6.3 */
	const struct nft_pktinfo *pkt;
	const struct nft_base_chain *basechain;
	const struct nft_rule_dp *rule;
	const struct nft_verdict *verdict;
};

/* A direction of a connection. */
struct nf_conntrack_tuple {
	struct {
		union {
			__u32 all[4];
		} u3;
		union {
			__be16 all;
		} u;
		__u16 l3num;
	} src;
	struct {
		union {
			__u32 all[4];
		} u3;
		union {
			__be16 all;
		} u;
		__u8 protonum;
	} dst;
};

struct nf_conntrack_tuple_hash {
	struct nf_conntrack_tuple tuple;
};

struct nf_conntrack_zone {
	__u16 id;
	__u8 dir;
};

struct nf_ct_ext {
	__u8 offset[1]; /* by enum nf_ct_ext_id */
	__u8 len;
};

struct ip_ct_tcp {
	__u8 state;
};

enum sctp_conntrack {
	SCTP_CONNTRACK_NONE,
};

struct ip_ct_sctp {
	enum sctp_conntrack state;
	__be32 vtag[2];
};

union nf_conntrack_proto {
	struct ip_ct_tcp tcp;
	struct ip_ct_sctp sctp;
};

struct nf_conn {
	struct nf_conntrack_zone zone;
	struct nf_conntrack_tuple_hash tuplehash[2]; /* original, reply */
	unsigned long status;
	struct nf_conn *master;
	__u32 mark;
	struct nf_ct_ext *ext;
	union nf_conntrack_proto proto;
};

#pragma clang attribute pop

enum nf_ct_ext_id {
	NF_CT_EXT_LABELS = 0, /* libbpf replaces it by the kernel's number */
};

/* Verdicts: include/uapi/linux/netfilter.h and netfilter/nf_tables.h. */
enum {
	NETFILTER_VERDICT_MASK = 0xff,
	NETFILTER_QUEUE_SHIFT = 16,
	NETFILTER_QUEUE = 3,
	TABLES_CONTINUE = -1,
	TABLES_JUMP = -3,
	TABLES_GOTO = -4,
	TABLES_RETURN = -5,
};

enum {
	NETFILTER_PROTO_IPV4 = 2, /* NFPROTO_IPV4 */
	NETFILTER_PROTO_IPV6 = 10,
	NETFILTER_PROTO_NETDEV = 5, /* NFPROTO_NETDEV */
	NETFILTER_PROTO_BRIDGE = 7, /* NFPROTO_BRIDGE */
	NETFILTER_HOOK_NETDEV_EGRESS = 1, /* NF_NETDEV_EGRESS */
	/* The same numbers for IPv4, IPv6 and bridges: NF_INET_*, NF_BR_*. */
	NETFILTER_HOOK_PRE_ROUTING = 0,
	NETFILTER_HOOK_LOCAL_OUT = 3,
	NETFILTER_HOOKS = 5,
	NETFILTER_HOOK_CALLS_MAX = 1024, /* MAX_HOOK_COUNT */
	NETFILTER_PRIORITY_CONNTRACK = -200, /* NF_IP_PRI_CONNTRACK */
};

enum {
	ERROR_POINTER = -4095, /* the lowest address that is an error instead: -MAX_ERRNO */
	SEGMENTS_MAX = 65535, /* GSO_MAX_SEGS: of one packet */
};

enum {
	CHECKSUM_PARTIAL = 3, /* skb->ip_summed */
	DATAREF_MASK = 0xffff, /* SKB_DATAREF_MASK */
};

/* skb->_nfct and nf_conn.status: include/linux/skbuff.h and uapi/linux/netfilter. */
enum {
	CONNECTION_INFO = 7, /* NFCT_INFOMASK: enum ip_conntrack_info, the rest is the address */
	CONNECTION_TEMPLATE = 1 << 11, /* IPS_TEMPLATE: a template for connections */
	PROTOCOL_TCP = 6,
	PROTOCOL_DCCP = 33,
	PROTOCOL_SCTP = 132,
};

enum {
	MAC_HEADER_UNSET = 0xffff, /* skb_mac_header_was_set */
	ETHERNET_HEADER = 14,
	ETHERNET_ADDRESSES = 12, /* before the ethertype */
	ETHERNET_TYPE_LEAST = 0x600,
	ETHERNET_VLAN = 0x8100,
	ETHERNET_VLAN_SERVICE = 0x88a8,
	VLAN_TAG = 4,
};

#endif
