/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet in a few words, see packet-brief.h. */
#include "daemon/drops/packet-brief.h"

#include <glib.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "journal/base/address.h"

#define CUT_SHORT ", cut short"

#define IPV4_HEADER   20
#define IPV6_HEADER   40
#define VLAN_TAG      4
#define VLAN_TAGS_MAX 2
#define ARP_ETHERNET  28 /* a whole one, of IPv4 over Ethernet */
#define EXTENSION_MAX 8 /* headers of IPv6 that are gone through */
#define INNER_MAX     2 /* packets inside the first that are told of */
#define GRE_HEADER    4

/* GRE's flags, and the parts that they announce, in front of the packet. */
#define GRE_CHECKSUM 0x8000
#define GRE_ROUTING  0x4000
#define GRE_KEY      0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_VERSION  0x0007

/* Protocols that <netinet/in.h> does not name. */
#define PROTOCOL_EIGRP 88
#define PROTOCOL_OSPF  89
#define PROTOCOL_VRRP  112
#define PROTOCOL_L2TP  115

#define FRAGMENT_OFFSET 0x1fff /* of the IPv4 header's field */

/* What is left of the packet. */
struct rest {
	const uint8_t *bytes;
	size_t length;
	unsigned int depth; /* packets around it */
};

static struct rest rest_skip(struct rest rest, size_t length)
{
	length = MIN(length, rest.length);
	return (struct rest){ rest.bytes + length, rest.length - length, rest.depth };
}

/* The caller has checked that it is there. */
static uint16_t rest_u16(struct rest rest, size_t offset)
{
	return (uint16_t)(rest.bytes[offset] << 8 | rest.bytes[offset + 1]);
}

static const struct {
	uint8_t number;
	const char *name;
} protocols[] = {
	{ IPPROTO_ICMP, "icmp" },
	{ IPPROTO_IGMP, "igmp" },
	{ IPPROTO_IPIP, "ipip" },
	{ IPPROTO_TCP, "tcp" },
	{ IPPROTO_UDP, "udp" },
	{ IPPROTO_DCCP, "dccp" },
	{ IPPROTO_IPV6, "ipv6" },
	{ IPPROTO_GRE, "gre" },
	{ IPPROTO_ESP, "esp" },
	{ IPPROTO_AH, "ah" },
	{ IPPROTO_ICMPV6, "icmp6" },
	{ PROTOCOL_EIGRP, "eigrp" },
	{ PROTOCOL_OSPF, "ospf" },
	{ IPPROTO_PIM, "pim" },
	{ IPPROTO_COMP, "ipcomp" },
	{ PROTOCOL_VRRP, "vrrp" },
	{ PROTOCOL_L2TP, "l2tp" },
	{ IPPROTO_SCTP, "sctp" },
	{ IPPROTO_UDPLITE, "udplite" },
};

static void brief_protocol(struct output *output, uint8_t protocol)
{
	output_char(output, ' ');
	for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
		if (protocols[i].number == protocol) {
			output_text(output, protocols[i].name);
			return;
		}
	}
	output_number_after(output, "protocol ", protocol);
}

static bool has_ports(uint8_t protocol)
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

