/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk over a packet's headers, one header a step: what it is, where it lies, how long it is
 * and what is wrong with it. A step reads no more than the header itself, so a caller pays for the
 * headers that it asks for. The bytes are hostile and may end anywhere; packets inside packets and
 * extension headers are limited, and no step calls another. A walk points into the packet and owns
 * nothing; any thread.
 */
#ifndef NFTTRACED_JOURNAL_EVENT_PACKET_WALK_H
#define NFTTRACED_JOURNAL_EVENT_PACKET_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Packets and frames inside each other that are walked, including the outermost. */
#define PACKET_DEPTH_MAX 8

/* Extension headers of one IPv6 packet that are walked. */
#define PACKET_EXTENSIONS_MAX 16

/* The rest of a packet. `wire` is never less than `length`. */
struct span {
	const uint8_t *bytes;
	size_t length; /* bytes that are there */
	size_t wire; /* bytes that were sent, as of the headers around them */
	bool partial; /* a fragment: more of it is in other packets */
};

static inline struct span span_skip(struct span span, size_t length)
{
	size_t there = length < span.length ? length : span.length;

	span.bytes += there;
	span.length -= there;
	span.wire -= length < span.wire ? length : span.wire;
	return span;
}

static inline struct span span_clip(struct span span, size_t wire)
{
	if (span.wire > wire)
		span.wire = wire;
	if (span.length > wire)
		span.length = wire;
	return span;
}

/* The caller has checked that the bytes are there. */
static inline uint16_t span_u16(struct span span, size_t offset)
{
	return (uint16_t)(span.bytes[offset] << 8 | span.bytes[offset + 1]);
}

static inline uint32_t span_u32(struct span span, size_t offset)
{
	return (uint32_t)span_u16(span, offset) << 16 | span_u16(span, offset + 2);
}

enum packet_kind {
	PACKET_END, /* no header */
	PACKET_MORE, /* no header: packets inside beyond the limit */

	/* Link and network; what follows an ethertype. */
	PACKET_ETHERNET,
	PACKET_VLAN,
	PACKET_802_3, /* no header: the ethertype before it is a length, and LLC follows */
	PACKET_LLC,
	PACKET_SNAP,
	PACKET_MPLS, /* all labels */
	PACKET_PPPOE,
	PACKET_ARP,
	PACKET_IPV4,
	PACKET_IPV6,
	PACKET_ETHERTYPE, /* one that the walk does not know */

	/* What follows a protocol of IP. */
	PACKET_EXTENSION, /* one extension header of IPv6 */
	PACKET_MORE_EXTENSIONS, /* no header: those beyond the limit */
	PACKET_AH,
	PACKET_TCP,
	PACKET_UDP,
	PACKET_UDPLITE,
	PACKET_SCTP,
	PACKET_DCCP,
	PACKET_ICMP, /* and ICMPv6 */
	PACKET_IGMP,
	PACKET_ESP,
	PACKET_IPCOMP,
	PACKET_GRE,
	PACKET_ETHERIP,
	PACKET_L2TP_IP,
	PACKET_EIGRP,
	PACKET_OSPF,
	PACKET_PIM,
	PACKET_VRRP,
	PACKET_PROTOCOL, /* one that the walk does not know */

	/* What GRE, PPPoE and UDP contain. */
	PACKET_PPP,
	PACKET_ERSPAN,
	PACKET_VXLAN,
	PACKET_GENEVE,
	PACKET_L2TP_UDP,
	PACKET_IPSEC_UDP,

	PACKET_KINDS,
};

enum packet_problem {
	PACKET_FINE,
	PACKET_SHORT, /* the bytes end before the fields that the kind always has */
	PACKET_TRUNCATED, /* they end later, but before the header does */
	PACKET_BAD_VERSION, /* packet_header.version */
	PACKET_BAD_HEADER_LENGTH, /* packet_header.length */
	PACKET_BAD_LENGTH, /* of the header and its payload, or of AH */
};

struct packet_header {
	enum packet_kind kind;
	enum packet_problem problem;
	/* The ethertype or protocol that announced the header; a PPP header's protocol; the type of
	 * ERSPAN. */
	uint16_t number;
	uint8_t version; /* of a kind whose version is checked */
	size_t length; /* as declared: the payload begins behind it */
	struct span span; /* from the header on */
};

/* The addresses in an IPv4 or IPv6 header that is not PACKET_SHORT, 4 or 16 bytes each. */
static inline const uint8_t *packet_source(const struct packet_header *header)
{
	return header->span.bytes + (header->kind == PACKET_IPV4 ? 12 : 8);
}

static inline const uint8_t *packet_destination(const struct packet_header *header)
{
	return header->span.bytes + (header->kind == PACKET_IPV4 ? 16 : 24);
}

/* Read by callers: `header`, the current one, and `next` and `payload`, which follow it. */
struct packet_walk {
	struct packet_header header;
	enum packet_kind next;
	uint16_t next_number;
	unsigned int depth; /* packets and frames that were entered */
	unsigned int extensions; /* extension headers since the last IPv6 header */
	struct span payload;
};

/* Prepares a walk whose first header is of this kind, or follows this ethertype. */
void packet_walk_start(
	struct packet_walk *ret, enum packet_kind first, uint16_t number, struct span span);
void packet_walk_start_ethertype(struct packet_walk *ret, uint16_t ethertype, struct span span);

/* Steps to the next header; false: there is none. Behind a header with a problem `next` is what it
 * announces, if that is known. */
bool packet_walk_next(struct packet_walk *walk);

/* The transport header that begins with ports and follows the current header, behind extension and
 * authentication headers that have no problem; empty if there is none. */
struct span packet_walk_ports(const struct packet_walk *walk);

#endif
