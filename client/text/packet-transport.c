/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: the protocols above IP by number, and the short ones; the others have their own
 * files; see packet.h. */
#include <linux/if_ether.h>
#include <netinet/in.h>

#include "client/text/packet.h"

#define UDP_HEADER_LENGTH  8
#define ICMP_HEADER_LENGTH 4
#define ESP_HEADER_LENGTH  8
#define AH_HEADER_LENGTH   12 /* without the integrity check value */
#define UDP_LENGTH_MAX     65535 /* of the field */
#define COMP_HEADER_LENGTH 4
#define L2TP_SESSION       4 /* bytes of a session's number */
#define ETHERIP_LENGTH     2
#define ETHERIP_VERSION    3

/* Protocols that <netinet/in.h> does not name. */
enum protocol {
	PROTOCOL_RDP = 27,
	PROTOCOL_EIGRP = 88,
	PROTOCOL_OSPF = 89,
	PROTOCOL_ETHERIP = 97,
	PROTOCOL_VRRP = 112,
	PROTOCOL_L2TP = 115,
	PROTOCOL_ETHERNET = 143,
};

static const char *protocol_name(uint8_t protocol)
{
	static const char *const names[] = {
		[IPPROTO_ICMP] = "ICMP",
		[IPPROTO_IGMP] = "IGMP",
		[IPPROTO_IPIP] = "IPIP",
		[IPPROTO_TCP] = "TCP",
		[IPPROTO_UDP] = "UDP",
		[PROTOCOL_RDP] = "RDP",
		[IPPROTO_DCCP] = "DCCP",
		[IPPROTO_IPV6] = "IPv6",
		[IPPROTO_RSVP] = "RSVP",
		[IPPROTO_GRE] = "GRE",
		[IPPROTO_ESP] = "ESP",
		[IPPROTO_AH] = "AH",
		[IPPROTO_ICMPV6] = "ICMPv6",
		[PROTOCOL_EIGRP] = "EIGRP",
		[PROTOCOL_OSPF] = "OSPF",
		[PROTOCOL_ETHERIP] = "EtherIP",
		[IPPROTO_PIM] = "PIM",
		[IPPROTO_COMP] = "IPComp",
		[PROTOCOL_VRRP] = "VRRP",
		[PROTOCOL_L2TP] = "L2TP",
		[IPPROTO_SCTP] = "SCTP",
		[IPPROTO_UDPLITE] = "UDP-Lite",
		[IPPROTO_MPLS] = "MPLS-in-IP",
		[PROTOCOL_ETHERNET] = "Ethernet",
	};

	return protocol < sizeof(names) / sizeof(names[0]) ? names[protocol] : NULL;
}

void packet_protocol(struct output *output, uint8_t protocol)
{
	const char *name = protocol_name(protocol);

	output_text(output, " proto ");
	if (name) {
		output_text(output, name);
		output_char(output, ' ');
	}
	output_char(output, '(');
	output_number(output, protocol);
	output_char(output, ')');
}

static void udp_text(struct output *output, struct span span)
{
	uint16_t length;

	if (span.length < UDP_HEADER_LENGTH) {
		packet_truncated(output);
		return;
	}
	length = span_u16(span, 4);
	/* 0: too long for the field. */
	if (length < UDP_HEADER_LENGTH && (length > 0 || span.wire <= UDP_LENGTH_MAX)) {
		packet_bad_length(output, "length", length, UDP_HEADER_LENGTH, SIZE_MAX);
		return;
	}
	output_number_after(output, " len ", (length ? length : span.wire) - UDP_HEADER_LENGTH);
	packet_missing(output, span, length);
	packet_tunnel(output, span_u16(span, 0), span_u16(span, 2),
		span_skip(length ? span_clip(span, length) : span, UDP_HEADER_LENGTH));
}

/* The checksum covers at least the header and at most the packet; 0: all of it (RFC 3828). */
static void udplite_text(struct output *output, struct span span)
{
	uint16_t coverage;

	if (span.length < UDP_HEADER_LENGTH) {
		packet_truncated(output);
		return;
	}
	coverage = span_u16(span, 4);
	if (coverage > 0 && (coverage < UDP_HEADER_LENGTH || coverage > span.wire)) {
		packet_bad_length(output, "coverage", coverage, UDP_HEADER_LENGTH, span.wire);
		return;
	}
	output_number_after(output, " coverage ", coverage);
	output_number_after(output, " len ", span.wire - UDP_HEADER_LENGTH);
}

/* ICMP and ICMPv6 begin with the same fields. */
static void icmp_text(struct output *output, struct span span)
{
	if (span.length < ICMP_HEADER_LENGTH) {
		packet_truncated(output);
		return;
	}
	output_text(output, " type ");
	output_number(output, span.bytes[0]);
	output_text(output, " code ");
	output_number(output, span.bytes[1]);
}

static void security_text(struct output *output, uint32_t spi, uint32_t sequence)
{
	output_text(output, " spi 0x");
	output_hex_padded(output, spi, 8);
	output_text(output, " seq 0x");
	output_hex(output, sequence);
}

