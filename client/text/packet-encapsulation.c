/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: headers between link and network: MPLS, PPPoE, PPP, LLC; see packet.h. */
#include "client/text/packet.h"

#define MPLS_LENGTH      4
#define MPLS_LABEL_SHIFT 12
#define MPLS_CLASS_SHIFT 9
#define MPLS_CLASS_MASK  0x7
#define MPLS_BOTTOM      0x100

#define PPP_HEADER_CODE 4 /* code, identifier and length of a control protocol */
#define PPP_CONTROL     0x8000 /* the least number of a control protocol */

void packet_mpls(struct output *output, const struct packet_walk *walk)
{
	const struct packet_header *header = &walk->header;
	struct span payload = span_skip(header->span, header->length);

	output_text(output, "mpls");
	for (size_t at = 0; at < header->length; at += MPLS_LENGTH) {
		uint32_t entry = span_u32(header->span, at);

		output_number_after(output, " label ", entry >> MPLS_LABEL_SHIFT);
		output_number_after(output, " tc ", entry >> MPLS_CLASS_SHIFT & MPLS_CLASS_MASK);
		if (entry & MPLS_BOTTOM)
			output_text(output, " [S]");
		output_number_after(output, " ttl ", (uint8_t)entry);
	}
	if (header->problem) {
		packet_truncated(output);
		return;
	}
	if (payload.wire == 0)
		return;
	output_char(output, ' ');
	if (payload.length == 0)
		packet_truncated(output);
	else if (walk->next == PACKET_END)
		output_number_after(output, "len ", payload.wire);
}

static const char *discovery_name(uint8_t code)
{
	switch (code) {
	case 0x09:
		return "PADI";
	case 0x07:
		return "PADO";
	case 0x19:
		return "PADR";
	case 0x65:
		return "PADS";
	case 0xa7:
		return "PADT";
	default:
		return NULL;
	}
}

void packet_pppoe(struct output *output, const struct packet_walk *walk)
{
	struct span span = walk->header.span;
	const char *name = discovery_name(span.bytes[1]);
	uint16_t length = span_u16(span, 4);

	output_text(output, "pppoe");
	if (name) {
		output_char(output, ' ');
		output_text(output, name);
	}
	output_hex_after(output, " session ", span_u16(span, 2));
	output_number_after(output, " len ", length);
	packet_missing(output, span_skip(span, walk->header.length), length);
}

static const char *ppp_name(uint16_t protocol)
{
	switch (protocol) {
	case 0x00fd:
		return "COMP";
	case 0x8021:
		return "IPCP";
	case 0x8053:
		return "ECP";
	case 0x8057:
		return "IPV6CP";
	case 0x80fd:
		return "CCP";
	case 0xc021:
		return "LCP";
	case 0xc023:
		return "PAP";
	case 0xc223:
		return "CHAP";
	case 0xc227:
		return "EAP";
	default:
		return NULL;
	}
}

void packet_ppp(struct output *output, const struct packet_walk *walk)
{
	struct span span = span_skip(walk->header.span, walk->header.length);
	uint16_t protocol = walk->header.number;
	const char *name = ppp_name(protocol);

	output_text(output, " ppp");
	if (walk->next != PACKET_END) {
		output_char(output, ' ');
		return;
	}
	if (!name) {
		packet_unsupported(output, "PPP protocol", protocol, 4);
		return;
	}
	output_char(output, ' ');
	output_text(output, name);
	/* The control protocols have the same header. */
	if (protocol < PPP_CONTROL)
		return;
	if (span.length < PPP_HEADER_CODE) {
		packet_truncated(output);
		return;
	}
	output_number_after(output, " code ", span.bytes[0]);
	output_number_after(output, " id ", span.bytes[1]);
	output_number_after(output, " len ", span_u16(span, 2));
	packet_missing(output, span, span_u16(span, 2));
}

void packet_802_3(struct output *output, const struct packet_walk *walk)
{
	output_number_after(output, "802.3 len ", walk->header.number);
	packet_missing(output, walk->header.span, walk->header.number);
}

void packet_snap(struct output *output, const struct packet_walk *walk)
{
	struct span span = walk->header.span;

	output_text(output, " snap oui 0x");
	output_hex_padded(output, span_u32(span, 2), 6);
	if (walk->next == PACKET_END)
		output_hex_after(output, " pid ", span_u16(span, 6));
	else
		output_char(output, ' ');
}

void packet_llc(struct output *output, const struct packet_walk *walk)
{
	static const char *const names[] = { " llc dsap 0x", " ssap 0x", " ctrl 0x" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		output_text(output, names[i]);
		output_hex_padded(output, walk->header.span.bytes[i], 2);
	}
}