static bool is_icmp(uint8_t protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

static void brief_ethertype(struct output *output, uint16_t ethertype, struct rest rest);

/* What GRE has in it: steps behind its header; 0 if it is not a packet or the bytes end before. */
static uint16_t gre_ethertype(struct rest *rest)
{
	uint16_t flags, ethertype;
	size_t length = GRE_HEADER;

	if (rest->length < GRE_HEADER)
		return 0;
	flags = rest_u16(*rest, 0);
	ethertype = rest_u16(*rest, 2);
	if (flags & (GRE_ROUTING | GRE_VERSION))
		return 0;
	length += flags & GRE_CHECKSUM ? 4 : 0;
	length += flags & GRE_KEY ? 4 : 0;
	length += flags & GRE_SEQUENCE ? 4 : 0;
	*rest = rest_skip(*rest, length);
	if (ethertype == ETH_P_TEB && rest->length >= ETH_HLEN) {
		ethertype = rest_u16(*rest, 2 * ETH_ALEN);
		*rest = rest_skip(*rest, ETH_HLEN);
	}
	return ethertype == ETH_P_IP || ethertype == ETH_P_IPV6 ? ethertype : 0;
}

/* The packet inside a tunnel's packet, where there is one. */
static void brief_inner(struct output *output, uint8_t protocol, struct rest rest)
{
	uint16_t ethertype = 0;

	if (protocol == IPPROTO_IPIP)
		ethertype = ETH_P_IP;
	else if (protocol == IPPROTO_IPV6)
		ethertype = ETH_P_IPV6;
	else if (protocol == IPPROTO_GRE)
		ethertype = gre_ethertype(&rest);
	if (ethertype == 0 || rest.depth >= INNER_MAX)
		return;
	rest.depth++;
	output_text(output, ": ");
	brief_ethertype(output, ethertype, rest);
}

/* A packet of IPv4 or IPv6, as far as both are alike. */
struct datagram {
	const uint8_t *source, *destination;
	void (*address)(struct output *output, const uint8_t *address);
	uint8_t protocol;
	bool fragment; /* not the first: it has no transport header */
	struct rest transport;
};

static void brief_datagram(struct output *output, const struct datagram *datagram)
{
	bool ports = has_ports(datagram->protocol) && !datagram->fragment;
	bool told = !ports || datagram->transport.length >= 4;

	datagram->address(output, datagram->source);
	if (ports && told)
		output_number_after(output, ".", rest_u16(datagram->transport, 0));
	output_text(output, " > ");
	datagram->address(output, datagram->destination);
	if (ports && told)
		output_number_after(output, ".", rest_u16(datagram->transport, 2));
	brief_protocol(output, datagram->protocol);
	if (datagram->fragment) {
		output_text(output, " fragment");
	} else if (is_icmp(datagram->protocol)) {
		told = datagram->transport.length >= 2;
		if (told)
			output_number_after(output, " type ", datagram->transport.bytes[0]);
		if (told)
			output_number_after(output, " code ", datagram->transport.bytes[1]);
	}
	if (!told)
		output_text(output, CUT_SHORT);
	if (!datagram->fragment)
		brief_inner(output, datagram->protocol, datagram->transport);
}

/* Goes behind an extension header; false: there is none. */
static bool extension_skip(struct datagram *datagram)
{
	struct rest rest = datagram->transport;
	size_t length;

	if (rest.length < 8)
		return false;
	switch (datagram->protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		length = 8 + 8 * (size_t)rest.bytes[1];
		break;
	case IPPROTO_FRAGMENT:
		length = 8;
		datagram->fragment = rest_u16(rest, 2) >> 3;
		break;
	case IPPROTO_AH:
		length = 8 + 4 * (size_t)rest.bytes[1];
		break;
	default:
		return false;
	}
	datagram->protocol = rest.bytes[0];
	datagram->transport = rest_skip(rest, length);
	return true;
}

static void brief_ipv4(struct output *output, struct rest rest)
{
	struct datagram datagram = { .address = output_ipv4_address };
	uint16_t total;

	if (rest.length < IPV4_HEADER) {
		output_text(output, "ipv4" CUT_SHORT);
		return;
	}
	total = rest_u16(rest, 2);
	/* A total of 0 is a packet that is longer than the field can say. */
	if (rest.bytes[0] >> 4 != 4 || (rest.bytes[0] & 15) * 4 < IPV4_HEADER ||
		(total > 0 && total < (rest.bytes[0] & 15) * 4)) {
		output_text(output, "malformed ipv4");
		return;
	}
	datagram.source = rest.bytes + 12;
	datagram.destination = rest.bytes + 16;
	datagram.protocol = rest.bytes[9];
	datagram.fragment = rest_u16(rest, 6) & FRAGMENT_OFFSET;
	datagram.transport = rest_skip(rest, (rest.bytes[0] & 15) * 4);
	if (datagram.protocol == IPPROTO_AH && !datagram.fragment)
		extension_skip(&datagram);
	brief_datagram(output, &datagram);
}

static void brief_ipv6(struct output *output, struct rest rest)
{
	struct datagram datagram = { .address = output_ipv6_address };

	if (rest.length < IPV6_HEADER) {
		output_text(output, "ipv6" CUT_SHORT);
		return;
	}
	if (rest.bytes[0] >> 4 != 6) {
		output_text(output, "malformed ipv6");
		return;
	}
	datagram.source = rest.bytes + 8;
	datagram.destination = rest.bytes + 24;
	datagram.protocol = rest.bytes[6];
	datagram.transport = rest_skip(rest, IPV6_HEADER);
	for (int i = 0; i < EXTENSION_MAX && !datagram.fragment && extension_skip(&datagram); i++)
		;
	brief_datagram(output, &datagram);
}

static void brief_arp(struct output *output, struct rest rest)
{
	uint16_t operation;

	if (rest.length < ARP_ETHERNET) {
		output_text(output, "arp" CUT_SHORT);
		return;
	}
	operation = rest_u16(rest, 6);
	if (rest_u16(rest, 0) != ARPHRD_ETHER || rest_u16(rest, 2) != ETH_P_IP ||
		rest.bytes[4] != ETH_ALEN || rest.bytes[5] != 4) {
		output_number_after(output, "arp operation ", operation);
		return;
	}
	if (operation == ARPOP_REQUEST) {
		output_text(output, "arp who has ");
		output_ipv4_address(output, rest.bytes + 24);
		output_text(output, " tell ");
		output_ipv4_address(output, rest.bytes + 14);
	} else if (operation == ARPOP_REPLY) {
		output_text(output, "arp reply ");
		output_ipv4_address(output, rest.bytes + 14);
		output_text(output, " is at ");
		output_mac_address(output, rest.bytes + 8);
	} else {
		output_number_after(output, "arp operation ", operation);
	}
}

static void brief_ethertype(struct output *output, uint16_t ethertype, struct rest rest)
{
	for (int i = 0; i < VLAN_TAGS_MAX && rest.length >= VLAN_TAG &&
		(ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD);
		i++) {
		ethertype = rest_u16(rest, 2);
		rest = rest_skip(rest, VLAN_TAG);
	}
	switch (ethertype) {
	case ETH_P_IP:
		brief_ipv4(output, rest);
		return;
	case ETH_P_IPV6:
		brief_ipv6(output, rest);
		return;
	case ETH_P_ARP:
		brief_arp(output, rest);
		return;
	}
	output_text(output, "ethertype 0x");
	output_hex_padded(output, ethertype, 4);
}

void packet_brief(struct output *output, const struct drop_example *example)
{
	const struct rest rest = { example->packet, MIN(example->captured, DROP_PACKET_MAX), 0 };
	size_t length = strnlen(example->device, sizeof(example->device));

	brief_ethertype(output, example->protocol, rest);
	if (length > 0) {
		output_text(output, " on ");
		output_word(output, example->device, length);
	}
}
