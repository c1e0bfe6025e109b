/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records the packet's connection, which skb->_nfct leads to. Works whether conntrack was loaded
 * before or after the pipeline: its types are in vmlinux or in the BTF of nf_tables, which depends
 * on it.
 */
#ifndef NFTTRACED_BPF_CONNECTION_H
#define NFTTRACED_BPF_CONNECTION_H

#include "bpf/stage-emit.h"

#define LABELS_SIZE (2 * sizeof(__u64)) /* bytes, NF_CT_LABELS_MAX_SIZE */

static __always_inline __u32 tuple_words(__u16 family)
{
	if (family == NETFILTER_PROTO_IPV4)
		return 1;
	return family == NETFILTER_PROTO_IPV6 ? 4 : 0;
}

/* Writes both addresses of a tuple, each `words` long, and the ports. */
static __always_inline void record_tuple(const struct nf_conntrack_tuple *tuple,
	struct event_tuple *ports, __u32 *addresses, __u32 words)
{
	ports->source = bpf_ntohs(tuple->src.u.all);
	ports->destination = bpf_ntohs(tuple->dst.u.all);
	addresses[0] = tuple->src.u3.all[0];
	if (words == 1) {
		addresses[1] = tuple->dst.u3.all[0];
		return;
	}
	addresses[1] = tuple->src.u3.all[1];
	addresses[2] = tuple->src.u3.all[2];
	addresses[3] = tuple->src.u3.all[3];
	addresses[4] = tuple->dst.u3.all[0];
	addresses[5] = tuple->dst.u3.all[1];
	addresses[6] = tuple->dst.u3.all[2];
	addresses[7] = tuple->dst.u3.all[3];
}

static __always_inline void record_zone(struct event_connection *connection, __u64 address)
{
	const struct nf_conn *conn = NULL;
	__u64 span[1];

	connection->zone_direction = EVENT_ZONE_DEFAULT;
	if (bpf_core_field_exists(struct nf_conn, zone))
		conn = object_open(address, span, struct nf_conn, zone, zone);
	if (conn) {
		connection->zone = conn->zone.id;
		connection->zone_direction = conn->zone.dir;
	}
}

static __always_inline void record_protocol(struct event_connection *connection, __u64 address)
{
	__u64 vtags = address + bpf_core_field_offset(struct nf_conn, proto.sctp.vtag);

	if (connection->protocol == PROTOCOL_TCP) {
		connection->state =
			byte_read(address + bpf_core_field_offset(struct nf_conn, proto.tcp.state));
	} else if (connection->protocol == PROTOCOL_SCTP) {
		connection->state = half_read(
			address + bpf_core_field_offset(struct nf_conn, proto.sctp.state));
		connection->vtag[0] = bpf_ntohl(half_read(vtags));
		connection->vtag[1] = bpf_ntohl(half_read(vtags + sizeof(__u32)));
	}
}

/* Writes the labels of an extension to `target`. False: it has none. */
static __always_inline bool record_labels(__u64 extension, __u32 *target)
{
	const struct nf_ct_ext *header;
	__u64 span[3], words[2];
	__u32 offset;

	if (!extension || !bpf_core_enum_value_exists(enum nf_ct_ext_id, NF_CT_EXT_LABELS))
		return false;
	header = object_open(extension, span, struct nf_ct_ext, offset, len);
	if (!header)
		return false;
	offset = ((const __u8 *)&header
			  ->offset)[bpf_core_enum_value(enum nf_ct_ext_id, NF_CT_EXT_LABELS)];
	if (!offset || offset + LABELS_SIZE > header->len)
		return false;
	words[0] = word_read(extension + offset);
	words[1] = word_read(extension + offset + sizeof(__u64));
	__builtin_memcpy(target, words, sizeof(words));
	return true;
}

/* Appends a connection; returns its size, 0: it can't be read, or is a template. */
static __always_inline __u32 record_connection(struct frame *frame, struct call_notes *notes,
	__u32 offset, __u64 address, __u64 *ret_master)
{
	struct event_connection *connection;
	const struct nf_conn *peers, *rest;
	__u32 words, *addresses;
	__u64 status;

	peers = object_open(address, notes->skb_span, struct nf_conn, tuplehash, status);
	if (!peers || !record_bounded(offset))
		return 0;
	status = peers->status;
	words = tuple_words(peers->tuplehash[0].tuple.src.l3num);
	if (status & CONNECTION_TEMPLATE || !words)
		return 0;

	connection = (struct event_connection *)(frame->record + offset);
	__builtin_memset(connection, 0, sizeof(*connection));
	addresses = (__u32 *)(connection + 1);
	connection->status = status;
	connection->family = peers->tuplehash[0].tuple.src.l3num;
	connection->protocol = peers->tuplehash[0].tuple.dst.protonum;
	record_tuple(&peers->tuplehash[0].tuple, &connection->tuples[0], addresses, words);
	addresses += 2 * words;
	record_tuple(&peers->tuplehash[1].tuple, &connection->tuples[1], addresses, words);
	addresses += 2 * words;
	record_zone(connection, address);
	record_protocol(connection, address);

	rest = object_open(address, notes->chain_span, struct nf_conn, master, ext);
	*ret_master = 0;
	if (rest) {
		if (bpf_core_field_exists(struct nf_conn, mark)) {
			connection->mark = rest->mark;
			connection->flags |= EVENT_CT_MARK;
		}
		if (record_labels((__u64)rest->ext, addresses)) {
			connection->flags |= EVENT_CT_LABELS;
			addresses += LABELS_SIZE / sizeof(__u32);
		}
		*ret_master = (__u64)rest->master;
	}
	return (void *)addresses - (void *)connection;
}

