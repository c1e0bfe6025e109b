/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A summary of the walk over a packet's headers, see packet-headers.h. Stateless. */
#include "journal/event/packet-headers.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#define VLAN_TAGS_MAX   2
#define EXTENSION_LEAST 8 /* bytes of an extension header */
#define EXTENSIONS_MAX  8 /* headers of IPv6 that are walked */
#define PORTS_LENGTH    4
#define ICMP_LENGTH     2 /* type and code */

#define FRAGMENT_OFFSET 0x1fff /* of the IPv4 header's field */

/* GRE's flags whose optional fields are not walked, and its version. */
#define GRE_ROUTING 0x4000
#define GRE_VERSION 0x0007

bool packet_has_ports(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return true;
	}
	return false;
}

bool packet_is_icmp(uint8_t protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

/* Steps behind an extension or authentication header; false: there is none. */
static bool extension_skip(struct packet_headers *headers)
{
	struct span part = headers->transport;
	struct packet_walk walk;

	if (part.length < EXTENSION_LEAST)
		return false;
	switch (headers->protocol) {
	case IPPROTO_FRAGMENT:
		headers->fragment = span_u16(part, 2) >> 3;
		__attribute__((fallthrough));
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		packet_walk_start(&walk, PACKET_EXTENSION, headers->protocol, part);
		break;
	case IPPROTO_AH:
		packet_walk_start(&walk, PACKET_AH, headers->protocol, part);
		break;
	default:
		return false;
	}
	packet_walk_next(&walk);
	headers->protocol = part.bytes[0];
	headers->transport = span_skip(part, walk.header.length);
	return true;
}

static void transport_read(struct packet_headers *headers)
{
	struct span part = headers->transport;

	if (headers->fragment)
		return;
	if (packet_is_icmp(headers->protocol))
		headers->truncated = part.length < ICMP_LENGTH;
	if (!packet_has_ports(headers->protocol))
		return;
	headers->truncated = part.length < PORTS_LENGTH;
	if (headers->truncated)
		return;
	headers->has_ports = true;
	headers->source_port = span_u16(part, 0);
	headers->destination_port = span_u16(part, 2);
}

static void ip_read(struct packet_headers *headers, const struct packet_header *header)
{
	bool ipv4 = header->kind == PACKET_IPV4;
	const uint8_t *bytes = header->span.bytes;

	headers->truncated = header->problem == PACKET_SHORT;
	if (headers->truncated)
		return;
	headers->source = packet_source(header);
	headers->destination = packet_destination(header);
	headers->malformed = header->problem != PACKET_FINE;
	if (headers->malformed)
		return;
	headers->protocol = bytes[ipv4 ? 9 : 6];
	headers->fragment = ipv4 && span_u16(header->span, 6) & FRAGMENT_OFFSET;
	headers->transport = span_skip(header->span, header->length);
	if (ipv4 && headers->protocol != IPPROTO_AH)
		return;
	for (int i = 0; i < (ipv4 ? 1 : EXTENSIONS_MAX) && !headers->fragment; i++) {
		if (!extension_skip(headers))
			break;
	}
}

void packet_headers_read(struct packet_headers *ret, uint16_t ethertype, struct span packet)
{
	struct packet_walk walk;

	packet_walk_start_ethertype(&walk, ethertype, packet);
	for (int i = 0; i < VLAN_TAGS_MAX; i++) {
		if ((ethertype != ETH_P_8021Q && ethertype != ETH_P_8021AD) ||
			!packet_walk_next(&walk) || walk.header.problem)
			break;
		ethertype = walk.next_number;
		packet = walk.payload;
	}
	*ret = (struct packet_headers){ .ethertype = ethertype, .network = packet };
	if (ethertype != ETH_P_IP && ethertype != ETH_P_IPV6)
		return;
	packet_walk_next(&walk);
	ip_read(ret, &walk.header);
	transport_read(ret);
}

bool packet_headers_read_inner(struct packet_headers *ret, const struct packet_headers *outer)
{
	struct packet_walk walk;

	if (!outer->source || outer->malformed || outer->fragment)
		return false;
	if (outer->protocol == IPPROTO_IPIP || outer->protocol == IPPROTO_IPV6) {
		packet_headers_read(ret, outer->protocol == IPPROTO_IPIP ? ETH_P_IP : ETH_P_IPV6,
			outer->transport);
		return true;
	}
	if (outer->protocol != IPPROTO_GRE || outer->transport.length < PORTS_LENGTH ||
		span_u16(outer->transport, 0) & (GRE_ROUTING | GRE_VERSION))
		return false;
	packet_walk_start(&walk, PACKET_GRE, IPPROTO_GRE, outer->transport);
	packet_walk_next(&walk);
	if (walk.next == PACKET_ETHERNET)
		packet_walk_next(&walk);
	if (walk.next != PACKET_IPV4 && walk.next != PACKET_IPV6)
		return false;
	packet_headers_read(ret, walk.next_number, walk.payload);
	return true;
}
