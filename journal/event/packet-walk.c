/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walk over a packet's headers, see packet-walk.h: the steps of link, network and transport.
 * packet-tunnels.c has the others. Stateless. */
#include "journal/event/packet-walk.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include "journal/event/packet-steps.h"

#define IPV4_VERSION       4
#define IPV4_HEADER_LENGTH 20
#define IPV4_LENGTH_MASK   0xf /* of the first byte: the header's length in words */
#define IPV4_FLAG_MF       0x2000
#define IPV4_OFFSET_MASK   0x1fff

#define IPV6_VERSION              6
#define IPV6_HEADER_LENGTH        40
#define IPV6_EXTENSION_UNIT       8 /* bytes that an extension header's length counts in */
#define IPV6_FRAGMENT_OFFSET_MASK 0xfff8
#define IPV6_FRAGMENT_MORE        0x0001
#define IPV6_HIP                  139
#define IPV6_SHIM6                140

#define AH_FIELDS_LENGTH  12 /* without the integrity check value */
#define TCP_HEADER_LENGTH 20
#define TCP_OFFSET        12 /* of the byte with the header's length */
#define UDP_HEADER_LENGTH 8
#define UDP_LENGTH_MAX    65535 /* of the field */

/* What an IPv6 or extension header announces. */
static void walk_next_header(struct packet_walk *walk, uint8_t protocol, struct span payload)
{
	switch (protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
	case IPV6_HIP:
	case IPV6_SHIM6:
		walk_follow(walk,
			walk->extensions < PACKET_EXTENSIONS_MAX ? PACKET_EXTENSION
								 : PACKET_MORE_EXTENSIONS,
			protocol, payload);
		break;
	case IPPROTO_NONE: /* the rest must be ignored (RFC 8200) */
		break;
	default:
		walk_protocol(walk, protocol, payload);
		break;
	}
}

static void ethernet_step(struct packet_walk *walk)
{
	struct span span = walk->header.span;

	walk_ethertype(walk, span_u16(span, 2 * ETH_ALEN), span_skip(span, ETH_HLEN));
}

/* A tag is no packet of its own: it has no part in the depth. */
static void vlan_step(struct packet_walk *walk)
{
	struct span span = walk->header.span;
	uint16_t ethertype = span_u16(span, 2);

	walk_follow(walk, packet_kind_of_ethertype(ethertype), ethertype,
		span_skip(span, walk->header.length));
}

/* A total of 0 is a packet that is not complete yet, or too long for the field. */
static void ipv4_step(struct packet_walk *walk)
{
	struct packet_header *header = &walk->header;
	struct span span = header->span;
	uint16_t total = span_u16(span, 2), fragment = span_u16(span, 6);

	if (!header_has_version(header, span.bytes[0] >> 4, IPV4_VERSION))
		return;
	header->length = (size_t)(span.bytes[0] & IPV4_LENGTH_MASK) * sizeof(uint32_t);
	if (header->length < IPV4_HEADER_LENGTH) {
		header->problem = PACKET_BAD_HEADER_LENGTH;
		return;
	}
	if (total > 0) {
		if (total < header->length) {
			header->problem = PACKET_BAD_LENGTH;
			return;
		}
		span = span_clip(span, total);
	}
	if (fragment & IPV4_OFFSET_MASK)
		return;
	span.partial = span.partial || fragment & IPV4_FLAG_MF;
	walk_protocol(walk, header->span.bytes[9], span_skip(span, header->length));
}

static void ipv6_step(struct packet_walk *walk)
{
	struct span span = walk->header.span;
	uint16_t length = span_u16(span, 4);

	if (!header_has_version(&walk->header, span.bytes[0] >> 4, IPV6_VERSION))
		return;
	walk->extensions = 0;
	span = span_skip(span, IPV6_HEADER_LENGTH);
	/* 0: too long for the field. */
	if (length > 0)
		span = span_clip(span, length);
	walk_next_header(walk, walk->header.span.bytes[6], span);
}

static void extension_step(struct packet_walk *walk)
{
	struct packet_header *header = &walk->header;
	struct span span = header->span;

	walk->extensions++;
	if (span.length < IPV6_EXTENSION_UNIT) {
		header->problem = PACKET_TRUNCATED;
		return;
	}
	header->length = IPV6_EXTENSION_UNIT;
	if (header->number == IPPROTO_FRAGMENT) {
		if (span_u16(span, 2) & IPV6_FRAGMENT_OFFSET_MASK)
			return;
		if (span_u16(span, 2) & IPV6_FRAGMENT_MORE)
			span.partial = true;
	} else {
		header->length *= (size_t)span.bytes[1] + 1;
	}
	if (span.length < header->length)
		header->problem = PACKET_TRUNCATED;
	walk_next_header(walk, span.bytes[0], span_skip(span, header->length));
}

static void ah_step(struct packet_walk *walk)
{
	struct packet_header *header = &walk->header;
	struct span span = header->span;

	header->length = ((size_t)span.bytes[1] + 2) * sizeof(uint32_t);
	if (span.length < AH_FIELDS_LENGTH)
		header->problem = PACKET_SHORT;
	else if (header->length < AH_FIELDS_LENGTH || (header->length > span.wire && !span.partial))
		header->problem = PACKET_BAD_LENGTH;
	else if (span.length < header->length)
		header->problem = PACKET_TRUNCATED;
	walk_protocol(walk, span.bytes[0], span_skip(span, header->length));
}

