/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet in a few words, see packet-brief.h. */
#include "daemon/drops/packet-brief.h"

#include <glib.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <netinet/in.h>

#include "journal/base/address.h"
#include "journal/event/packet-headers.h"

#define CUT_SHORT ", cut short"

#define ARP_ETHERNET 28 /* a whole one, of IPv4 over Ethernet */
#define INNER_MAX    2 /* nested packets that are described */

/* Protocols that <netinet/in.h> does not name. */
#define PROTOCOL_EIGRP 88
#define PROTOCOL_OSPF  89
#define PROTOCOL_VRRP  112
#define PROTOCOL_L2TP  115

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

static void brief_ip(struct output *output, const struct packet_headers *headers)
{
	void (*address)(struct output *, const uint8_t *) =
		headers->ethertype == ETH_P_IP ? output_ipv4_address : output_ipv6_address;

	address(output, headers->source);
	if (headers->has_ports)
		output_number_after(output, ".", headers->source_port);
	output_text(output, " > ");
	address(output, headers->destination);
	if (headers->has_ports)
		output_number_after(output, ".", headers->destination_port);
	brief_protocol(output, headers->protocol);
	if (headers->fragment) {
		output_text(output, " fragment");
	} else if (packet_is_icmp(headers->protocol) && !headers->truncated) {
		output_number_after(output, " type ", headers->transport.bytes[0]);
		output_number_after(output, " code ", headers->transport.bytes[1]);
	}
	if (headers->truncated)
		output_text(output, CUT_SHORT);
}

static void brief_arp(struct output *output, struct span part)
{
	uint16_t operation;

	if (part.length < ARP_ETHERNET) {
		output_text(output, "arp" CUT_SHORT);
		return;
	}
	operation = span_u16(part, 6);
	if (span_u16(part, 0) != ARPHRD_ETHER || span_u16(part, 2) != ETH_P_IP ||
		part.bytes[4] != ETH_ALEN || part.bytes[5] != 4) {
		output_number_after(output, "arp operation ", operation);
		return;
	}
	if (operation == ARPOP_REQUEST) {
		output_text(output, "arp who has ");
		output_ipv4_address(output, part.bytes + 24);
		output_text(output, " tell ");
		output_ipv4_address(output, part.bytes + 14);
	} else if (operation == ARPOP_REPLY) {
		output_text(output, "arp reply ");
		output_ipv4_address(output, part.bytes + 14);
		output_text(output, " is at ");
		output_mac_address(output, part.bytes + 8);
	} else {
		output_number_after(output, "arp operation ", operation);
	}
}

static void brief_network(struct output *output, const struct packet_headers *headers)
{
	switch (headers->ethertype) {
	case ETH_P_IP:
	case ETH_P_IPV6:
		if (headers->source && !headers->malformed) {
			brief_ip(output, headers);
			return;
		}
		output_text(output, headers->malformed ? "malformed " : "");
		output_text(output, headers->ethertype == ETH_P_IP ? "ipv4" : "ipv6");
		output_text(output, headers->truncated ? CUT_SHORT : "");
		return;
	case ETH_P_ARP:
		brief_arp(output, headers->network);
		return;
	}
	output_text(output, "ethertype 0x");
	output_hex_padded(output, headers->ethertype, 4);
}

void packet_brief(struct output *output, const struct drop_example *example)
{
	const size_t captured = MIN(example->captured, DROP_PACKET_MAX);
	const struct span packet = { example->packet, captured, captured, false };
	size_t length = strnlen(example->device, sizeof(example->device));
	struct packet_headers headers, outer;

	packet_headers_read(&headers, example->protocol, packet);
	brief_network(output, &headers);
	for (int i = 0; i < INNER_MAX; i++) {
		outer = headers;
		if (!packet_headers_read_inner(&headers, &outer))
			break;
		output_text(output, ": ");
		brief_network(output, &headers);
	}
	if (length > 0) {
		output_text(output, " on ");
		output_word(output, example->device, length);
	}
}
