/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: VLAN tags and ARP; see packet.h. */
#include <linux/if_ether.h>

#include "client/text/packet.h"

#define VLAN_PRIORITY_SHIFT 13
#define VLAN_DROP_ELIGIBLE  0x1000
#define VLAN_ID_MASK        0x0fff

/* ARP for IPv4 over Ethernet: offsets of its fields, and its length. */
enum arp_layout {
	ARP_OPERATION = 6,
	ARP_SENDER_MAC = 8,
	ARP_SENDER_IP = 14,
	ARP_TARGET_MAC = 18,
	ARP_TARGET_IP = 24,
};

enum arp_operation {
	ARP_OP_REQUEST = 1,
	ARP_OP_REPLY = 2,
	ARP_OP_REVERSE_REQUEST = 3,
	ARP_OP_REVERSE_REPLY = 4,
};

static bool is_zero(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] != 0)
			return false;
	}
	return true;
}

static void arp_request(struct output *output, const uint8_t *arp)
{
	output_text(output, "request who-has ");
	output_ipv4_address(output, arp + ARP_TARGET_IP);
	if (!is_zero(arp + ARP_TARGET_MAC, ETH_ALEN)) {
		output_text(output, " (");
		output_mac_address(output, arp + ARP_TARGET_MAC);
		output_char(output, ')');
	}
	output_text(output, " tell ");
	output_ipv4_address(output, arp + ARP_SENDER_IP);
}

static void arp_reply(struct output *output, const uint8_t *arp)
{
	output_text(output, "reply ");
	output_ipv4_address(output, arp + ARP_SENDER_IP);
	output_text(output, " is-at ");
	output_mac_address(output, arp + ARP_SENDER_MAC);
}

static void arp_reverse_request(struct output *output, const uint8_t *arp)
{
	output_text(output, "reverse request who-is ");
	output_mac_address(output, arp + ARP_TARGET_MAC);
	output_text(output, " tell ");
	output_mac_address(output, arp + ARP_SENDER_MAC);
}

static void arp_reverse_reply(struct output *output, const uint8_t *arp)
{
	output_text(output, "reverse reply ");
	output_mac_address(output, arp + ARP_TARGET_MAC);
	output_text(output, " at ");
	output_ipv4_address(output, arp + ARP_TARGET_IP);
}

/* The fields have fixed offsets only for Ethernet and IPv4 addresses. */
static bool arp_is_ethernet_ipv4(struct span span)
{
	static const uint8_t start[] = { 0x00, 0x01, 0x08, 0x00, ETH_ALEN, 4 };

	return memcmp(span.bytes, start, sizeof(start)) == 0;
}

void packet_arp(struct output *output, const struct packet_walk *walk)
{
	struct span span = walk->header.span;
	uint16_t operation;

	if (!arp_is_ethernet_ipv4(span)) {
		output_text(output, "ARP");
		packet_unsupported(output, "ARP hardware", span_u16(span, 0), 4);
		return;
	}
	operation = span_u16(span, ARP_OPERATION);
	switch (operation) {
	case ARP_OP_REQUEST:
		arp_request(output, span.bytes);
		break;
	case ARP_OP_REPLY:
		arp_reply(output, span.bytes);
		break;
	case ARP_OP_REVERSE_REQUEST:
		arp_reverse_request(output, span.bytes);
		break;
	case ARP_OP_REVERSE_REPLY:
		arp_reverse_reply(output, span.bytes);
		break;
	default:
		output_text(output, "ARP");
		packet_unsupported(output, "ARP operation", operation, 4);
		break;
	}
}

void packet_vlan(struct output *output, const struct packet_walk *walk)
{
	uint16_t tag = span_u16(walk->header.span, 0);

	output_number_after(output, "vlan ", tag & VLAN_ID_MASK);
	output_number_after(output, " p ", tag >> VLAN_PRIORITY_SHIFT);
	output_text(output, tag & VLAN_DROP_ELIGIBLE ? " DEI " : " ");
}