static void esp_text(struct output *output, struct span span)
{
	if (span.length < ESP_HEADER_LENGTH) {
		packet_truncated(output);
		return;
	}
	security_text(output, span_u32(span, 0), span_u32(span, 4));
}

/* Prints an authentication header and steps behind it: 1 and the protocol that follows; 0 if the
 * bytes end or its length is invalid, which it prints. */
static int ah_text(struct output *output, struct span *span, uint8_t *ret_protocol)
{
	size_t length;

	if (span->length < AH_HEADER_LENGTH) {
		packet_truncated(output);
		return 0;
	}
	length = ((size_t)span->bytes[1] + 2) * 4;
	security_text(output, span_u32(*span, 4), span_u32(*span, 8));
	if (length < AH_HEADER_LENGTH || (length > span->wire && !span->partial)) {
		packet_bad_length(output, "length", length, AH_HEADER_LENGTH, span->wire);
		return 0;
	}
	if (span->length < length) {
		packet_truncated(output);
		return 0;
	}
	output_text(output, " icv 0x");
	for (size_t i = AH_HEADER_LENGTH; i < length; i++)
		output_hex_padded(output, span->bytes[i], 2);
	*ret_protocol = span->bytes[0];
	*span = span_skip(*span, length);
	return 1;
}

static void comp_text(struct output *output, struct span span)
{
	if (span.length < COMP_HEADER_LENGTH) {
		packet_truncated(output);
		return;
	}
	output_hex_after(output, " cpi ", span_u16(span, 2));
	output_number_after(output, " next ", span.bytes[0]);
}

/* L2TPv3 over IP: session 0 is for control. The rest depends on what both ends have agreed. */
static void l2tp_text(struct output *output, struct span span)
{
	if (span.length < L2TP_SESSION) {
		packet_truncated(output);
		return;
	}
	if (span_u32(span, 0) == 0)
		output_text(output, " control");
	else
		output_hex_after(output, " session ", span_u32(span, 0));
	output_number_after(output, " len ", span.wire - L2TP_SESSION);
}

static void etherip_text(struct output *output, struct span span)
{
	if (span.length < ETHERIP_LENGTH) {
		packet_truncated(output);
		return;
	}
	if (span.bytes[0] >> 4 != ETHERIP_VERSION) {
		packet_bad(output, "version", span.bytes[0] >> 4);
		return;
	}
	output_char(output, ' ');
	packet_ethernet(output, span_skip(span, ETHERIP_LENGTH));
}

/* Prints a packet or frame inside the packet; false: it is none. */
static bool inner_text(struct output *output, uint8_t protocol, struct span span)
{
	uint16_t ethertype;

	switch (protocol) {
	case IPPROTO_IPIP:
		ethertype = ETH_P_IP;
		break;
	case IPPROTO_IPV6:
		ethertype = ETH_P_IPV6;
		break;
	case IPPROTO_MPLS:
		ethertype = ETH_P_MPLS_UC;
		break;
	case PROTOCOL_ETHERNET:
		ethertype = ETH_P_TEB;
		break;
	default:
		return false;
	}
	output_char(output, ' ');
	packet_ethertype(output, ethertype, span);
	return true;
}

typedef void (*protocol_function)(struct output *output, struct span span);

static protocol_function function_of(uint8_t protocol)
{
	static const protocol_function functions[] = {
		[IPPROTO_ICMP] = icmp_text,
		[IPPROTO_IGMP] = packet_igmp,
		[IPPROTO_TCP] = packet_tcp,
		[IPPROTO_UDP] = udp_text,
		[IPPROTO_DCCP] = packet_dccp,
		[IPPROTO_GRE] = packet_gre,
		[IPPROTO_ESP] = esp_text,
		[IPPROTO_ICMPV6] = icmp_text,
		[PROTOCOL_EIGRP] = packet_eigrp,
		[PROTOCOL_OSPF] = packet_ospf,
		[PROTOCOL_ETHERIP] = etherip_text,
		[IPPROTO_PIM] = packet_pim,
		[IPPROTO_COMP] = comp_text,
		[PROTOCOL_VRRP] = packet_vrrp,
		[PROTOCOL_L2TP] = l2tp_text,
		[IPPROTO_SCTP] = packet_sctp,
		[IPPROTO_UDPLITE] = udplite_text,
	};

	return protocol < sizeof(functions) / sizeof(functions[0]) ? functions[protocol] : NULL;
}

void packet_transport(struct output *output, uint8_t protocol, struct span span)
{
	protocol_function function;

	packet_protocol(output, protocol);
	while (protocol == IPPROTO_AH) {
		if (ah_text(output, &span, &protocol) == 0)
			return;
		packet_protocol(output, protocol);
	}
	if (inner_text(output, protocol, span))
		return;
	function = function_of(protocol);
	if (function)
		function(output, span);
	else
		packet_unsupported(output, "protocol", protocol, protocol > 0xf ? 2 : 1);
}
