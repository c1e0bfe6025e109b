/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walk's steps for tunnels, for headers between link and network, and for protocols of
 * routers, see packet-steps.h. Stateless. */
#include <linux/if_ether.h>

#include "journal/event/packet-steps.h"

#define LLC_SNAP        0xaa
#define LLC_UNNUMBERED  0x03
#define LLC_SNAP_LENGTH 8
#define LLC_SNAP_OUI    0x000000

#define MPLS_LENGTH       4
#define MPLS_LABEL_SHIFT  12
#define MPLS_BOTTOM       0x100
#define MPLS_LABEL_IPV4   0 /* explicit null: what follows is IPv4 */
#define MPLS_LABEL_IPV6   2
#define MPLS_VERSION_IPV4 4 /* else the first nibble decides */
#define MPLS_VERSION_IPV6 6

#define PPPOE_VERSION 0x11 /* version and type */

#define PPP_ADDRESS        0xff
#define PPP_CONTROL        0x03
#define PPP_COMPRESSED_BIT 0x01 /* a first byte that is odd is the whole protocol */
#define PPP_IPV4           0x0021
#define PPP_IPV6           0x0057

#define GRE_HEADER_LENGTH 4
#define GRE_WORD          4 /* bytes of each part that a flag announces */
#define GRE_ROUTE_LENGTH  4 /* of a source route entry's header; one with length 0 ends them */

#define GRE_CHECKSUM        0x8000
#define GRE_ROUTING         0x4000
#define GRE_KEY             0x2000
#define GRE_SEQUENCE        0x1000
#define GRE_ACKNOWLEDGEMENT 0x0080 /* of version 1 */
#define GRE_VERSION_MASK    0x0007
#define GRE_VERSION_PPTP    1

#define ETHERTYPE_PPP     0x880b
#define ETHERTYPE_ERSPAN3 0x22eb

#define ERSPAN2_LENGTH    8
#define ERSPAN3_LENGTH    12
#define ERSPAN3_SUBHEADER 8 /* there if the header's last bit is set */

#define ETHERIP_VERSION 3
#define EIGRP_VERSION   2
#define ROUTING_OLD     2 /* versions of OSPF and VRRP: for IPv4, and the one for IPv6, too */
#define ROUTING_NEW     3

#define PIM_VERSION         2
#define PIM_REGISTER        1
#define PIM_REGISTER_LENGTH 8 /* with the flags, before the packet inside */
#define PIM_REGISTER_NULL   0x40 /* of the flags' first byte */

#define VXLAN_PORT           4789
#define VXLAN_PORT_LINUX     8472 /* the kernel's default, older than the assigned one */
#define GENEVE_PORT          6081
#define GENEVE_LENGTH        8
#define GENEVE_OPTIONS       0x3f /* length of the options, in units of 4 bytes */
#define GENEVE_VERSION_SHIFT 6
#define IPSEC_NAT_PORT       4500

#define L2TP_PORT         1701
#define L2TP_CONTROL      0x8000
#define L2TP_LENGTH       0x4000
#define L2TP_SEQUENCE     0x0800
#define L2TP_OFFSET       0x0200
#define L2TP_VERSION_MASK 0x000f
#define L2TP_VERSION      2

/* The ethertype was the length. */
void walk_802_3(struct packet_walk *walk)
{
	walk_follow(walk, PACKET_LLC, 0, span_clip(walk->header.span, walk->header.number));
}

void walk_llc(struct packet_walk *walk)
{
	struct packet_header *header = &walk->header;
	struct span span = header->span;

	if (span.bytes[0] != LLC_SNAP || span.bytes[1] != LLC_SNAP ||
		span.bytes[2] != LLC_UNNUMBERED || span.length < LLC_SNAP_LENGTH)
		return;
	header->kind = PACKET_SNAP;
	header->length = LLC_SNAP_LENGTH;
	if ((span_u32(span, 2) & 0xffffff) == LLC_SNAP_OUI)
		walk_ethertype(walk, span_u16(span, 6), span_skip(span, LLC_SNAP_LENGTH));
}

void walk_mpls(struct packet_walk *walk)
{
	struct packet_header *header = &walk->header;
	struct span span = header->span;
	uint32_t entry, label;

	do {
		if (span.length < MPLS_LENGTH) {
			header->problem = PACKET_TRUNCATED;
			return;
		}
		entry = span_u32(span, 0);
		span = span_skip(span, MPLS_LENGTH);
		header->length += MPLS_LENGTH;
	} while (!(entry & MPLS_BOTTOM));
	if (span.length == 0)
		return;
	label = entry >> MPLS_LABEL_SHIFT;
	if (label == MPLS_LABEL_IPV4 || span.bytes[0] >> 4 == MPLS_VERSION_IPV4)
		walk_ethertype(walk, ETH_P_IP, span);
	else if (label == MPLS_LABEL_IPV6 || span.bytes[0] >> 4 == MPLS_VERSION_IPV6)
		walk_ethertype(walk, ETH_P_IPV6, span);
}

