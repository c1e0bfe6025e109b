/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: IPv4 and IPv6 with options, fragments and extension headers; see packet.h. */
#include <glib.h>
#include <netinet/in.h>
#include <netinet/ip.h>

#include "packet.h"

#define IPV4_HEADER_LENGTH 20
#define IPV6_HEADER_LENGTH 40
#define PORTS_LENGTH       4 /* source and destination, first in TCP, UDP and SCTP */

#define IPV4_OPTION_CIPSO 134 /* the others are in <netinet/ip.h> */
#define IPV4_OPTION_RA    148

/* Offsets of header fields. */
enum ipv4_layout {
	IPV4_TOS = 1,
	IPV4_TOTAL = 2,
	IPV4_ID = 4,
	IPV4_FRAGMENT = 6,
	IPV4_TTL = 8,
	IPV4_PROTOCOL = 9,
	IPV4_SOURCE = 12,
	IPV4_DESTINATION = 16,
};

enum ipv6_layout {
	IPV6_START = 0, /* version, traffic class, flow label */
	IPV6_LENGTH = 4,
	IPV6_NEXT_HEADER = 6,
	IPV6_HOP_LIMIT = 7,
	IPV6_SOURCE = 8,
	IPV6_DESTINATION = 24,
};

#define IPV4_LENGTH_MASK   0xf /* of the first byte: the header's length in words */
#define IPV4_FLAG_RESERVED 0x8000
#define IPV4_FLAG_DF       0x4000
#define IPV4_FLAG_MF       0x2000
#define IPV4_OFFSET_MASK   0x1fff
#define FRAGMENT_UNIT      8 /* bytes that a fragment offset counts in */

#define IPV6_FRAGMENT_OFFSET_MASK 0xfff8
#define IPV6_EXTENSION_UNIT       8 /* bytes that an extension header's length counts in */

#define IPV6_EXTENSIONS_MAX 16 /* more are not walked: the packet is no packet */
#define IPV6_HIP            139
#define IPV6_SHIM6          140

#define IPV6_CLASS_SHIFT 20
#define IPV6_LABEL_MASK  0xfffff
#define ECN_MASK         0x3
#define DSCP_SHIFT       2

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

static const char *ecn_name(uint8_t traffic_class)
{
	static const char *const names[] = { "", " ECT(1)", " ECT(0)", " CE" };

	return names[traffic_class & ECN_MASK];
}

typedef void (*address_function)(struct output *output, const uint8_t *address);

/* "A.PORT > B.PORT", or without ports where `transport` is too short to have any. */
static void endpoints_text(struct output *output, address_function address, const uint8_t *source,
	const uint8_t *destination, struct span transport)
{
	bool ports = transport.length >= PORTS_LENGTH;

	address(output, source);
	if (ports) {
		output_char(output, '.');
		output_number(output, span_u16(transport, 0));
	}
	output_text(output, " > ");
	address(output, destination);
	if (ports) {
		output_char(output, '.');
		output_number(output, span_u16(transport, 2));
	}
}

static void ipv4_flags(struct output *output, uint16_t fragment)
{
	const char *separator = " [";

	if (fragment & IPV4_FLAG_MF) {
		output_text(output, separator);
		output_char(output, '+');
		separator = ",";
	}
	if (fragment & IPV4_FLAG_DF) {
		output_text(output, separator);
		output_text(output, "DF");
		separator = ",";
	}
	if (fragment & IPV4_FLAG_RESERVED) {
		output_text(output, separator);
		output_text(output, "rsvd");
		separator = ",";
	}
	if (*separator == ',')
		output_char(output, ']');
}

static const char *ipv4_option_name(uint8_t option)
{
	switch (option) {
	case IPOPT_END:
		return "EOL";
	case IPOPT_NOOP:
		return "NOP";
	case IPOPT_RR:
		return "RR";
	case IPOPT_TS:
		return "timestamp";
	case IPOPT_SECURITY:
		return "security";
	case IPOPT_LSRR:
		return "LSRR";
	case IPV4_OPTION_CIPSO:
		return "CIPSO";
	case IPOPT_SSRR:
		return "SSRR";
	case IPV4_OPTION_RA:
		return "RA";
	default:
		return NULL;
	}
}

static void ipv4_option(struct output *output, uint8_t option)
{
	const char *name = ipv4_option_name(option);

	if (name)
		output_text(output, name);
	else
		output_number(output, option);
}

/* An end-of-list that comes first is only padding, and not shown. */
static void ipv4_options(struct output *output, struct span options)
{
	bool any = false;

	while (options.length > 0) {
		uint8_t option = options.bytes[0];
		size_t length = 1;

		if (option == IPOPT_END && !any)
			return;
		output_text(output, any ? "," : " opts [");
		any = true;
		ipv4_option(output, option);
		if (option == IPOPT_END)
			break;
		if (option != IPOPT_NOOP)
			length = options.length > 1 ? options.bytes[1] : 0;
		if (option != IPOPT_NOOP && (length < 2 || length > options.length)) {
			output_text(output, " invalid");
			break;
		}
		options = span_skip(options, length);
	}
	if (any)
		output_char(output, ']');
}

