/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: IPv6 with its extension headers; see packet.h. */
#include <netinet/in.h>

#include "client/text/packet.h"

#define IPV6_HEADER_LENGTH 40

/* Offsets of header fields. */
enum ipv6_layout {
	IPV6_START = 0, /* version, traffic class, flow label */
	IPV6_LENGTH = 4,
	IPV6_NEXT_HEADER = 6,
	IPV6_HOP_LIMIT = 7,
};

#define IPV6_FRAGMENT_OFFSET_MASK 0xfff8
#define IPV6_HIP                  139
#define IPV6_SHIM6                140

#define IPV6_CLASS_SHIFT 20
#define IPV6_LABEL_MASK  0xfffff

static const char *ipv6_extension_name(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_HOPOPTS:
		return "Hopopt";
	case IPPROTO_ROUTING:
		return "Ipv6Route";
	case IPPROTO_FRAGMENT:
		return "Ipv6Frag";
	case IPPROTO_DSTOPTS:
		return "Ipv6Opts";
	case IPPROTO_MH:
		return "MobilityHeader";
	case IPV6_HIP:
		return "Hip";
	case IPV6_SHIM6:
		return "Shim6";
	default:
		return NULL;
	}
}

/* The protocol behind the extension headers; none: the rest must be ignored (RFC 8200). */
static void ipv6_protocol(struct output *output, const struct packet_walk *walk, uint8_t protocol)
{
	if (walk->next != PACKET_EXTENSION && protocol != IPPROTO_NONE)
		packet_announce(output, walk, protocol);
}

void packet_extension(struct output *output, const struct packet_walk *walk)
{
	const struct packet_header *header = &walk->header;
	uint16_t offset = 0;

	output_text(output, walk->extensions == 1 ? " exts [" : ",");
	output_text(output, ipv6_extension_name((uint8_t)header->number));
	if (walk->next == PACKET_EXTENSION && !header->problem)
		return;
	output_char(output, ']');
	if (header->number == IPPROTO_FRAGMENT && !header->problem)
		offset = span_u16(header->span, 2) & IPV6_FRAGMENT_OFFSET_MASK;
	if (offset > 0)
		output_number_after(output, " off ", offset);
	if (header->problem)
		packet_truncated(output);
	else if (walk->next != PACKET_MORE_EXTENSIONS)
		ipv6_protocol(output, walk, header->span.bytes[0]);
}

void packet_ipv6(struct output *output, const struct packet_walk *walk)
{
	struct span span = walk->header.span;
	uint32_t start = span_u32(span, IPV6_START);
	uint16_t length = span_u16(span, IPV6_LENGTH);

	packet_endpoints(output, output_ipv6_address, packet_source(&walk->header),
		packet_destination(&walk->header), walk);
	output_text(output, packet_ecn((uint8_t)(start >> IPV6_CLASS_SHIFT)));
	output_number_after(output, " ttl ", span.bytes[IPV6_HOP_LIMIT]);
	output_hex_after(output, " label ", start & IPV6_LABEL_MASK);
	if (length > 0) {
		output_number_after(output, " len ", length);
		packet_missing(output, span_skip(span, IPV6_HEADER_LENGTH), length);
	}
	ipv6_protocol(output, walk, span.bytes[IPV6_NEXT_HEADER]);
}
