/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The headers of a packet, from the link's ethertype to the ports: VLAN tags, IPv4 or IPv6 with its
 * extension headers, and where the transport header is. The bytes are hostile and may end anywhere;
 * the pointers of a walk are into them. Owns nothing; any thread.
 */
#ifndef NFTTRACED_JOURNAL_EVENT_PACKET_HEADERS_H
#define NFTTRACED_JOURNAL_EVENT_PACKET_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A part of a packet, as far as its bytes are there. */
struct packet_part {
	const uint8_t *bytes;
	size_t length;
};

/* The caller has checked that the bytes are there. */
static inline uint16_t packet_u16(struct packet_part part, size_t offset)
{
	return (uint16_t)(part.bytes[offset] << 8 | part.bytes[offset + 1]);
}

/* The part behind `length` bytes; empty if there are fewer. */
static inline struct packet_part packet_skip(struct packet_part part, size_t length)
{
	length = length < part.length ? length : part.length;
	return (struct packet_part){ part.bytes + length, part.length - length };
}

struct packet_headers {
	uint16_t ethertype; /* behind the VLAN tags */
	struct packet_part network; /* from the network header on */

	/* Of ETH_P_IP and ETH_P_IPV6. */
	const uint8_t *source, *destination; /* 4 or 16 bytes; NULL: there is no IP header */
	bool malformed; /* a version or length can't be true: nothing behind it was walked */
	uint8_t protocol; /* of the transport header, behind extension headers */
	bool fragment; /* not the first one: it has no transport header */
	struct packet_part transport; /* from the transport header on */
	bool has_ports; /* of source_port and destination_port */
	uint16_t source_port, destination_port;

	/* The bytes end before the IP header does, or before the ports or ICMP's type and code. */
	bool truncated;
};

/* Walks the headers of `packet`, which begins behind the ethertype. */
void packet_headers_read(struct packet_headers *ret, uint16_t ethertype, struct packet_part packet);

/* Walks the headers of the packet inside a tunnel's (IP in IP, GRE). False if it is no tunnel's
 * packet, or the inner one is missing. */
bool packet_headers_read_inner(struct packet_headers *ret, const struct packet_headers *outer);

/* True if the transport header begins with ports. */
bool packet_has_ports(uint8_t protocol);

/* True for ICMP of IPv4 and of IPv6. */
bool packet_is_icmp(uint8_t protocol);

#endif
