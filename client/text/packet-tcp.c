/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: TCP and its options; see packet.h. */
#include "client/text/packet.h"

#define TCP_HEADER_LENGTH 20
#define SACK_BLOCK_LENGTH 8 /* first and last sequence number */
#define TCP_FLAG_ACK      0x010
#define TCP_FLAGS_MASK    0x1ff /* with AE, the bit before CWR */

/* Offsets of header fields. */
enum tcp_layout {
	TCP_SEQUENCE = 4,
	TCP_ACKNOWLEDGEMENT = 8,
	TCP_OFFSET_FLAGS = 12,
	TCP_WINDOW = 14,
};

enum tcp_option {
	TCP_EOL = 0,
	TCP_NOP = 1,
	TCP_MSS = 2,
	TCP_WSCALE = 3,
	TCP_SACK_PERMITTED = 4,
	TCP_SACK_BLOCKS = 5,
	TCP_ECHO = 6,
	TCP_ECHO_REPLY = 7,
	TCP_TIMESTAMPS = 8,
	TCP_CC = 11,
	TCP_CC_NEW = 12,
	TCP_CC_ECHO = 13,
	TCP_MD5 = 19,
	TCP_SCPS = 20,
	TCP_UTO = 28,
	TCP_AO = 29,
	TCP_MPTCP = 30,
	TCP_FAST_OPEN = 34,
	TCP_EXPERIMENT = 254,
};

static const char *option_name(uint8_t option)
{
	switch (option) {
	case TCP_EOL:
		return "eol";
	case TCP_NOP:
		return "nop";
	case TCP_MSS:
		return "mss";
	case TCP_WSCALE:
		return "wscale";
	case TCP_SACK_PERMITTED:
		return "sackOK";
	case TCP_SACK_BLOCKS:
		return "sack";
	case TCP_ECHO:
		return "echo";
	case TCP_ECHO_REPLY:
		return "echoreply";
	case TCP_TIMESTAMPS:
		return "TS";
	case TCP_CC:
		return "cc";
	case TCP_CC_NEW:
		return "ccnew";
	case TCP_CC_ECHO:
		return "ccecho";
	case TCP_MD5:
		return "md5";
	case TCP_SCPS:
		return "scps";
	case TCP_UTO:
		return "uto";
	case TCP_AO:
		return "tcp-ao";
	case TCP_MPTCP:
		return "mptcp";
	case TCP_FAST_OPEN:
		return "tfo";
	case TCP_EXPERIMENT:
		return "exp";
	default:
		return "?";
	}
}

static void flags_text(struct output *output, uint16_t flags)
{
	static const char letters[] = "FSRP.UEWe";

	output_text(output, " flags [");
	for (unsigned int i = 0; i < sizeof(letters) - 1; i++) {
		if (flags & 1U << i)
			output_char(output, letters[i]);
	}
	output_char(output, ']');
}

static void sack_text(struct output *output, struct span value)
{
	if (value.length % SACK_BLOCK_LENGTH != 0) {
		output_text(output, " invalid");
		return;
	}
	output_char(output, ' ');
	output_number(output, value.length / SACK_BLOCK_LENGTH);
	output_char(output, ' ');
	for (size_t i = 0; i < value.length; i += SACK_BLOCK_LENGTH) {
		output_char(output, '{');
		output_number(output, span_u32(value, i));
		output_char(output, ':');
		output_number(output, span_u32(value, i + 4));
		output_char(output, '}');
	}
}

static void fast_open_text(struct output *output, struct span value)
{
	if (value.length == 0) {
		output_text(output, " cookiereq");
		return;
	}
	output_text(output, " cookie 0x");
	for (size_t i = 0; i < value.length; i++)
		output_hex_padded(output, value.bytes[i], 2);
}

static void u32_text(struct output *output, const char *before, struct span value, size_t offset)
{
	if (value.length < offset + 4)
		return;
	output_text(output, before);
	output_number(output, span_u32(value, offset));
}

static void option_value(struct output *output, uint8_t option, struct span value)
{
	switch (option) {
	case TCP_MSS:
		if (value.length >= 2) {
			output_char(output, ' ');
			output_number(output, span_u16(value, 0));
		}
		break;
	case TCP_WSCALE:
		if (value.length >= 1) {
			output_char(output, ' ');
			output_number(output, value.bytes[0]);
		}
		break;
	case TCP_SACK_BLOCKS:
		sack_text(output, value);
		break;
	case TCP_ECHO:
	case TCP_ECHO_REPLY:
	case TCP_CC:
	case TCP_CC_NEW:
	case TCP_CC_ECHO:
		u32_text(output, " ", value, 0);
		break;
	case TCP_TIMESTAMPS:
		u32_text(output, " val ", value, 0);
		u32_text(output, " ecr ", value, 4);
		break;
	case TCP_FAST_OPEN:
		fast_open_text(output, value);
		break;
	default:
		break;
	}
}

/* Prints the option that `options` begins with; its length, 0 if nothing can follow it. */
static size_t option_text(struct output *output, struct span options)
{
	uint8_t option = options.bytes[0];
	size_t length;

	output_text(output, option_name(option));
	if (option == TCP_EOL)
		return 0;
	if (option == TCP_NOP)
		return 1;
	length = options.length > 1 ? options.bytes[1] : 0;
	if (length < 2 || length > options.length) {
		output_text(output, " invalid");
		return 0;
	}
	option_value(output, option, span_skip(span_clip(options, length), 2));
	return length;
}

/* `length` bytes of options were sent; the span may hold fewer. */
static void options_text(struct output *output, struct span options, size_t length)
{
	bool truncated = options.length < length;
	const char *separator = " [";

	while (options.length > 0) {
		uint8_t announced = options.length > 1 ? options.bytes[1] : 0;
		size_t size;

		if (truncated && options.bytes[0] > TCP_NOP &&
			(options.length < 2 || announced > options.length))
			break;
		output_text(output, separator);
		separator = ",";
		size = option_text(output, options);
		if (size == 0) {
			truncated = false;
			break;
		}
		options = span_skip(options, size);
	}
	if (*separator == ',')
		output_char(output, ']');
	if (truncated)
		packet_truncated(output);
}

void packet_tcp(struct output *output, const struct packet_walk *walk)
{
	struct span span = walk->header.span;
	uint32_t sequence;
	uint16_t flags;
	size_t header = walk->header.length;

	flags = span_u16(span, TCP_OFFSET_FLAGS) & TCP_FLAGS_MASK;
	if (walk->header.problem) {
		packet_bad_length(output, "header length", header, TCP_HEADER_LENGTH, span.wire);
		return;
	}
	sequence = span_u32(span, TCP_SEQUENCE);

	flags_text(output, flags);
	output_number_after(output, " seq ", sequence);
	if (span.wire > header)
		output_number_after(output, ":", (uint32_t)(sequence + span.wire - header));
	if (flags & TCP_FLAG_ACK)
		u32_text(output, " ack ", span, TCP_ACKNOWLEDGEMENT);
	output_number_after(output, " win ", span_u16(span, TCP_WINDOW));
	options_text(output, span_skip(span_clip(span, header), TCP_HEADER_LENGTH),
		header - TCP_HEADER_LENGTH);
}
