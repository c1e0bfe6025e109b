/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the packet-*.c files: a bounded span of a packet's bytes, and the function of each
 * layer. They call each other as packets contain each other: Ethernet in UDP in IP in Ethernet.
 * Private to the packet text (packet-text.h).
 */
#ifndef NFTTRACED_CLIENT_TEXT_PACKET_H
#define NFTTRACED_CLIENT_TEXT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/base/address.h"
#include "journal/base/output.h"

/* Packets and frames inside each other that are decoded, including the outermost. */
#define PACKET_DEPTH_MAX 8

/* The rest of a packet. `wire` is never less than `length`. */
struct span {
	const uint8_t *bytes;
	size_t length; /* bytes that are there */
	size_t wire; /* bytes that were sent, as of the headers around them */
	unsigned int depth; /* packets and frames around it */
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

/* Prints that the bytes ended before the header did. */
void packet_truncated(struct output *output);

/* Prints that a header of this kind ("ethertype", "protocol", ...) is not decoded. */
void packet_unsupported(
	struct output *output, const char *kind, uint32_t number, unsigned int digits);

/* Prints that a header's field ("version", "header length", ...) is invalid: nothing behind it is
 * decoded. */
void packet_bad(struct output *output, const char *field, uint32_t number);

/* Prints that a length is not between `least` and `most`, the bytes available. */
void packet_bad_length(
	struct output *output, const char *field, size_t length, size_t least, size_t most);

/* Prints how many bytes of a length in a header were not sent: nothing if all were, or in a
 * fragment. */
void packet_missing(struct output *output, struct span span, size_t length);

/* "NAME" or, if `names` has none for it, "UNKNOWN:N". */
void packet_name(
	struct output *output, const char *const *names, size_t count, unsigned int number);

/* An Ethernet frame, and what follows an ethertype. They print if they are too deep inside
 * others. */
void packet_ethernet(struct output *output, struct span span);
void packet_ethertype(struct output *output, uint16_t ethertype, struct span span);

/* The network headers with what follows them. */
void packet_ipv4(struct output *output, struct span span);
void packet_ipv6(struct output *output, struct span span);

/* Headers between link and network. */
void packet_mpls(struct output *output, struct span span);
void packet_pppoe(struct output *output, uint16_t ethertype, struct span span);
void packet_ppp(struct output *output, struct span span);
void packet_llc(struct output *output, struct span span); /* behind a length, not an ethertype */

/* The parts of a line that IPv4 and IPv6 have in common: "A.PORT > B.PORT", or without ports where
 * `transport` has none, and the explicit congestion notification. */
typedef void (*packet_address)(struct output *output, const uint8_t *address);
void packet_endpoints(struct output *output, packet_address address, const uint8_t *source,
	const uint8_t *destination, struct span transport);
const char *packet_ecn(uint8_t traffic_class);

/* The part of a transport header that begins with ports, behind authentication headers; empty if
 * none. */
struct span packet_ports(uint8_t protocol, struct span span);

/* "proto NAME (N)", alone and with the transport header. */
void packet_protocol(struct output *output, uint8_t protocol);
void packet_transport(struct output *output, uint8_t protocol, struct span span);

/* Transport headers with more fields than ports. */
void packet_tcp(struct output *output, struct span span);
void packet_sctp(struct output *output, struct span span);
void packet_dccp(struct output *output, struct span span);

/* Protocols of routers and of multicast. */
void packet_eigrp(struct output *output, struct span span);
void packet_igmp(struct output *output, struct span span);
void packet_ospf(struct output *output, struct span span);
void packet_pim(struct output *output, struct span span);
void packet_vrrp(struct output *output, struct span span);

/* Generic routing encapsulation, and the packets in it. */
void packet_gre(struct output *output, struct span span);

/* Tunnels in UDP, recognised by the ports; prints nothing for other ports. */
void packet_tunnel(struct output *output, uint16_t source, uint16_t destination, struct span span);

#endif
