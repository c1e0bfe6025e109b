/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: IPv6 with its extension headers; see packet.h. */
#include <netinet/in.h>

#include "client/text/packet.h"

#define IPV6_HEADER_LENGTH 40
#define IPV6_VERSION       6

/* Offsets of header fields. */
enum ipv6_layout {
	IPV6_START = 0, /* version, traffic class, flow label */
	IPV6_LENGTH = 4,
	IPV6_NEXT_HEADER = 6,
	IPV6_HOP_LIMIT = 7,
	IPV6_SOURCE = 8,
	IPV6_DESTINATION = 24,
};

#define IPV6_FRAGMENT_OFFSET_MASK 0xfff8
#define IPV6_FRAGMENT_MORE        0x0001
#define IPV6_EXTENSION_UNIT       8 /* bytes that an extension header's length counts in */

#define IPV6_EXTENSIONS_MAX 16 /* more are not walked */
#define IPV6_HIP            139
#define IPV6_SHIM6          140

#define IPV6_VERSION_SHIFT 28
#define IPV6_CLASS_SHIFT   20
#define IPV6_LABEL_MASK    0xfffff

/* The chain of extension headers, walked once before anything is printed: the ports behind it come
 * first in the line. */
struct ipv6_chain {
	uint8_t headers[IPV6_EXTENSIONS_MAX];
	unsigned int count;
	uint8_t protocol; /* that follows the chain */
	bool later_fragment; /* the transport header is in another packet */
	bool truncated; /* the bytes ended inside the chain */
	bool endless; /* IPV6_EXTENSIONS_MAX were walked and more follow */
	uint16_t offset; /* of the fragment, bytes */
	struct span payload;
};

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

static void ipv6_chain_step(struct ipv6_chain *chain)
{
	struct span span = chain->payload;
	size_t length = IPV6_EXTENSION_UNIT;

	chain->headers[chain->count++] = chain->protocol;
	if (span.length < IPV6_EXTENSION_UNIT) {
		chain->truncated = true;
		return;
	}
	if (chain->protocol == IPPROTO_FRAGMENT) {
		chain->offset = span_u16(span, 2) & IPV6_FRAGMENT_OFFSET_MASK;
		chain->later_fragment = chain->offset != 0;
		if (span_u16(span, 2) & IPV6_FRAGMENT_MORE)
			chain->payload.partial = true;
	} else {
		length *= (size_t)span.bytes[1] + 1;
	}
	chain->protocol = span.bytes[0];
	chain->truncated = span.length < length;
	chain->payload = span_skip(chain->payload, length);
}

static void ipv6_chain_walk(struct ipv6_chain *chain)
{
	while (ipv6_extension_name(chain->protocol) && !chain->truncated &&
		!chain->later_fragment && chain->count < IPV6_EXTENSIONS_MAX)
		ipv6_chain_step(chain);
	chain->endless = chain->count == IPV6_EXTENSIONS_MAX &&
		ipv6_extension_name(chain->protocol) && !chain->truncated && !chain->later_fragment;
}

static void ipv6_chain_text(struct output *output, const struct ipv6_chain *chain)
{
	for (unsigned int i = 0; i < chain->count; i++) {
		output_text(output, i == 0 ? " exts [" : ",");
		output_text(output, ipv6_extension_name(chain->headers[i]));
	}
	if (chain->count > 0)
		output_char(output, ']');
	if (chain->later_fragment) {
		output_text(output, " off ");
		output_number(output, chain->offset);
	}
	if (chain->truncated)
		packet_truncated(output);
	else if (chain->endless)
		output_text(output, "... (more extension headers follow)");
	else if (chain->protocol == IPPROTO_NONE)
		return; /* the rest must be ignored (RFC 8200) */
	else if (chain->later_fragment)
		packet_protocol(output, chain->protocol);
	else
		packet_transport(output, chain->protocol, chain->payload);
}

void packet_ipv6(struct output *output, struct span span)
{
	struct ipv6_chain chain = { 0 };
	struct span transport = { 0 };
	uint32_t start;
	uint16_t length;

	if (span.length < IPV6_HEADER_LENGTH) {
		output_text(output, "IPv6");
		packet_truncated(output);
		return;
	}
	start = span_u32(span, IPV6_START);
	if (start >> IPV6_VERSION_SHIFT != IPV6_VERSION) {
		output_text(output, "IPv6");
		packet_bad(output, "version", start >> IPV6_VERSION_SHIFT);
		return;
	}
	length = span_u16(span, IPV6_LENGTH);
	chain.protocol = span.bytes[IPV6_NEXT_HEADER];
	chain.payload = span_skip(span, IPV6_HEADER_LENGTH);
	/* 0: too long for the field. */
	if (length > 0)
		chain.payload = span_clip(chain.payload, length);
	ipv6_chain_walk(&chain);
	if (!chain.later_fragment && !chain.truncated && !chain.endless)
		transport = packet_ports(chain.protocol, chain.payload);

	packet_endpoints(output, output_ipv6_address, span.bytes + IPV6_SOURCE,
		span.bytes + IPV6_DESTINATION, transport);
	output_text(output, packet_ecn((uint8_t)(start >> IPV6_CLASS_SHIFT)));
	output_number_after(output, " ttl ", span.bytes[IPV6_HOP_LIMIT]);
	output_hex_after(output, " label ", start & IPV6_LABEL_MASK);
	if (length > 0) {
		output_number_after(output, " len ", length);
		packet_missing(output, span_skip(span, IPV6_HEADER_LENGTH), length);
	}
	ipv6_chain_text(output, &chain);
}