/* Searches the functions of a hook for connection tracking. */
struct hook_walk {
	__u64 calls; /* struct nf_hook_entry */
	__u64 options; /* of pointers to struct nf_hook_ops */
	__u64 own; /* the packet's chain, where the walk ends; 0: another hook */
	__u64 found;
};

/*
 * Handles one function of a hook; called by bpf_loop. Nonzero: the end. At the priority of
 * connection tracking there are its own functions and chains of nf_tables, and only chains have
 * priv set.
 */
static long hook_walk_step(__u32 step, struct hook_walk *walk)
{
	__u64 priv = word_read(walk->calls + step * bpf_core_type_size(struct nf_hook_entry) +
		bpf_core_field_offset(struct nf_hook_entry, priv));
	__s32 priority;

	if (walk->own && priv == walk->own)
		return 1;
	priority = half_read(word_read(walk->options + step * sizeof(__u64)) +
		bpf_core_field_offset(struct nf_hook_ops, priority));
	walk->found = priority == NETFILTER_PRIORITY_CONNTRACK && !priv;
	return walk->found || priority > NETFILTER_PRIORITY_CONNTRACK;
}

/* The functions of a namespace's hook: struct nf_hook_entries; 0: none. */
static __always_inline __u64 hook_calls(__u64 net, __u8 protocol, __u32 number)
{
	__u64 offset;

	if (protocol == NETFILTER_PROTO_IPV4)
		offset = bpf_core_field_offset(struct net, nf.hooks_ipv4);
	else if (protocol == NETFILTER_PROTO_IPV6)
		offset = bpf_core_field_offset(struct net, nf.hooks_ipv6);
	else if (protocol == NETFILTER_PROTO_BRIDGE &&
		bpf_core_field_exists(struct net, nf.hooks_bridge))
		offset = bpf_core_field_offset(struct net, nf.hooks_bridge);
	else
		return 0;
	return word_read(net + offset + number * sizeof(__u64));
}

/*
 * True if connection tracking has seen the packet: it is active in the namespace, and called before
 * the chain. It sees packets at prerouting and output; all other hooks come after these. Not
 * static, so that the verifier checks it only once.
 */
__noinline __u32 conntrack_passed(__u64 state, __u64 chain)
{
	__u32 number = byte_read(state + bpf_core_field_offset(struct nf_hook_state, hook));
	__u8 protocol = byte_read(state + bpf_core_field_offset(struct nf_hook_state, pf));
	__u64 net = word_read(state + bpf_core_field_offset(struct nf_hook_state, net)), calls;
	struct hook_walk walk = { .own = chain };
	__u32 count;

	if (!net || number >= NETFILTER_HOOKS)
		return 0;
	if (number != NETFILTER_HOOK_PRE_ROUTING && number != NETFILTER_HOOK_LOCAL_OUT) {
		number = NETFILTER_HOOK_PRE_ROUTING;
		walk.own = 0;
	}
	calls = hook_calls(net, protocol, number);
	if (!calls)
		return 0;
	count = half_read(calls + bpf_core_field_offset(struct nf_hook_entries, num_hook_entries)) &
		0xffff;
	if (count > NETFILTER_HOOK_CALLS_MAX)
		return 0;
	walk.calls = calls + bpf_core_field_offset(struct nf_hook_entries, hooks);
	walk.options = walk.calls + count * bpf_core_type_size(struct nf_hook_entry);
	bpf_loop(count, hook_walk_step, &walk, 0);
	return walk.found != 0;
}

/* Records that a packet has no connection although connection tracking has seen it. */
static __always_inline __u32 record_ct_none(
	struct frame *frame, struct call_notes *notes, __u32 offset)
{
	struct event_ct *section;
	__u64 base;

	/* At other probes the hook is not known. */
	if (frame->probe != 1u << EVENT_PROBE_NFT)
		return offset;
	base = notes->basechain ? notes->basechain : basechain_read(notes->info);
	if (!conntrack_passed(notes->state, chain_of_base(base)) || !record_bounded(offset))
		return offset;
	section = (struct event_ct *)(frame->record + offset);
	__builtin_memset(section, 0, sizeof(*section));
	section->section.type = EVENT_SECTION_CT;
	section->section.size = sizeof(*section);
	section->info = EVENT_CT_INVALID;
	return offset + sizeof(*section);
}

static __always_inline __u32 record_ct(struct frame *frame, struct call_notes *notes, __u32 offset)
{
	struct event_connection *connection;
	__u64 reference, master, end_of_line;
	struct event_ct *section;
	__u32 end, length;

	if (!bpf_core_field_exists(struct sk_buff, _nfct))
		return offset;
	reference = word_read(notes->skb + bpf_core_field_offset(struct sk_buff, _nfct));
	if (!reference)
		return record_ct_none(frame, notes, offset);
	if (!record_bounded(offset))
		return offset;
	section = (struct event_ct *)(frame->record + offset);
	__builtin_memset(section, 0, sizeof(*section));
	section->info = reference & CONNECTION_INFO;
	end = offset + sizeof(*section);

	reference &= ~(__u64)CONNECTION_INFO;
	if (reference && bpf_core_type_exists(struct nf_conn)) {
		length = record_connection(frame, notes, end, reference, &master);
		if (!length)
			return offset;
		connection = (struct event_connection *)(section + 1);
		section->flags = EVENT_CT_CONNECTION;
		end += length;
		if (master) {
			length = record_connection(frame, notes, end, master, &end_of_line);
			if (length)
				connection->flags |= EVENT_CT_MASTER;
			end += length;
		}
	}
	section->section.type = EVENT_SECTION_CT;
	section->section.size = end - offset;
	return record_align(frame, end);
}

#endif
