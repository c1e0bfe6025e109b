/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walk over a packet's headers, see packet-headers.h. Stateless. */
#include "journal/event/packet-headers.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#define IPV4_HEADER     20
#define IPV4_WORD       4 /* bytes that the header's length counts in */
#define IPV6_HEADER     40
#define VLAN_TAG        4
#define VLAN_TAGS_MAX   2
#define EXTENSION_LEAST 8 /* bytes of an extension header */
#define EXTENSIONS_MAX  8 /* headers of IPv6 that are walked */
#define PORTS_LENGTH    4
#define ICMP_LENGTH     2 /* type and code */
#define GRE_HEADER      4
#define GRE_FIELD       4 /* each of the optional ones */

/* GRE's flags: the optional fields in front of the packet. */
#define GRE_CHECKSUM 0x8000
#define GRE_ROUTING  0x4000
#define GRE_KEY      0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_VERSION  0x0007

#define FRAGMENT_OFFSET 0x1fff /* of the IPv4 header's field */

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

/* Steps behind an extension header; false: there is none. */
static bool extension_skip(struct packet_headers *headers)
{
	struct packet_part part = headers->transport;
	size_t length;

	if (part.length < EXTENSION_LEAST)
		return false;
	switch (headers->protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		length = 8 + 8 * (size_t)part.bytes[1];
		break;
	case IPPROTO_FRAGMENT:
		length = 8;
		headers->fragment = packet_u16(part, 2) >> 3;
		break;
	case IPPROTO_AH:
		length = 8 + 4 * (size_t)part.bytes[1];
		break;
	default:
		return false;
	}
	headers->protocol = part.bytes[0];
	headers->transport = packet_skip(part, length);
	return true;
}

static void transport_read(struct packet_headers *headers)
{
	struct packet_part part = headers->transport;

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
	headers->source_port = packet_u16(part, 0);
	headers->destination_port = packet_u16(part, 2);
}

/* A total of 0 is a packet that is longer than the field can say. */
static void ipv4_read(struct packet_headers *headers)
{
	struct packet_part part = headers->network;
	size_t length, total;

	if (part.length < IPV4_HEADER) {
		headers->truncated = true;
		return;
	}
	headers->source = part.bytes + 12;
	headers->destination = part.bytes + 16;
	length = (size_t)(part.bytes[0] & 15) * IPV4_WORD;
	total = packet_u16(part, 2);
	headers->malformed =
		part.bytes[0] >> 4 != 4 || length < IPV4_HEADER || (total > 0 && total < length);
	if (headers->malformed)
		return;
	headers->protocol = part.bytes[9];
	headers->fragment = packet_u16(part, 6) & FRAGMENT_OFFSET;
	headers->transport = packet_skip(part, length);
	if (headers->protocol == IPPROTO_AH && !headers->fragment)
		extension_skip(headers);
	transport_read(headers);
}

static void ipv6_read(struct packet_headers *headers)
{
	struct packet_part part = headers->network;

	if (part.length < IPV6_HEADER) {
		headers->truncated = true;
		return;
	}
	headers->source = part.bytes + 8;
	headers->destination = part.bytes + 24;
	headers->malformed = part.bytes[0] >> 4 != 6;
	if (headers->malformed)
		return;
	headers->protocol = part.bytes[6];
	headers->transport = packet_skip(part, IPV6_HEADER);
	for (int i = 0; i < EXTENSIONS_MAX && !headers->fragment && extension_skip(headers); i++)
		;
	transport_read(headers);
}

void packet_headers_read(struct packet_headers *ret, uint16_t ethertype, struct packet_part packet)
{
	for (int i = 0; i < VLAN_TAGS_MAX && packet.length >= VLAN_TAG &&
		(ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD);
		i++) {
		ethertype = packet_u16(packet, 2);
		packet = packet_skip(packet, VLAN_TAG);
	}
	*ret = (struct packet_headers){ .ethertype = ethertype, .network = packet };
	if (ethertype == ETH_P_IP)
		ipv4_read(ret);
	else if (ethertype == ETH_P_IPV6)
		ipv6_read(ret);
}

/* Steps to the packet in GRE, also through an Ethernet frame; 0: it is not IP, or the bytes end. */
static uint16_t gre_ethertype(struct packet_part *part)
{
	uint16_t flags, ethertype;
	size_t length = GRE_HEADER;

	if (part->length < GRE_HEADER)
		return 0;
	flags = packet_u16(*part, 0);
	ethertype = packet_u16(*part, 2);
	if (flags & (GRE_ROUTING | GRE_VERSION))
		return 0;
	length += flags & GRE_CHECKSUM ? GRE_FIELD : 0;
	length += flags & GRE_KEY ? GRE_FIELD : 0;
	length += flags & GRE_SEQUENCE ? GRE_FIELD : 0;
	*part = packet_skip(*part, length);
	if (ethertype == ETH_P_TEB && part->length >= ETH_HLEN) {
		ethertype = packet_u16(*part, 2 * ETH_ALEN);
		*part = packet_skip(*part, ETH_HLEN);
	}
	return ethertype == ETH_P_IP || ethertype == ETH_P_IPV6 ? ethertype : 0;
}

bool packet_headers_read_inner(struct packet_headers *ret, const struct packet_headers *outer)
{
	struct packet_part packet = outer->transport;
	uint16_t ethertype = 0;

	if (!outer->source || outer->malformed || outer->fragment)
		return false;
	if (outer->protocol == IPPROTO_IPIP)
		ethertype = ETH_P_IP;
	else if (outer->protocol == IPPROTO_IPV6)
		ethertype = ETH_P_IPV6;
	else if (outer->protocol == IPPROTO_GRE)
		ethertype = gre_ethertype(&packet);
	if (ethertype == 0)
		return false;
	packet_headers_read(ret, ethertype, packet);
	return true;
}
