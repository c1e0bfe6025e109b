/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: tunnels in UDP: VXLAN, Geneve, L2TP, IPsec; see packet.h. */
#include "client/text/packet.h"

#define VXLAN_FLAG_ID        0x08
#define GENEVE_LENGTH        8
#define GENEVE_FLAG_CONTROL  0x80
#define GENEVE_FLAG_CRITICAL 0x40

#define IPSEC_ESP_LENGTH 8
#define IPSEC_KEEPALIVE  0xff

#define L2TP_HEADER_LENGTH 2
#define L2TP_CONTROL       0x8000
#define L2TP_LENGTH        0x4000
#define L2TP_VERSION       2

static void network_identifier(struct output *output, struct span span)
{
	output_text(output, "] vni 0x");
	output_hex(output, span_u32(span, 4) >> 8);
	output_char(output, ' ');
}

void packet_vxlan(struct output *output, const struct packet_walk *walk)
{
	output_text(output, " vxlan [");
	if (walk->header.span.bytes[0] & VXLAN_FLAG_ID)
		output_char(output, 'I');
	network_identifier(output, walk->header.span);
}

void packet_geneve(struct output *output, const struct packet_walk *walk)
{
	const struct packet_header *header = &walk->header;
	struct span span = header->span;

	output_text(output, " geneve");
	if (header->problem == PACKET_BAD_VERSION) {
		packet_bad(output, "version", header->version);
		return;
	}
	if (header->problem) {
		packet_bad_length(output, "options length", header->length - GENEVE_LENGTH, 0,
			span.wire - GENEVE_LENGTH);
		return;
	}
	output_text(output, " [");
	if (span.bytes[1] & GENEVE_FLAG_CONTROL)
		output_char(output, 'O');
	if (span.bytes[1] & GENEVE_FLAG_CRITICAL)
		output_char(output, 'C');
	network_identifier(output, span);
}

/* ESP, or a message of the key exchange behind four zeros, or one byte that keeps a NAT awake. */
void packet_ipsec_udp(struct output *output, const struct packet_walk *walk)
{
	struct span span = walk->header.span;

	if (span.length == 1 && span.wire == 1 && span.bytes[0] == IPSEC_KEEPALIVE) {
		output_text(output, " nat-keep-alive");
		return;
	}
	if (span.length < IPSEC_ESP_LENGTH) {
		packet_truncated(output);
		return;
	}
	if (span_u32(span, 0) == 0) {
		output_text(output, " isakmp");
		return;
	}
	output_text(output, " esp spi 0x");
	output_hex_padded(output, span_u32(span, 0), 8);
	output_text(output, " seq 0x");
	output_hex(output, span_u32(span, 4));
}

/* L2TPv2 with PPP in it; of another version only the number is printed. */
void packet_l2tp_udp(struct output *output, const struct packet_walk *walk)
{
	const struct packet_header *header = &walk->header;
	struct span span = header->span;
	uint16_t flags = span_u16(span, 0);
	size_t ids = L2TP_HEADER_LENGTH + (flags & L2TP_LENGTH ? 2 : 0);

	output_number_after(output, " l2tp v", header->version);
	if (header->version != L2TP_VERSION)
		return;
	if (header->problem) {
		packet_truncated(output);
		return;
	}
	output_number_after(output, " tunnel ", span_u16(span, ids));
	output_number_after(output, " session ", span_u16(span, ids + 2));
	if (flags & L2TP_LENGTH) {
		output_number_after(output, " len ", span_u16(span, 2));
		packet_missing(output, span, span_u16(span, 2));
	}
	if (flags & L2TP_CONTROL)
		output_text(output, " control");
}