void walk_pppoe(struct packet_walk *walk)
{
	struct packet_header *header = &walk->header;
	struct span span = header->span;

	header->version = span.bytes[0] >> 4;
	if (span.bytes[0] != PPPOE_VERSION)
		header->problem = PACKET_BAD_VERSION;
	else if (header->number == ETH_P_PPP_SES)
		walk_follow(walk, PACKET_PPP, 0,
			span_clip(span_skip(span, header->length), span_u16(span, 4)));
}

/* The protocol has one byte or two, and may follow an address that is always the same. */
void walk_ppp(struct packet_walk *walk)
{
	struct packet_header *header = &walk->header;
	struct span span = header->span;
	size_t length;

	if (span.length >= 2 && span.bytes[0] == PPP_ADDRESS && span.bytes[1] == PPP_CONTROL)
		span = span_skip(span, 2);
	length = span.length > 0 && span.bytes[0] & PPP_COMPRESSED_BIT ? 1 : 2;
	if (span.length < length) {
		header->problem = PACKET_SHORT;
		return;
	}
	header->number = length == 1 ? span.bytes[0] : span_u16(span, 0);
	span = span_skip(span, length);
	header->length = (size_t)(span.bytes - header->span.bytes);
	if (header->number == PPP_IPV4)
		walk_ethertype(walk, ETH_P_IP, span);
	else if (header->number == PPP_IPV6)
		walk_ethertype(walk, ETH_P_IPV6, span);
}

/* The length of source routes, as they were before RFC 2784; SIZE_MAX if the bytes end there. */
static size_t gre_routes_length(struct span span)
{
	size_t length = 0;

	while (span.length >= GRE_ROUTE_LENGTH) {
		size_t size = GRE_ROUTE_LENGTH + (size_t)span.bytes[3];
		bool last = size == GRE_ROUTE_LENGTH && span_u16(span, 0) == 0;

		span = span_skip(span, size);
		length += size;
		if (last)
			return length;
	}
	return SIZE_MAX;
}

/* What the ethertype in GRE says. */
static void gre_payload(
	struct packet_walk *walk, uint16_t flags, uint16_t ethertype, struct span payload)
{
	switch (ethertype) {
	case 0: /* a keepalive has nothing in it */
		break;
	case ETH_P_ERSPAN:
		walk_follow(walk, PACKET_ERSPAN, flags & GRE_SEQUENCE ? 2 : 1, payload);
		break;
	case ETHERTYPE_ERSPAN3:
		walk_follow(walk, PACKET_ERSPAN, 3, payload);
		break;
	case ETHERTYPE_PPP:
		walk_follow(walk, PACKET_PPP, 0, payload);
		break;
	default:
		walk_ethertype(walk, ethertype, payload);
		break;
	}
}

/* Version 1 is PPTP's: the key is a length and a call's number, and it may acknowledge. */
static void gre_pptp(struct packet_walk *walk, uint16_t flags)
{
	struct packet_header *header = &walk->header;
	struct span span = header->span;

	header->length += GRE_WORD + (flags & GRE_SEQUENCE ? GRE_WORD : 0) +
		(flags & GRE_ACKNOWLEDGEMENT ? GRE_WORD : 0);
	if (span.length < header->length)
		header->problem = PACKET_TRUNCATED;
	else if (span_u16(span, GRE_HEADER_LENGTH) > 0)
		walk_follow(walk, PACKET_PPP, 0,
			span_clip(span_skip(span, header->length),
				span_u16(span, GRE_HEADER_LENGTH)));
}

void walk_gre(struct packet_walk *walk)
{
	struct packet_header *header = &walk->header;
	struct span span = header->span;
	uint16_t flags = span_u16(span, 0);

	header->version = flags & GRE_VERSION_MASK;
	if (header->version > GRE_VERSION_PPTP) {
		header->problem = PACKET_BAD_VERSION;
		return;
	}
	if (header->version == GRE_VERSION_PPTP) {
		gre_pptp(walk, flags);
		return;
	}
	header->length += (flags & (GRE_CHECKSUM | GRE_ROUTING) ? GRE_WORD : 0) +
		(flags & GRE_KEY ? GRE_WORD : 0) + (flags & GRE_SEQUENCE ? GRE_WORD : 0);
	if (flags & GRE_ROUTING) {
		size_t routes = gre_routes_length(span_skip(span, header->length));

		header->length = routes == SIZE_MAX ? SIZE_MAX : header->length + routes;
	}
	if (span.length < header->length)
		header->problem = PACKET_TRUNCATED;
	gre_payload(walk, flags, span_u16(span, 2), span_skip(span, header->length));
}

