/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: the packet of a record, Ethernet, VLAN tags, ARP; see packet.h. */
#include <linux/if_ether.h>

#include "client/text/packet-text.h"
#include "client/text/packet.h"

#define VLAN_HEADER_LENGTH  4 /* bytes: tag control information and the next ethertype */
#define VLAN_PRIORITY_SHIFT 13
#define VLAN_DROP_ELIGIBLE  0x1000
#define VLAN_ID_MASK        0x0fff
#define ETHERTYPE_QINQ_OLD  0x9100

/* ARP for IPv4 over Ethernet: offsets of its fields, and its length. */
enum arp_layout {
	ARP_OPERATION = 6,
	ARP_SENDER_MAC = 8,
	ARP_SENDER_IP = 14,
	ARP_TARGET_MAC = 18,
	ARP_TARGET_IP = 24,
	ARP_LENGTH = 28,
};

enum arp_operation {
	ARP_OP_REQUEST = 1,
	ARP_OP_REPLY = 2,
	ARP_OP_REVERSE_REQUEST = 3,
	ARP_OP_REVERSE_REPLY = 4,
};

void packet_truncated(struct output *output)
{
	output_text(output, "... (truncated or incomplete packet)");
}

void packet_unsupported(
	struct output *output, const char *kind, uint32_t number, unsigned int digits)
{
	output_text(output, "... (");
	output_text(output, kind);
	output_text(output, " 0x");
	output_hex_padded(output, number, digits);
	output_text(output, " not supported)");
}

void packet_bad(struct output *output, const char *field, uint32_t number)
{
	output_text(output, "... (bad ");
	output_text(output, field);
	output_number_after(output, " ", number);
	output_char(output, ')');
}

void packet_bad_length(
	struct output *output, const char *field, size_t length, size_t least, size_t most)
{
	output_text(output, "... (bad ");
	output_text(output, field);
	output_number_after(output, " ", length);
	if (length < least)
		output_number_after(output, " < ", least);
	else
		output_number_after(output, " > ", most);
	output_char(output, ')');
}

void packet_missing(struct output *output, struct span span, size_t length)
{
	if (length <= span.wire || span.partial)
		return;
	output_number_after(output, " (", length - span.wire);
	output_text(output, " bytes missing)");
}

void packet_name(struct output *output, const char *const *names, size_t count, unsigned int number)
{
	if (number < count && names[number])
		output_text(output, names[number]);
	else
		output_number_after(output, "UNKNOWN:", number);
}

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

static void packet_arp(struct output *output, struct span span)
{
	uint16_t operation;

	if (span.length < ARP_LENGTH) {
		output_text(output, "ARP");
		packet_truncated(output);
		return;
	}
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

static void vlan_text(struct output *output, uint16_t tag)
{
	output_text(output, "vlan ");
	output_number(output, tag & VLAN_ID_MASK);
	output_text(output, " p ");
	output_number(output, tag >> VLAN_PRIORITY_SHIFT);
	output_text(output, tag & VLAN_DROP_ELIGIBLE ? " DEI " : " ");
}

static bool is_vlan(uint16_t ethertype)
{
	return ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD ||
		ethertype == ETHERTYPE_QINQ_OLD;
}

/* Behind the tags. */
static void network_text(struct output *output, uint16_t ethertype, struct span span)
{
	switch (ethertype) {
	case ETH_P_IP:
		packet_ipv4(output, span);
		return;
	case ETH_P_IPV6:
		packet_ipv6(output, span);
		return;
	case ETH_P_ARP:
	case ETH_P_RARP:
		packet_arp(output, span);
		return;
	case ETH_P_MPLS_UC:
	case ETH_P_MPLS_MC:
		packet_mpls(output, span);
		return;
	case ETH_P_PPP_DISC:
	case ETH_P_PPP_SES:
		packet_pppoe(output, ethertype, span);
		return;
	case ETH_P_TEB:
		packet_ethernet(output, span);
		return;
	}
	if (ethertype < ETH_P_802_3_MIN) {
		output_number_after(output, "802.3 len ", ethertype);
		packet_missing(output, span, ethertype);
		packet_llc(output, span_clip(span, ethertype));
		return;
	}
	packet_unsupported(output, "ethertype", ethertype, 4);
}

/* Enters a packet inside a packet; false if it is too deep, which it prints. */
static bool enter(struct output *output, struct span *span)
{
	if (span->depth >= PACKET_DEPTH_MAX) {
		output_text(output, "... (more packets inside)");
		return false;
	}
	span->depth++;
	return true;
}

void packet_ethertype(struct output *output, uint16_t ethertype, struct span span)
{
	if (!enter(output, &span))
		return;
	while (is_vlan(ethertype)) {
		if (span.length < VLAN_HEADER_LENGTH) {
			output_text(output, "vlan");
			packet_truncated(output);
			return;
		}
		vlan_text(output, span_u16(span, 0));
		ethertype = span_u16(span, 2);
		span = span_skip(span, VLAN_HEADER_LENGTH);
	}
	network_text(output, ethertype, span);
}

void packet_ethernet(struct output *output, struct span span)
{
	if (span.length < ETH_HLEN) {
		packet_truncated(output);
		return;
	}
	packet_ethertype(output, span_u16(span, 2 * ETH_ALEN), span_skip(span, ETH_HLEN));
}

void packet_text(struct output *output, const struct event_packet *packet, const uint8_t *bytes)
{
	struct span span = {
		.bytes = bytes,
		.length = packet->captured,
		.wire = packet->length > packet->captured ? packet->length : packet->captured,
	};

	if (packet->link == EVENT_LINK_ETHERNET)
		packet_ethernet(output, span);
	else
		packet_ethertype(output, packet->protocol, span_skip(span, packet->network_offset));
}
