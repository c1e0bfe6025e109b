/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: SCTP and its chunks (RFC 9260); see packet.h. */
#include "client/text/packet.h"

#define SCTP_HEADER_LENGTH  12
#define CHUNK_HEADER_LENGTH 4
#define CHUNK_ALIGN         4

enum chunk_type {
	CHUNK_DATA = 0,
	CHUNK_INIT = 1,
	CHUNK_INIT_ACK = 2,
	CHUNK_SACK = 3,
};

/* Lengths of the parts behind a chunk's header that are printed. */
enum chunk_length {
	DATA_LENGTH = 12,
	INIT_LENGTH = 16,
	SACK_LENGTH = 12,
};

static const char *const chunk_names[] = {
	"DATA",
	"INIT",
	"INIT_ACK",
	"SACK",
	"HEARTBEAT",
	"HEARTBEAT_ACK",
	"ABORT",
	"SHUTDOWN",
	"SHUTDOWN_ACK",
	"ERROR",
	"COOKIE_ECHO",
	"COOKIE_ACK",
	"ECNE",
	"CWR",
	"SHUTDOWN_COMPLETE",
};

static void chunk_name(struct output *output, uint8_t type)
{
	output_text(output, " [");
	if (type < sizeof(chunk_names) / sizeof(chunk_names[0])) {
		output_text(output, chunk_names[type]);
	} else {
		output_text(output, "UNKNOWN:");
		output_number(output, type);
	}
}

static void field(struct output *output, const char *name, uint64_t number)
{
	output_text(output, name);
	output_number(output, number);
}

static void data_text(struct output *output, uint8_t flags, struct span value)
{
	if (flags & 0x07) {
		output_text(output, " (");
		if (flags & 0x04)
			output_char(output, 'U');
		if (flags & 0x02)
			output_char(output, 'B');
		if (flags & 0x01)
			output_char(output, 'E');
		output_char(output, ')');
	}
	field(output, " TSN ", span_u32(value, 0));
	field(output, " SID ", span_u16(value, 4));
	field(output, " SSEQ ", span_u16(value, 6));
	output_text(output, " PPID 0x");
	output_hex(output, span_u32(value, 8));
}

static void init_text(struct output *output, struct span value)
{
	output_text(output, " init_tag 0x");
	output_hex(output, span_u32(value, 0));
	field(output, " rwnd ", span_u32(value, 4));
	field(output, " OS ", span_u16(value, 8));
	field(output, " MIS ", span_u16(value, 10));
	field(output, " init_TSN ", span_u32(value, 12));
}

static void sack_text(struct output *output, struct span value)
{
	field(output, " cum_ack ", span_u32(value, 0));
	field(output, " a_rwnd ", span_u32(value, 4));
	field(output, " #gap_acks ", span_u16(value, 8));
	field(output, " #dup_tsns ", span_u16(value, 10));
}

static size_t chunk_value_length(uint8_t type)
{
	switch (type) {
	case CHUNK_DATA:
		return DATA_LENGTH;
	case CHUNK_INIT:
	case CHUNK_INIT_ACK:
		return INIT_LENGTH;
	case CHUNK_SACK:
		return SACK_LENGTH;
	default:
		return 0;
	}
}

static void chunk_text(struct output *output, struct span span)
{
	uint8_t type = span.bytes[0];
	struct span value = span_skip(span, CHUNK_HEADER_LENGTH);

	chunk_name(output, type);
	switch (type) {
	case CHUNK_DATA:
		data_text(output, span.bytes[1], value);
		break;
	case CHUNK_INIT:
	case CHUNK_INIT_ACK:
		init_text(output, value);
		break;
	case CHUNK_SACK:
		sack_text(output, value);
		break;
	default:
		break;
	}
	output_char(output, ']');
}

void packet_sctp(struct output *output, const struct packet_walk *walk)
{
	struct span span = walk->header.span;

	output_text(output, " vtag 0x");
	output_hex(output, span_u32(span, 4));
	span = span_skip(span, SCTP_HEADER_LENGTH);
	while (span.wire > 0) {
		size_t length, least;

		if (span.length < CHUNK_HEADER_LENGTH) {
			packet_truncated(output);
			return;
		}
		length = span_u16(span, 2);
		least = CHUNK_HEADER_LENGTH + chunk_value_length(span.bytes[0]);
		if (length < least || (length > span.wire && !span.partial)) {
			packet_bad_length(output, "chunk length", length, least, span.wire);
			return;
		}
		if (span.length < least) {
			packet_truncated(output);
			return;
		}
		chunk_text(output, span);
		span = span_skip(span, (length + CHUNK_ALIGN - 1) & ~(size_t)(CHUNK_ALIGN - 1));
	}
}