/* The frame that a switch mirrored: type 1 has no header of its own. */
void walk_erspan(struct packet_walk *walk)
{
	static const uint8_t lengths[] = { 0, 0, ERSPAN2_LENGTH, ERSPAN3_LENGTH };
	struct packet_header *header = &walk->header;
	struct span span = header->span;

	header->length = lengths[header->number];
	if (span.length < header->length) {
		header->problem = PACKET_SHORT;
		return;
	}
	if (header->number == 3 && span.bytes[ERSPAN3_LENGTH - 1] & 1)
		header->length += ERSPAN3_SUBHEADER;
	walk_follow(walk, PACKET_ETHERNET, 0, span_skip(span, header->length));
}

void walk_etherip(struct packet_walk *walk)
{
	struct packet_header *header = &walk->header;

	if (header_has_version(header, header->span.bytes[0] >> 4, ETHERIP_VERSION))
		walk_follow(walk, PACKET_ETHERNET, 0, span_skip(header->span, header->length));
}

void walk_eigrp(struct packet_walk *walk)
{
	header_has_version(&walk->header, walk->header.span.bytes[0], EIGRP_VERSION);
}

void walk_ospf(struct packet_walk *walk)
{
	uint8_t version = walk->header.span.bytes[0];

	header_has_version(
		&walk->header, version, version == ROUTING_OLD ? ROUTING_OLD : ROUTING_NEW);
}

void walk_vrrp(struct packet_walk *walk)
{
	uint8_t version = walk->header.span.bytes[0] >> 4;

	header_has_version(
		&walk->header, version, version == ROUTING_OLD ? ROUTING_OLD : ROUTING_NEW);
}

/* A register message has a multicast packet for the rendezvous point in it, or none. */
void walk_pim(struct packet_walk *walk)
{
	struct packet_header *header = &walk->header;
	struct span span = header->span;

	if (!header_has_version(header, span.bytes[0] >> 4, PIM_VERSION) ||
		(span.bytes[0] & 0xf) != PIM_REGISTER)
		return;
	header->length = PIM_REGISTER_LENGTH;
	if (span.length < PIM_REGISTER_LENGTH) {
		header->problem = PACKET_TRUNCATED;
		return;
	}
	span = span_skip(span, PIM_REGISTER_LENGTH);
	if (span.length > 0 && !(header->span.bytes[4] & PIM_REGISTER_NULL))
		walk_ethertype(walk, span.bytes[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP, span);
}

void walk_vxlan(struct packet_walk *walk)
{
	walk_follow(walk, PACKET_ETHERNET, 0, span_skip(walk->header.span, walk->header.length));
}

void walk_geneve(struct packet_walk *walk)
{
	struct packet_header *header = &walk->header;
	struct span span = header->span;

	if (!header_has_version(header, span.bytes[0] >> GENEVE_VERSION_SHIFT, 0))
		return;
	header->length += (size_t)(span.bytes[0] & GENEVE_OPTIONS) * 4;
	if (header->length > span.wire)
		header->problem = PACKET_BAD_HEADER_LENGTH;
	else
		walk_ethertype(walk, span_u16(span, 2), span_skip(span, header->length));
}

/* L2TPv2 with PPP in it; of other versions only the number is known. */
void walk_l2tp(struct packet_walk *walk)
{
	struct packet_header *header = &walk->header;
	struct span span = header->span;
	uint16_t flags = span_u16(span, 0);

	header->version = flags & L2TP_VERSION_MASK;
	if (header->version != L2TP_VERSION)
		return;
	header->length += 4 + (flags & L2TP_LENGTH ? 2 : 0) + (flags & L2TP_SEQUENCE ? 4 : 0) +
		(flags & L2TP_OFFSET ? 2 : 0);
	if (span.length < header->length) {
		header->problem = PACKET_TRUNCATED;
		return;
	}
	if (flags & L2TP_OFFSET)
		header->length += span_u16(span, header->length - 2);
	if (!(flags & L2TP_CONTROL))
		walk_follow(walk, PACKET_PPP, 0, span_skip(span, header->length));
}

void walk_udp(struct packet_walk *walk, uint16_t source, uint16_t destination, struct span payload)
{
	/* Both ends use the same port. */
	if (source == IPSEC_NAT_PORT || destination == IPSEC_NAT_PORT)
		walk_follow(walk, PACKET_IPSEC_UDP, 0, payload);
	else if (source == L2TP_PORT || destination == L2TP_PORT)
		walk_follow(walk, PACKET_L2TP_UDP, 0, payload);
	else if (destination == VXLAN_PORT || destination == VXLAN_PORT_LINUX)
		walk_follow(walk, PACKET_VXLAN, 0, payload);
	else if (destination == GENEVE_PORT)
		walk_follow(walk, PACKET_GENEVE, 0, payload);
}
