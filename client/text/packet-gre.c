/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: GRE of both versions (RFC 2784, 2890, 2637), with NVGRE, ERSPAN and PPTP in it; see
 * packet.h. */
#include <linux/if_ether.h>

#include "client/text/packet.h"

#define GRE_HEADER_LENGTH 4
#define GRE_WORD          4 /* bytes of each part that a flag announces */

#define GRE_CHECKSUM        0x8000
#define GRE_ROUTING         0x4000
#define GRE_KEY             0x2000
#define GRE_SEQUENCE        0x1000
#define GRE_STRICT          0x0800
#define GRE_ACKNOWLEDGEMENT 0x0080 /* of version 1 */
#define GRE_VERSION_MASK    0x0007
#define GRE_VERSION_PPTP    1

#define GRE_ROUTE_LENGTH 4 /* of a source route entry's header; one with length 0 ends them */

#define ETHERTYPE_PPP     0x880b
#define ETHERTYPE_ERSPAN3 0x22eb

#define ERSPAN2_LENGTH    8
#define ERSPAN3_LENGTH    12
#define ERSPAN3_SUBHEADER 8 /* there if the header's last bit is set */
#define ERSPAN_VLAN_MASK  0x0fff
#define ERSPAN_SESSION    0x03ff
#define ERSPAN2_INDEX     0xfffff

static void flags_text(struct output *output, uint16_t flags)
{
	static const struct {
		uint16_t flag;
		char letter;
	} letters[] = {
		{ GRE_CHECKSUM, 'C' },
		{ GRE_ROUTING, 'R' },
		{ GRE_KEY, 'K' },
		{ GRE_SEQUENCE, 'S' },
		{ GRE_STRICT, 's' },
		{ GRE_ACKNOWLEDGEMENT, 'A' },
	};
	bool any = false;

	output_text(output, " flags [");
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
		if (!(flags & letters[i].flag))
			continue;
		output_char(output, letters[i].letter);
		any = true;
	}
	output_text(output, any ? "]" : "none]");
}

/* Steps behind a part that a flag announces; false if the bytes end there. */
static bool part(struct span *span, struct span *ret)
{
	*ret = *span;
	*span = span_skip(*span, GRE_WORD);
	return ret->length >= GRE_WORD;
}

/* Source routes, as they were before RFC 2784. */
static bool routes_skip(struct span *span)
{
	while (span->length >= GRE_ROUTE_LENGTH) {
		uint8_t length = span->bytes[3];
		bool last = length == 0 && span_u16(*span, 0) == 0;

		*span = span_skip(*span, GRE_ROUTE_LENGTH + (size_t)length);
		if (last)
			return true;
	}
	return false;
}

/* Prints the optional parts and steps behind them; false if the bytes end there. */
static bool options_text(struct output *output, uint16_t flags, struct span *span)
{
	struct span word;

	if (flags & (GRE_CHECKSUM | GRE_ROUTING)) {
		if (!part(span, &word))
			return false;
		if (flags & GRE_CHECKSUM)
			output_hex_after(output, " sum ", span_u16(word, 0));
		if (flags & GRE_ROUTING)
			output_number_after(output, " off ", span_u16(word, 2));
	}
	if (flags & GRE_KEY) {
		if (!part(span, &word))
			return false;
		output_hex_after(output, " key ", span_u32(word, 0));
	}
	if (flags & GRE_SEQUENCE) {
		if (!part(span, &word))
			return false;
		output_number_after(output, " seq ", span_u32(word, 0));
	}
	return !(flags & GRE_ROUTING) || routes_skip(span);
}

/* The frame that a switch mirrored: type 1 has no header of its own. */
static void erspan_text(struct output *output, uint16_t ethertype, uint16_t flags, struct span span)
{
	size_t length = ethertype == ETHERTYPE_ERSPAN3 ? ERSPAN3_LENGTH : ERSPAN2_LENGTH;

	if (ethertype == ETH_P_ERSPAN && !(flags & GRE_SEQUENCE)) {
		output_text(output, " erspan 1 ");
		packet_ethernet(output, span);
		return;
	}
	if (span.length < length) {
		output_text(output, " erspan");
		packet_truncated(output);
		return;
	}
	output_number_after(output, " erspan ", ethertype == ETHERTYPE_ERSPAN3 ? 3 : 2);
	output_number_after(output, " vlan ", span_u16(span, 0) & ERSPAN_VLAN_MASK);
	output_number_after(output, " session ", span_u16(span, 2) & ERSPAN_SESSION);
	if (ethertype == ETH_P_ERSPAN)
		output_hex_after(output, " index ", span_u32(span, 4) & ERSPAN2_INDEX);
	else if (span.bytes[ERSPAN3_LENGTH - 1] & 1)
		length += ERSPAN3_SUBHEADER;
	output_char(output, ' ');
	packet_ethernet(output, span_skip(span, length));
}

static void payload_text(
	struct output *output, uint16_t ethertype, uint16_t flags, struct span span)
{
	switch (ethertype) {
	case 0: /* a keepalive has nothing in it */
		output_text(output, " keepalive");
		break;
	case ETH_P_ERSPAN:
	case ETHERTYPE_ERSPAN3:
		erspan_text(output, ethertype, flags, span);
		break;
	case ETHERTYPE_PPP:
		packet_ppp(output, span);
		break;
	default:
		output_char(output, ' ');
		packet_ethertype(output, ethertype, span);
		break;
	}
}

/* Version 1 is PPTP's: the key is a length and a call's number, and it may acknowledge. */
static void pptp_text(struct output *output, uint16_t flags, struct span span)
{
	struct span word;
	uint16_t length;

	if (!part(&span, &word)) {
		packet_truncated(output);
		return;
	}
	length = span_u16(word, 0);
	output_number_after(output, " call ", span_u16(word, 2));
	if (flags & GRE_SEQUENCE) {
		if (!part(&span, &word)) {
			packet_truncated(output);
			return;
		}
		output_number_after(output, " seq ", span_u32(word, 0));
	}
	if (flags & GRE_ACKNOWLEDGEMENT) {
		if (!part(&span, &word)) {
			packet_truncated(output);
			return;
		}
		output_number_after(output, " ack ", span_u32(word, 0));
	}
	output_number_after(output, " len ", length);
	packet_missing(output, span, length);
	if (length > 0)
		packet_ppp(output, span_clip(span, length));
}

void packet_gre(struct output *output, struct span span)
{
	uint16_t flags, ethertype;
	size_t wire = span.wire;

	if (span.length < GRE_HEADER_LENGTH) {
		packet_truncated(output);
		return;
	}
	flags = span_u16(span, 0);
	ethertype = span_u16(span, 2);
	span = span_skip(span, GRE_HEADER_LENGTH);
	if ((flags & GRE_VERSION_MASK) > GRE_VERSION_PPTP) {
		packet_bad(output, "version", flags & GRE_VERSION_MASK);
		return;
	}
	output_number_after(output, " v", flags & GRE_VERSION_MASK);
	flags_text(output, flags);
	if ((flags & GRE_VERSION_MASK) == GRE_VERSION_PPTP) {
		pptp_text(output, flags, span);
		return;
	}
	if (!options_text(output, flags, &span)) {
		packet_truncated(output);
		return;
	}
	output_number_after(output, " len ", wire);
	payload_text(output, ethertype, flags, span);
}