static void tcp_step(struct packet_walk *walk)
{
	struct packet_header *header = &walk->header;

	header->length = (size_t)(header->span.bytes[TCP_OFFSET] >> 4) * sizeof(uint32_t);
	if (header->length < TCP_HEADER_LENGTH || header->length > header->span.wire)
		header->problem = PACKET_BAD_HEADER_LENGTH;
}

/* A length of 0 is a packet that is too long for the field. */
static void udp_step(struct packet_walk *walk)
{
	struct packet_header *header = &walk->header;
	struct span span = header->span;
	uint16_t length = span_u16(span, 4);

	if (length < UDP_HEADER_LENGTH && (length > 0 || span.wire <= UDP_LENGTH_MAX)) {
		header->problem = PACKET_BAD_LENGTH;
		return;
	}
	walk_udp(walk, span_u16(span, 0), span_u16(span, 2),
		span_skip(length > 0 ? span_clip(span, length) : span, UDP_HEADER_LENGTH));
}

/* The bytes that each kind always has, and what the step reads behind that check. */
static const struct {
	uint8_t least;
	void (*step)(struct packet_walk *walk);
} kinds[PACKET_KINDS] = {
	[PACKET_ETHERNET] = { ETH_HLEN, ethernet_step },
	[PACKET_VLAN] = { 4, vlan_step },
	[PACKET_802_3] = { 0, walk_802_3 },
	[PACKET_LLC] = { 3, walk_llc },
	[PACKET_MPLS] = { 0, walk_mpls },
	[PACKET_PPPOE] = { 6, walk_pppoe },
	[PACKET_ARP] = { 28, NULL },
	[PACKET_IPV4] = { IPV4_HEADER_LENGTH, ipv4_step },
	[PACKET_IPV6] = { IPV6_HEADER_LENGTH, ipv6_step },
	[PACKET_EXTENSION] = { 0, extension_step },
	[PACKET_AH] = { 8, ah_step },
	[PACKET_TCP] = { TCP_HEADER_LENGTH, tcp_step },
	[PACKET_UDP] = { UDP_HEADER_LENGTH, udp_step },
	[PACKET_UDPLITE] = { UDP_HEADER_LENGTH, NULL },
	[PACKET_SCTP] = { 12, NULL },
	[PACKET_DCCP] = { 12, NULL },
	[PACKET_ICMP] = { 4, NULL },
	[PACKET_IGMP] = { 8, NULL },
	[PACKET_ESP] = { 8, NULL },
	[PACKET_IPCOMP] = { 4, NULL },
	[PACKET_GRE] = { 4, walk_gre },
	[PACKET_ETHERIP] = { 2, walk_etherip },
	[PACKET_L2TP_IP] = { 4, NULL },
	[PACKET_EIGRP] = { 20, walk_eigrp },
	[PACKET_OSPF] = { 16, walk_ospf },
	[PACKET_PIM] = { 4, walk_pim },
	[PACKET_VRRP] = { 8, walk_vrrp },
	[PACKET_PPP] = { 0, walk_ppp },
	[PACKET_ERSPAN] = { 0, walk_erspan },
	[PACKET_VXLAN] = { 8, walk_vxlan },
	[PACKET_GENEVE] = { 8, walk_geneve },
	[PACKET_L2TP_UDP] = { 2, walk_l2tp },
};

void packet_walk_start(
	struct packet_walk *ret, enum packet_kind first, uint16_t number, struct span span)
{
	ret->depth = 0;
	ret->extensions = 0;
	walk_follow(ret, first, number, span);
}

void packet_walk_start_ethertype(struct packet_walk *ret, uint16_t ethertype, struct span span)
{
	packet_walk_start(ret, packet_kind_of_ethertype(ethertype), ethertype, span);
	ret->depth = 1;
}

bool packet_walk_next(struct packet_walk *walk)
{
	struct packet_header *header = &walk->header;
	enum packet_kind kind = walk->next;

	if (kind == PACKET_END)
		return false;
	header->kind = kind;
	header->problem = PACKET_FINE;
	header->number = walk->next_number;
	header->length = kinds[kind].least;
	header->span = walk->payload;
	walk->next = PACKET_END;
	if (header->span.length < kinds[kind].least)
		header->problem = PACKET_SHORT;
	else if (kinds[kind].step)
		kinds[kind].step(walk);
	return true;
}

struct span packet_walk_ports(const struct packet_walk *walk)
{
	struct packet_walk ahead;

	if (walk->next == PACKET_EXTENSION || walk->next == PACKET_AH) {
		ahead = *walk;
		walk = &ahead;
		while (ahead.next == PACKET_EXTENSION || ahead.next == PACKET_AH) {
			packet_walk_next(&ahead);
			if (ahead.header.problem)
				return (struct span){ 0 };
		}
	}
	if (walk->next >= PACKET_TCP && walk->next <= PACKET_DCCP)
		return walk->payload;
	return (struct span){ 0 };
}
