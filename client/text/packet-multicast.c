/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: IGMP of all versions (RFC 1112, 2236, 3376) and PIM (RFC 7761); see packet.h. */
#include "client/text/packet.h"

#define IGMP_LENGTH        8
#define IGMP_QUERY3_LENGTH 12
#define IGMP_RECORD_LENGTH 8 /* of a group record, before its sources */
#define ADDRESS_LENGTH     4

enum igmp_type {
	IGMP_QUERY = 0x11,
	IGMP_REPORT1 = 0x12,
	IGMP_DVMRP = 0x13,
	IGMP_PIM1 = 0x14,
	IGMP_REPORT2 = 0x16,
	IGMP_LEAVE = 0x17,
	IGMP_MTRACE_RESPONSE = 0x1e,
	IGMP_MTRACE = 0x1f,
	IGMP_REPORT3 = 0x22,
};

#define IGMP_CODE_EXPONENT 0x80 /* of version 3: the code is a floating point number */

#define PIM_REGISTER        1
#define PIM_REGISTER_BORDER 0x80000000U
#define PIM_REGISTER_NULL   0x40000000U

static void group_text(struct output *output, const char *before, const uint8_t *address)
{
	output_text(output, before);
	output_ipv4_address(output, address);
}

static unsigned int code_value(uint8_t code)
{
	if (!(code & IGMP_CODE_EXPONENT))
		return code;
	return ((code & 0xfU) | 0x10) << ((code >> 4 & 0x7) + 3);
}

/* Length and code determine the version (RFC 3376, 7.1). */
static void query_text(struct output *output, struct span span)
{
	uint8_t code = span.bytes[1];

	if (span.wire < IGMP_QUERY3_LENGTH) {
		output_number_after(output, " query v", code == 0 ? 1 : 2);
		if (code > 0)
			output_number_after(output, " max-resp ", code);
	} else {
		output_text(output, " query v3");
		output_number_after(output, " max-resp ", code_value(code));
	}
	if (span_u32(span, 4) != 0)
		group_text(output, " group ", span.bytes + 4);
	if (span.wire < IGMP_QUERY3_LENGTH)
		return;
	if (span.length < IGMP_QUERY3_LENGTH) {
		packet_truncated(output);
		return;
	}
	output_number_after(output, " sources ", span_u16(span, 10));
	packet_missing(output, span_skip(span, IGMP_QUERY3_LENGTH),
		(size_t)span_u16(span, 10) * ADDRESS_LENGTH);
}

/* Reports of version 3 have a list of groups. */
static void report_text(struct output *output, struct span span)
{
	static const char *const names[] = { NULL, "is_in", "is_ex", "to_in", "to_ex", "allow",
		"block" };
	uint16_t count = span_u16(span, 6);

	output_number_after(output, " v3 report groups ", count);
	span = span_skip(span, IGMP_LENGTH);
	for (unsigned int i = 0; i < count; i++) {
		uint16_t sources;

		if (span.length < IGMP_RECORD_LENGTH) {
			packet_truncated(output);
			return;
		}
		sources = span_u16(span, 2);
		group_text(output, " [", span.bytes + 4);
		output_char(output, ' ');
		packet_name(output, names, sizeof(names) / sizeof(names[0]), span.bytes[0]);
		output_number_after(output, " sources ", sources);
		output_char(output, ']');
		span = span_skip(span,
			IGMP_RECORD_LENGTH + (size_t)span.bytes[1] * sizeof(uint32_t) +
				(size_t)sources * ADDRESS_LENGTH);
	}
}

void packet_igmp(struct output *output, const struct packet_walk *walk)
{
	struct span span = walk->header.span;

	switch (span.bytes[0]) {
	case IGMP_QUERY:
		query_text(output, span);
		break;
	case IGMP_REPORT1:
		group_text(output, " v1 report ", span.bytes + 4);
		break;
	case IGMP_REPORT2:
		group_text(output, " v2 report ", span.bytes + 4);
		break;
	case IGMP_REPORT3:
		report_text(output, span);
		break;
	case IGMP_LEAVE:
		group_text(output, " leave ", span.bytes + 4);
		break;
	case IGMP_DVMRP:
		output_text(output, " dvmrp");
		break;
	case IGMP_PIM1:
		output_text(output, " pimv1");
		break;
	case IGMP_MTRACE_RESPONSE:
		output_text(output, " mresp");
		break;
	case IGMP_MTRACE:
		output_text(output, " mtrace");
		break;
	default:
		packet_unsupported(output, "IGMP type", span.bytes[0], 2);
		break;
	}
}

/* A multicast packet for the rendezvous point, or none. */
static void register_text(struct output *output, const struct packet_walk *walk)
{
	struct span span = walk->header.span;

	if (walk->header.problem) {
		packet_truncated(output);
		return;
	}
	if (span_u32(span, 4) & PIM_REGISTER_BORDER)
		output_text(output, " border");
	if (span_u32(span, 4) & PIM_REGISTER_NULL) {
		output_text(output, " null");
		return;
	}
	output_char(output, ' ');
	if (walk->next == PACKET_END)
		packet_truncated(output);
}

void packet_pim(struct output *output, const struct packet_walk *walk)
{
	static const char *const names[] = { "Hello", "Register", "Register-Stop", "Join/Prune",
		"Bootstrap", "Assert", "Graft", "Graft-ACK", "Candidate-RP-Advertisement",
		"Prune-Refresh", "DF-Election", "ECMP-Redirect" };
	struct span span = walk->header.span;
	uint8_t type = span.bytes[0] & 0xf;

	output_number_after(output, " v", walk->header.version);
	output_char(output, ' ');
	packet_name(output, names, sizeof(names) / sizeof(names[0]), type);
	output_number_after(output, " len ", span.wire);
	if (type == PIM_REGISTER)
		register_text(output, walk);
}
