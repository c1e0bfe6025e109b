/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: tunnels in UDP (VXLAN, Geneve, L2TP, IPsec), and the packets in them; see
 * packet.h. */
#include <linux/if_ether.h>

#include "client/text/packet.h"

#define VXLAN_PORT           4789
#define VXLAN_PORT_LINUX     8472 /* the kernel's default, older than the assigned one */
#define VXLAN_LENGTH         8
#define VXLAN_FLAG_ID        0x08
#define GENEVE_PORT          6081
#define GENEVE_LENGTH        8
#define GENEVE_OPTIONS       0x3f /* length of the options, in units of 4 bytes */
#define GENEVE_FLAG_CONTROL  0x80
#define GENEVE_FLAG_CRITICAL 0x40
#define GENEVE_VERSION_SHIFT 6

#define IPSEC_NAT_PORT   4500
#define IPSEC_ESP_LENGTH 8
#define IPSEC_KEEPALIVE  0xff

#define L2TP_PORT          1701
#define L2TP_HEADER_LENGTH 2
#define L2TP_CONTROL       0x8000
#define L2TP_LENGTH        0x4000
#define L2TP_SEQUENCE      0x0800
#define L2TP_OFFSET        0x0200
#define L2TP_VERSION_MASK  0x000f
#define L2TP_VERSION       2

static void network_identifier(struct output *output, struct span span)
{
	output_text(output, "] vni 0x");
	output_hex(output, span_u32(span, 4) >> 8);
	output_char(output, ' ');
}

static void vxlan_text(struct output *output, struct span span)
{
	if (span.length < VXLAN_LENGTH) {
		packet_truncated(output);
		return;
	}
	output_text(output, " vxlan [");
	if (span.bytes[0] & VXLAN_FLAG_ID)
		output_char(output, 'I');
	network_identifier(output, span);
	packet_ethernet(output, span_skip(span, VXLAN_LENGTH));
}

static void geneve_text(struct output *output, struct span span)
{
	size_t options;
	uint16_t ethertype;

	if (span.length < GENEVE_LENGTH) {
		packet_truncated(output);
		return;
	}
	options = (size_t)(span.bytes[0] & GENEVE_OPTIONS) * 4;
	ethertype = span_u16(span, 2);
	output_text(output, " geneve");
	if (span.bytes[0] >> GENEVE_VERSION_SHIFT != 0) {
		packet_bad(output, "version", span.bytes[0] >> GENEVE_VERSION_SHIFT);
		return;
	}
	if (GENEVE_LENGTH + options > span.wire) {
		packet_bad_length(output, "options length", options, 0, span.wire - GENEVE_LENGTH);
		return;
	}
	output_text(output, " [");
	if (span.bytes[1] & GENEVE_FLAG_CONTROL)
		output_char(output, 'O');
	if (span.bytes[1] & GENEVE_FLAG_CRITICAL)
		output_char(output, 'C');
	network_identifier(output, span);
	span = span_skip(span, GENEVE_LENGTH + options);
	packet_ethertype(output, ethertype, span);
}

/* ESP, or a message of the key exchange behind four zeros, or one byte that keeps a NAT awake. */
static void ipsec_text(struct output *output, struct span span)
{
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

/* The length of the header with these flags; `at_ids` is the offset of tunnel and session
 * number. */
static size_t l2tp_header_length(uint16_t flags, size_t *ret_at_ids)
{
	size_t length = L2TP_HEADER_LENGTH + (flags & L2TP_LENGTH ? 2 : 0);

	*ret_at_ids = length;
	return length + 4 + (flags & L2TP_SEQUENCE ? 4 : 0) + (flags & L2TP_OFFSET ? 2 : 0);
}

/* L2TPv2 with PPP in it; of another version only the number is printed. */
static void l2tp_text(struct output *output, struct span span)
{
	size_t header, ids;
	uint16_t flags;

	if (span.length < L2TP_HEADER_LENGTH) {
		packet_truncated(output);
		return;
	}
	flags = span_u16(span, 0);
	output_number_after(output, " l2tp v", flags & L2TP_VERSION_MASK);
	if ((flags & L2TP_VERSION_MASK) != L2TP_VERSION)
		return;
	header = l2tp_header_length(flags, &ids);
	if (span.length < header) {
		packet_truncated(output);
		return;
	}
	output_number_after(output, " tunnel ", span_u16(span, ids));
	output_number_after(output, " session ", span_u16(span, ids + 2));
	if (flags & L2TP_LENGTH) {
		output_number_after(output, " len ", span_u16(span, 2));
		packet_missing(output, span, span_u16(span, 2));
	}
	if (flags & L2TP_OFFSET)
		header += span_u16(span, header - 2);
	if (flags & L2TP_CONTROL)
		output_text(output, " control");
	else
		packet_ppp(output, span_skip(span, header));
}

void packet_tunnel(struct output *output, uint16_t source, uint16_t destination, struct span span)
{
	/* Both ends use the same port. */
	if (source == IPSEC_NAT_PORT || destination == IPSEC_NAT_PORT) {
		ipsec_text(output, span);
		return;
	}
	if (source == L2TP_PORT || destination == L2TP_PORT) {
		l2tp_text(output, span);
		return;
	}
	switch (destination) {
	case VXLAN_PORT:
	case VXLAN_PORT_LINUX:
		vxlan_text(output, span);
		break;
	case GENEVE_PORT:
		geneve_text(output, span);
		break;
	default:
		break;
	}
}