/* What the header's length fields leave for the transport; a total of 0 is a packet that is not
 * finished yet, or longer than the field can say. */
static struct payload ipv4_payload(struct span span, size_t header, uint16_t total)
{
	struct payload payload = { .span = span_skip(span, header) };

	if (total > header)
		payload.length = (uint32_t)(total - header);
	if (total > 0)
		payload.span = span_clip(payload.span, payload.length);
	return payload;
}

void packet_ipv4(struct output *output, struct span span)
{
	struct span transport = { 0 };
	struct payload payload;
	uint16_t fragment, total;
	uint8_t protocol;
	size_t header;

	if (span.length < IPV4_HEADER_LENGTH) {
		output_text(output, "IPv4");
		packet_truncated(output);
		return;
	}
	header = (size_t)(span.bytes[0] & IPV4_LENGTH_MASK) * sizeof(uint32_t);
	if (header < IPV4_HEADER_LENGTH)
		header = IPV4_HEADER_LENGTH;
	total = span_u16(span, IPV4_TOTAL);
	fragment = span_u16(span, IPV4_FRAGMENT);
	protocol = span.bytes[IPV4_PROTOCOL];
	payload = ipv4_payload(span, header, total);
	if (has_ports(protocol) && (fragment & IPV4_OFFSET_MASK) == 0)
		transport = payload.span;

	endpoints_text(output, output_ipv4_address, span.bytes + IPV4_SOURCE,
		span.bytes + IPV4_DESTINATION, transport);
	output_text(output, " tos 0x");
	output_hex(output, span.bytes[IPV4_TOS] >> DSCP_SHIFT);
	output_text(output, ecn_name(span.bytes[IPV4_TOS]));
	output_text(output, " ttl ");
	output_number(output, span.bytes[IPV4_TTL]);
	output_text(output, " id ");
	output_number(output, span_u16(span, IPV4_ID));
	output_text(output, " off ");
	output_number(output, (fragment & IPV4_OFFSET_MASK) * FRAGMENT_UNIT);
	ipv4_flags(output, fragment);
	if (total > 0) {
		output_text(output, " len ");
		output_number(output, total);
	}
	ipv4_options(output, span_skip(span_clip(span, header), IPV4_HEADER_LENGTH));
	if ((fragment & IPV4_OFFSET_MASK) == 0)
		packet_transport(output, protocol, payload);
	else
		packet_protocol(output, protocol);
}

/* The chain of extension headers, walked once before anything is printed: the ports behind it come
 * first in the line. */
struct ipv6_chain {
	uint8_t headers[IPV6_EXTENSIONS_MAX];
	unsigned int count;
	uint8_t protocol; /* that follows the chain */
	bool later_fragment; /* the transport header is in another packet */
	bool truncated; /* the bytes ended inside the chain */
	uint16_t offset; /* of the fragment, bytes */
	struct payload payload;
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
	struct span span = chain->payload.span;
	size_t length = IPV6_EXTENSION_UNIT;

	chain->headers[chain->count++] = chain->protocol;
	if (span.length < IPV6_EXTENSION_UNIT) {
		chain->truncated = true;
		return;
	}
	if (chain->protocol == IPPROTO_FRAGMENT) {
		chain->offset = span_u16(span, 2) & IPV6_FRAGMENT_OFFSET_MASK;
		chain->later_fragment = chain->offset != 0;
	} else {
		length *= (size_t)span.bytes[1] + 1;
	}
	chain->protocol = span.bytes[0];
	chain->truncated = span.length < length;
	chain->payload.span = span_skip(span, length);
	chain->payload.length -= MIN(chain->payload.length, length);
}

static void ipv6_chain_walk(struct ipv6_chain *chain)
{
	while (ipv6_extension_name(chain->protocol) && !chain->truncated &&
		!chain->later_fragment && chain->count < IPV6_EXTENSIONS_MAX)
		ipv6_chain_step(chain);
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
	else if (chain->protocol == IPPROTO_NONE)
		return; /* whatever follows is to be ignored (RFC 8200) */
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
	length = span_u16(span, IPV6_LENGTH);
	chain.protocol = span.bytes[IPV6_NEXT_HEADER];
	chain.payload.length = length;
	chain.payload.span = span_skip(span, IPV6_HEADER_LENGTH);
	if (length > 0)
		chain.payload.span = span_clip(chain.payload.span, length);
	ipv6_chain_walk(&chain);
	if (has_ports(chain.protocol) && !chain.later_fragment && !chain.truncated)
		transport = chain.payload.span;

	endpoints_text(output, output_ipv6_address, span.bytes + IPV6_SOURCE,
		span.bytes + IPV6_DESTINATION, transport);
	output_text(output, ecn_name((uint8_t)(start >> IPV6_CLASS_SHIFT)));
	output_text(output, " ttl ");
	output_number(output, span.bytes[IPV6_HOP_LIMIT]);
	output_text(output, " label 0x");
	output_hex(output, start & IPV6_LABEL_MASK);
	if (length > 0) {
		output_text(output, " len ");
		output_number(output, length);
	}
	ipv6_chain_text(output, &chain);
}
