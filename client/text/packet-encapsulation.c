/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: headers between link and network: MPLS, PPPoE, PPP, LLC; see packet.h. */
#include <linux/if_ether.h>

#include "client/text/packet.h"

#define MPLS_LENGTH       4
#define MPLS_LABEL_SHIFT  12
#define MPLS_CLASS_SHIFT  9
#define MPLS_CLASS_MASK   0x7
#define MPLS_BOTTOM       0x100
#define MPLS_LABEL_IPV4   0 /* explicit null: what follows is IPv4 */
#define MPLS_LABEL_IPV6   2
#define MPLS_VERSION_IPV4 4 /* else the first nibble decides */
#define MPLS_VERSION_IPV6 6

#define PPPOE_LENGTH  6
#define PPPOE_VERSION 0x11 /* version and type */

#define PPP_ADDRESS        0xff
#define PPP_CONTROL        0x03
#define PPP_HEADER_CODE    4 /* code, identifier and length of a control protocol */
#define PPP_COMPRESSED_BIT 0x01 /* a first byte that is odd is the whole protocol */

#define LLC_LENGTH      3
#define LLC_SNAP        0xaa
#define LLC_UNNUMBERED  0x03
#define LLC_SNAP_LENGTH 8
#define LLC_SNAP_OUI    0x000000

void packet_mpls(struct output *output, struct span span)
{
	uint32_t entry;

	output_text(output, "mpls");
	do {
		if (span.length < MPLS_LENGTH) {
			packet_truncated(output);
			return;
		}
		entry = span_u32(span, 0);
		output_number_after(output, " label ", entry >> MPLS_LABEL_SHIFT);
		output_number_after(output, " tc ", entry >> MPLS_CLASS_SHIFT & MPLS_CLASS_MASK);
		if (entry & MPLS_BOTTOM)
			output_text(output, " [S]");
		output_number_after(output, " ttl ", (uint8_t)entry);
		span = span_skip(span, MPLS_LENGTH);
	} while (!(entry & MPLS_BOTTOM));
	if (span.wire == 0)
		return;
	output_char(output, ' ');
	if (span.length == 0) {
		packet_truncated(output);
		return;
	}
	if (entry >> MPLS_LABEL_SHIFT == MPLS_LABEL_IPV4 || span.bytes[0] >> 4 == MPLS_VERSION_IPV4)
		packet_ethertype(output, ETH_P_IP, span);
	else if (entry >> MPLS_LABEL_SHIFT == MPLS_LABEL_IPV6 ||
		span.bytes[0] >> 4 == MPLS_VERSION_IPV6)
		packet_ethertype(output, ETH_P_IPV6, span);
	else
		output_number_after(output, "len ", span.wire);
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

void packet_pppoe(struct output *output, uint16_t ethertype, struct span span)
{
	const char *name;
	uint16_t length;

	output_text(output, "pppoe");
	if (span.length < PPPOE_LENGTH) {
		packet_truncated(output);
		return;
	}
	if (span.bytes[0] != PPPOE_VERSION) {
		packet_bad(output, "version", span.bytes[0] >> 4);
		return;
	}
	name = discovery_name(span.bytes[1]);
	if (name) {
		output_char(output, ' ');
		output_text(output, name);
	}
	length = span_u16(span, 4);
	output_hex_after(output, " session ", span_u16(span, 2));
	output_number_after(output, " len ", length);
	span = span_skip(span, PPPOE_LENGTH);
	packet_missing(output, span, length);
	if (ethertype == ETH_P_PPP_SES)
		packet_ppp(output, span_clip(span, length));
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

/* Steps behind the protocol, which has one byte or two; false if the bytes end there. */
static bool ppp_protocol(struct span *span, uint16_t *ret)
{
	if (span->length >= 2 && span->bytes[0] == PPP_ADDRESS && span->bytes[1] == PPP_CONTROL)
		*span = span_skip(*span, 2);
	if (span->length > 0 && span->bytes[0] & PPP_COMPRESSED_BIT) {
		*ret = span->bytes[0];
		*span = span_skip(*span, 1);
		return true;
	}
	if (span->length < 2)
		return false;
	*ret = span_u16(*span, 0);
	*span = span_skip(*span, 2);
	return true;
}

void packet_ppp(struct output *output, struct span span)
{
	uint16_t protocol;
	const char *name;

	output_text(output, " ppp");
	if (!ppp_protocol(&span, &protocol)) {
		packet_truncated(output);
		return;
	}
	if (protocol == 0x0021 || protocol == 0x0057) {
		output_char(output, ' ');
		packet_ethertype(output, protocol == 0x0021 ? ETH_P_IP : ETH_P_IPV6, span);
		return;
	}
	name = ppp_name(protocol);
	if (!name) {
		packet_unsupported(output, "PPP protocol", protocol, 4);
		return;
	}
	output_char(output, ' ');
	output_text(output, name);
	/* The control protocols have the same header. */
	if (protocol < 0x8000)
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

void packet_llc(struct output *output, struct span span)
{
	if (span.length < LLC_LENGTH) {
		packet_truncated(output);
		return;
	}
	if (span.bytes[0] == LLC_SNAP && span.bytes[1] == LLC_SNAP &&
		span.bytes[2] == LLC_UNNUMBERED && span.length >= LLC_SNAP_LENGTH) {
		output_text(output, " snap oui 0x");
		output_hex_padded(output, span_u32(span, 2), 6);
		if ((span_u32(span, 2) & 0xffffff) == LLC_SNAP_OUI) {
			output_char(output, ' ');
			packet_ethertype(
				output, span_u16(span, 6), span_skip(span, LLC_SNAP_LENGTH));
		} else {
			output_hex_after(output, " pid ", span_u16(span, 6));
		}
		return;
	}
	output_text(output, " llc dsap 0x");
	output_hex_padded(output, span.bytes[0], 2);
	output_text(output, " ssap 0x");
	output_hex_padded(output, span.bytes[1], 2);
	output_text(output, " ctrl 0x");
	output_hex_padded(output, span.bytes[2], 2);
}
