/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: GRE of both versions (RFC 2784, 2890, 2637), with NVGRE, ERSPAN and PPTP in it; see
 * packet.h. */
#include "client/text/packet.h"

#define GRE_HEADER_LENGTH 4
#define GRE_WORD          4 /* bytes of each part that a flag announces */

#define GRE_CHECKSUM        0x8000
#define GRE_ROUTING         0x4000
#define GRE_KEY             0x2000
#define GRE_SEQUENCE        0x1000
#define GRE_STRICT          0x0800
#define GRE_ACKNOWLEDGEMENT 0x0080 /* of version 1 */
#define GRE_VERSION_PPTP    1

#define ERSPAN_VLAN_MASK 0x0fff
#define ERSPAN_SESSION   0x03ff
#define ERSPAN2_INDEX    0xfffff

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

/* Prints a part that a flag announces and steps behind it; false if the bytes end there. */
static bool word_text(struct output *output, const char *name, struct span *span)
{
	if (span->length < GRE_WORD)
		return false;
	output_number_after(output, name, span_u32(*span, 0));
	*span = span_skip(*span, GRE_WORD);
	return true;
}

/* The optional parts, as far as the bytes go. */
static void options_text(struct output *output, uint16_t flags, struct span span)
{
	if (flags & (GRE_CHECKSUM | GRE_ROUTING)) {
		if (span.length < GRE_WORD)
			return;
		if (flags & GRE_CHECKSUM)
			output_hex_after(output, " sum ", span_u16(span, 0));
		if (flags & GRE_ROUTING)
			output_number_after(output, " off ", span_u16(span, 2));
		span = span_skip(span, GRE_WORD);
	}
	if (flags & GRE_KEY) {
		if (span.length < GRE_WORD)
			return;
		output_hex_after(output, " key ", span_u32(span, 0));
		span = span_skip(span, GRE_WORD);
	}
	if (flags & GRE_SEQUENCE)
		word_text(output, " seq ", &span);
}

void packet_erspan(struct output *output, const struct packet_walk *walk)
{
	struct span span = walk->header.span;
	uint16_t type = walk->header.number;

	output_number_after(output, " erspan ", type);
	if (type > 1) {
		output_number_after(output, " vlan ", span_u16(span, 0) & ERSPAN_VLAN_MASK);
		output_number_after(output, " session ", span_u16(span, 2) & ERSPAN_SESSION);
	}
	if (type == 2)
		output_hex_after(output, " index ", span_u32(span, 4) & ERSPAN2_INDEX);
	output_char(output, ' ');
}

/* Version 1 is PPTP's: the key is a length and a call's number, and it may acknowledge. */
static void pptp_text(struct output *output, const struct packet_walk *walk, uint16_t flags)
{
	struct span span = span_skip(walk->header.span, GRE_HEADER_LENGTH);
	struct span key = span;

	if (span.length < GRE_WORD) {
		packet_truncated(output);
		return;
	}
	output_number_after(output, " call ", span_u16(key, 2));
	span = span_skip(span, GRE_WORD);
	if ((flags & GRE_SEQUENCE && !word_text(output, " seq ", &span)) ||
		(flags & GRE_ACKNOWLEDGEMENT && !word_text(output, " ack ", &span))) {
		packet_truncated(output);
		return;
	}
	output_number_after(output, " len ", span_u16(key, 0));
	packet_missing(output, span, span_u16(key, 0));
}

void packet_gre(struct output *output, const struct packet_walk *walk)
{
	const struct packet_header *header = &walk->header;
	uint16_t flags = span_u16(header->span, 0);

	output_number_after(output, " v", header->version);
	flags_text(output, flags);
	if (header->version == GRE_VERSION_PPTP) {
		pptp_text(output, walk, flags);
		return;
	}
	options_text(output, flags, span_skip(header->span, GRE_HEADER_LENGTH));
	if (header->problem) {
		packet_truncated(output);
		return;
	}
	output_number_after(output, " len ", header->span.wire);
	if (span_u16(header->span, 2) == 0)
		output_text(output, " keepalive");
	else if (walk->next != PACKET_ERSPAN && walk->next != PACKET_PPP)
		output_char(output, ' ');
}
