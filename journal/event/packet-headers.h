/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the headers of a packet say, from the link's ethertype to the ports: VLAN tags, IPv4 or IPv6
 * with its extension headers, and where the transport header is. A summary of the walk
 * (packet-walk.h) that does not believe the length in an IP header. The bytes are hostile and may
 * end anywhere; the pointers are into them. Owns nothing; any thread.
 */
#ifndef NFTTRACED_JOURNAL_EVENT_PACKET_HEADERS_H
#define NFTTRACED_JOURNAL_EVENT_PACKET_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/event/packet-walk.h"

struct packet_headers {
	uint16_t ethertype; /* behind the VLAN tags */
	struct span network; /* from the network header on */

	/* Of ETH_P_IP and ETH_P_IPV6. */
	const uint8_t *source, *destination; /* 4 or 16 bytes; NULL: there is no IP header */
	bool malformed; /* a version or length can't be true: nothing behind it was walked */
	uint8_t protocol; /* of the transport header, behind extension headers */
	bool fragment; /* not the first one: it has no transport header */
	struct span transport; /* from the transport header on */
	bool has_ports; /* of source_port and destination_port */
	uint16_t source_port, destination_port;

	/* The bytes end before the IP header does, or before the ports or ICMP's type and code. */
	bool truncated;
};

/* Walks the headers of `packet`, which begins behind the ethertype. */
void packet_headers_read(struct packet_headers *ret, uint16_t ethertype, struct span packet);

/* Walks the headers of the packet inside a tunnel's (IP in IP, GRE). False if it is no tunnel's
 * packet, or the inner one is missing. */
bool packet_headers_read_inner(struct packet_headers *ret, const struct packet_headers *outer);

/* True if the transport header begins with ports. */
bool packet_has_ports(uint8_t protocol);

/* True for ICMP of IPv4 and of IPv6. */
bool packet_is_icmp(uint8_t protocol);

#endif
