/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: the names of the protocols above IP, and the short ones; the others have their own
 * files; see packet.h. */
#include <netinet/in.h>

#include "client/text/packet.h"

#define UDP_HEADER_LENGTH 8
#define AH_HEADER_LENGTH  12 /* without the integrity check value */
#define L2TP_SESSION      4 /* bytes of a session's number */

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

void packet_announce(struct output *output, const struct packet_walk *walk, uint8_t protocol)
{
	packet_protocol(output, protocol);
	if (walk->next != PACKET_END && walk->next < PACKET_EXTENSION)
		output_char(output, ' ');
}

void packet_udp(struct output *output, const struct packet_walk *walk)
{
	struct span span = walk->header.span;
	uint16_t length = span_u16(span, 4);

	if (walk->header.problem) {
		packet_bad_length(output, "length", length, UDP_HEADER_LENGTH, SIZE_MAX);
		return;
	}
	/* 0: too long for the field. */
	output_number_after(output, " len ", (length ? length : span.wire) - UDP_HEADER_LENGTH);
	packet_missing(output, span, length);
}

/* The checksum covers at least the header and at most the packet; 0: all of it (RFC 3828). */
void packet_udplite(struct output *output, const struct packet_walk *walk)
{
	struct span span = walk->header.span;
	uint16_t coverage = span_u16(span, 4);

	if (coverage > 0 && (coverage < UDP_HEADER_LENGTH || coverage > span.wire)) {
		packet_bad_length(output, "coverage", coverage, UDP_HEADER_LENGTH, span.wire);
		return;
	}
	output_number_after(output, " coverage ", coverage);
	output_number_after(output, " len ", span.wire - UDP_HEADER_LENGTH);
}

/* ICMP and ICMPv6 begin with the same fields. */
void packet_icmp(struct output *output, const struct packet_walk *walk)
{
	output_number_after(output, " type ", walk->header.span.bytes[0]);
	output_number_after(output, " code ", walk->header.span.bytes[1]);
}

static void security_text(struct output *output, struct span span)
{
	output_text(output, " spi 0x");
	output_hex_padded(output, span_u32(span, 0), 8);
	output_hex_after(output, " seq ", span_u32(span, 4));
}

void packet_esp(struct output *output, const struct packet_walk *walk)
{
	security_text(output, walk->header.span);
}

void packet_ah(struct output *output, const struct packet_walk *walk)
{
	const struct packet_header *header = &walk->header;
	struct span span = header->span;

	security_text(output, span_skip(span, 4));
	if (header->problem == PACKET_BAD_LENGTH) {
		packet_bad_length(output, "length", header->length, AH_HEADER_LENGTH, span.wire);
		return;
	}
	if (header->problem) {
		packet_truncated(output);
		return;
	}
	output_text(output, " icv 0x");
	for (size_t i = AH_HEADER_LENGTH; i < header->length; i++)
		output_hex_padded(output, span.bytes[i], 2);
	packet_announce(output, walk, span.bytes[0]);
}

void packet_ipcomp(struct output *output, const struct packet_walk *walk)
{
	output_hex_after(output, " cpi ", span_u16(walk->header.span, 2));
	output_number_after(output, " next ", walk->header.span.bytes[0]);
}

/* L2TPv3 over IP: session 0 is for control. The rest depends on what both ends have agreed. */
void packet_l2tp_ip(struct output *output, const struct packet_walk *walk)
{
	struct span span = walk->header.span;

	if (span_u32(span, 0) == 0)
		output_text(output, " control");
	else
		output_hex_after(output, " session ", span_u32(span, 0));
	output_number_after(output, " len ", span.wire - L2TP_SESSION);
}

void packet_etherip(struct output *output, const struct packet_walk *walk)
{
	(void)walk;
	output_char(output, ' ');
}
