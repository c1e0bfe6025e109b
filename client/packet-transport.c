/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: the protocols above IP, but for TCP and SCTP, which have files of their own; see
 * packet.h. */
#include <netinet/in.h>

#include "packet.h"

#define UDP_HEADER_LENGTH  8
#define ICMP_HEADER_LENGTH 4
#define ESP_HEADER_LENGTH  8
#define AH_HEADER_LENGTH   12 /* without the integrity check value */

/* Protocols that <netinet/in.h> does not name. */
enum protocol {
	PROTOCOL_RDP = 27,
	PROTOCOL_OSPF = 89,
	PROTOCOL_VRRP = 112,
	PROTOCOL_L2TP = 115,
	PROTOCOL_ETHERNET = 143,
};

static const char *protocol_name(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_ICMP:
		return "ICMP";
	case IPPROTO_IGMP:
		return "IGMP";
	case IPPROTO_IPIP:
		return "IPIP";
	case IPPROTO_TCP:
		return "TCP";
	case IPPROTO_UDP:
		return "UDP";
	case PROTOCOL_RDP:
		return "RDP";
	case IPPROTO_DCCP:
		return "DCCP";
	case IPPROTO_IPV6:
		return "IPv6";
	case IPPROTO_GRE:
		return "GRE";
	case IPPROTO_ESP:
		return "ESP";
	case IPPROTO_AH:
		return "AH";
	case IPPROTO_ICMPV6:
		return "ICMPv6";
	case PROTOCOL_OSPF:
		return "OSPF";
	case PROTOCOL_VRRP:
		return "VRRP";
	case PROTOCOL_L2TP:
		return "L2TP";
	case IPPROTO_SCTP:
		return "SCTP";
	case PROTOCOL_ETHERNET:
		return "Ethernet";
	default:
		return NULL;
	}
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
	output_text(output, " len ");
	output_number(
		output, length < UDP_HEADER_LENGTH ? 0U : (unsigned int)length - UDP_HEADER_LENGTH);
	packet_tunnel(output, span_u16(span, 2), span_skip(span, UDP_HEADER_LENGTH));
}

/* ICMP and ICMPv6 begin alike. */
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

/* Prints an authentication header and steps behind it: 1 and the protocol that follows, 0 if the
 * bytes ended (which it has said). */
static int ah_text(struct output *output, struct payload *payload, uint8_t *ret_protocol)
{
	struct span span = payload->span;
	size_t length;

	if (span.length < AH_HEADER_LENGTH) {
		packet_truncated(output);
		return 0;
	}
	length = ((size_t)span.bytes[1] + 2) * 4;
	if (length < AH_HEADER_LENGTH)
		length = AH_HEADER_LENGTH;
	security_text(output, span_u32(span, 4), span_u32(span, 8));
	if (span.length < length) {
		packet_truncated(output);
		return 0;
	}
	output_text(output, " icv 0x");
	for (size_t i = AH_HEADER_LENGTH; i < length; i++)
		output_hex_padded(output, span.bytes[i], 2);
	payload->span = span_skip(span, length);
	payload->length = payload->length > length ? payload->length - (uint32_t)length : 0;
	*ret_protocol = span.bytes[0];
	return 1;
}

void packet_transport(struct output *output, uint8_t protocol, struct payload payload)
{
	packet_protocol(output, protocol);
	while (protocol == IPPROTO_AH) {
		if (ah_text(output, &payload, &protocol) == 0)
			return;
		packet_protocol(output, protocol);
	}
	switch (protocol) {
	case IPPROTO_TCP:
		packet_tcp(output, payload);
		break;
	case IPPROTO_UDP:
		udp_text(output, payload.span);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		icmp_text(output, payload.span);
		break;
	case IPPROTO_SCTP:
		packet_sctp(output, payload);
		break;
	case IPPROTO_ESP:
		esp_text(output, payload.span);
		break;
	default:
		packet_unsupported(output, "protocol", protocol, protocol > 0xf ? 2 : 1);
		break;
	}
}
