/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: DCCP (RFC 4340); see packet.h. */
#include "client/text/packet.h"

#define DCCP_HEADER_LENGTH 12 /* with a sequence number of 24 bits */
#define DCCP_LONG_LENGTH   16 /* with one of 48 */
#define DCCP_EXTENDED      0x01 /* of the byte with the type: a long sequence number */
#define DCCP_TYPE_MASK     0xf
#define DCCP_CCVAL_SHIFT   4
#define DCCP_COVERAGE_MASK 0xf

enum dccp_layout {
	DCCP_OFFSET = 4, /* of the data, in words */
	DCCP_CCVAL = 5,
	DCCP_TYPE = 8,
	DCCP_SEQUENCE = 9, /* 24 bits */
	DCCP_SEQUENCE_LONG = 10, /* 48 bits */
};

enum dccp_type {
	DCCP_REQUEST = 0,
	DCCP_RESPONSE = 1,
	DCCP_DATA = 2,
	DCCP_RESET = 7,
};

static const char *const type_names[] = { "Request", "Response", "Data", "Ack", "DataAck",
	"CloseReq", "Close", "Reset", "Sync", "SyncAck" };

static uint64_t number_at(struct span span, size_t offset, size_t size)
{
	uint64_t number = 0;

	for (size_t i = 0; i < size; i++)
		number = number << 8 | span.bytes[offset + i];
	return number;
}

/* The field of a type behind the sequence number: an acknowledgement, a service code, a reason. */
static void rest_text(struct output *output, uint8_t type, size_t acknowledgement, struct span span)
{
	bool acknowledges = type != DCCP_REQUEST && type != DCCP_DATA;
	size_t at = acknowledges ? acknowledgement : 0;

	if (span.length < at) {
		packet_truncated(output);
		return;
	}
	/* The first byte of 4, or two of 8, are reserved. */
	if (acknowledges)
		output_number_after(output, " ack ", number_at(span, at / 4, at - at / 4));
	if (type != DCCP_REQUEST && type != DCCP_RESPONSE && type != DCCP_RESET)
		return;
	if (span.length < at + 4)
		packet_truncated(output);
	else if (type == DCCP_RESET)
		output_number_after(output, " code ", span.bytes[at]);
	else
		output_number_after(output, " service ", span_u32(span, at));
}

static size_t length_of(uint8_t type, size_t header)
{
	size_t acknowledgement = header == DCCP_LONG_LENGTH ? 8 : 4;
	size_t length = header;

	if (type != DCCP_REQUEST && type != DCCP_DATA)
		length += acknowledgement;
	if (type == DCCP_REQUEST || type == DCCP_RESPONSE || type == DCCP_RESET)
		length += 4;
	return length;
}

void packet_dccp(struct output *output, const struct packet_walk *walk)
{
	struct span span = walk->header.span;
	size_t header, offset;
	uint8_t type;

	header = span.bytes[DCCP_TYPE] & DCCP_EXTENDED ? DCCP_LONG_LENGTH : DCCP_HEADER_LENGTH;
	type = span.bytes[DCCP_TYPE] >> 1 & DCCP_TYPE_MASK;
	offset = span.bytes[DCCP_OFFSET] * sizeof(uint32_t);
	output_text(output, " [");
	packet_name(output, type_names, sizeof(type_names) / sizeof(type_names[0]), type);
	output_char(output, ']');
	if (offset < length_of(type, header) || offset > span.wire) {
		packet_bad_length(
			output, "header length", offset, length_of(type, header), span.wire);
		return;
	}
	output_number_after(output, " ccval ", span.bytes[DCCP_CCVAL] >> DCCP_CCVAL_SHIFT);
	output_number_after(output, " coverage ", span.bytes[DCCP_CCVAL] & DCCP_COVERAGE_MASK);
	if (span.length < header) {
		packet_truncated(output);
		return;
	}
	output_number_after(output, " seq ",
		header == DCCP_LONG_LENGTH ? number_at(span, DCCP_SEQUENCE_LONG, 6)
					   : number_at(span, DCCP_SEQUENCE, 3));
	rest_text(output, type, header == DCCP_LONG_LENGTH ? 8 : 4, span_skip(span, header));
}
