/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: IPv4 with its options, and the parts that it shares with IPv6; see packet.h. */
#include <netinet/ip.h>

#include "client/text/packet.h"

#define IPV4_HEADER_LENGTH 20
#define PORTS_LENGTH       4 /* source and destination, first in TCP, UDP, SCTP and DCCP */

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
};

#define IPV4_FLAG_RESERVED 0x8000
#define IPV4_FLAG_DF       0x4000
#define IPV4_FLAG_MF       0x2000
#define IPV4_OFFSET_MASK   0x1fff
#define FRAGMENT_UNIT      8 /* bytes that a fragment offset counts in */

#define ECN_MASK   0x3
#define DSCP_SHIFT 2

const char *packet_ecn(uint8_t traffic_class)
{
	static const char *const names[] = { "", " ECT(1)", " ECT(0)", " CE" };

	return names[traffic_class & ECN_MASK];
}

void packet_endpoints(struct output *output, packet_address address, const uint8_t *source,
	const uint8_t *destination, const struct packet_walk *walk)
{
	struct span transport = packet_walk_ports(walk);
	bool ports = transport.length >= PORTS_LENGTH;

	address(output, source);
	if (ports)
		output_number_after(output, ".", span_u16(transport, 0));
	output_text(output, " > ");
	address(output, destination);
	if (ports)
		output_number_after(output, ".", span_u16(transport, 2));
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

/* An end-of-list that comes first is padding, and not shown. */
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

static void ipv4_fields(struct output *output, struct span span, uint16_t fragment)
{
	output_text(output, " tos 0x");
	output_hex(output, span.bytes[IPV4_TOS] >> DSCP_SHIFT);
	output_text(output, packet_ecn(span.bytes[IPV4_TOS]));
	output_number_after(output, " ttl ", span.bytes[IPV4_TTL]);
	output_number_after(output, " id ", span_u16(span, IPV4_ID));
	output_number_after(output, " off ", (fragment & IPV4_OFFSET_MASK) * FRAGMENT_UNIT);
	ipv4_flags(output, fragment);
}

void packet_ipv4(struct output *output, const struct packet_walk *walk)
{
	const struct packet_header *header = &walk->header;
	struct span span = header->span;
	uint16_t total = span_u16(span, IPV4_TOTAL);

	packet_endpoints(output, output_ipv4_address, packet_source(header),
		packet_destination(header), walk);
	ipv4_fields(output, span, span_u16(span, IPV4_FRAGMENT));
	if (header->problem == PACKET_BAD_HEADER_LENGTH) {
		packet_bad_length(
			output, "header length", header->length, IPV4_HEADER_LENGTH, SIZE_MAX);
		return;
	}
	if (header->problem) {
		packet_bad_length(output, "length", total, header->length, SIZE_MAX);
		return;
	}
	if (total > 0) {
		output_number_after(output, " len ", total);
		packet_missing(output, span, total);
	}
	ipv4_options(output, span_skip(span_clip(span, header->length), IPV4_HEADER_LENGTH));
	packet_announce(output, walk, span.bytes[IPV4_PROTOCOL]);
}
