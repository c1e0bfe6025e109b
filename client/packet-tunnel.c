/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: VXLAN and Geneve, and the packets in them; see packet.h. */
#include <linux/if_ether.h>

#include "packet.h"

#define VXLAN_PORT           4789
#define VXLAN_PORT_LINUX     8472 /* the kernel's default, older than the assigned one */
#define VXLAN_LENGTH         8
#define VXLAN_FLAG_ID        0x08
#define GENEVE_PORT          6081
#define GENEVE_LENGTH        8
#define GENEVE_OPTIONS       0x3f /* length of the options, in units of 4 bytes */
#define GENEVE_FLAG_CONTROL  0x80
#define GENEVE_FLAG_CRITICAL 0x40

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
	output_text(output, " geneve [");
	if (span.bytes[1] & GENEVE_FLAG_CONTROL)
		output_char(output, 'O');
	if (span.bytes[1] & GENEVE_FLAG_CRITICAL)
		output_char(output, 'C');
	network_identifier(output, span);
	span = span_skip(span, GENEVE_LENGTH + options);
	if (ethertype == ETH_P_TEB)
		packet_ethernet(output, span);
	else
		packet_ethertype(output, ethertype, span);
}

void packet_tunnel(struct output *output, uint16_t port, struct span span)
{
	switch (port) {
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
