/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: OSPF (RFC 2328, 5340) and EIGRP (RFC 7868); see packet.h. */
#include "client/text/packet.h"

#define OSPF2_LENGTH    24
#define OSPF3_LENGTH    16
#define OSPF2_VERSION   2
#define OSPF_HELLO      1
#define OSPF2_HELLO_MIN 20 /* bytes behind the header, without neighbours */
#define OSPF3_HELLO_MIN 20
#define OSPF_UPDATE     4
#define OSPF_COUNT      4 /* bytes of an update's number of advertisements */

/* Offsets of header fields; both versions are alike up to the checksum. */
enum ospf_layout {
	OSPF_TYPE = 1,
	OSPF_TOTAL = 2,
	OSPF_ROUTER = 4,
	OSPF_AREA = 8,
	OSPF2_AUTHENTICATION = 14,
	OSPF3_INSTANCE = 14,
};

static void address_after(struct output *output, const char *before, const uint8_t *address)
{
	output_text(output, before);
	output_ipv4_address(output, address);
}

static void hello2_text(struct output *output, struct span span)
{
	if (span.length < OSPF2_HELLO_MIN) {
		packet_truncated(output);
		return;
	}
	address_after(output, " mask ", span.bytes);
	output_number_after(output, " hello ", span_u16(span, 4));
	output_number_after(output, " dead ", span_u32(span, 8));
	output_number_after(output, " prio ", span.bytes[7]);
	address_after(output, " dr ", span.bytes + 12);
	address_after(output, " bdr ", span.bytes + 16);
}

static void hello3_text(struct output *output, struct span span)
{
	if (span.length < OSPF3_HELLO_MIN) {
		packet_truncated(output);
		return;
	}
	output_number_after(output, " interface ", span_u32(span, 0));
	output_number_after(output, " hello ", span_u16(span, 8));
	output_number_after(output, " dead ", span_u16(span, 10));
	output_number_after(output, " prio ", span.bytes[4]);
	address_after(output, " dr ", span.bytes + 12);
	address_after(output, " bdr ", span.bytes + 16);
}

static void update_text(struct output *output, struct span span)
{
	if (span.length < OSPF_COUNT)
		packet_truncated(output);
	else
		output_number_after(output, " lsas ", span_u32(span, 0));
}

void packet_ospf(struct output *output, const struct packet_walk *walk)
{
	struct span span = walk->header.span;
	static const char *const names[] = { NULL, "Hello", "Database-Description", "LS-Request",
		"LS-Update", "LS-Ack" };
	size_t header;
	uint16_t length;
	uint8_t version = walk->header.version, type;

	type = span.bytes[OSPF_TYPE];
	header = version == OSPF2_VERSION ? OSPF2_LENGTH : OSPF3_LENGTH;
	length = span_u16(span, OSPF_TOTAL);
	output_number_after(output, " v", version);
	output_char(output, ' ');
	packet_name(output, names, sizeof(names) / sizeof(names[0]), type);
	if (length < header) {
		packet_bad_length(output, "length", length, header, SIZE_MAX);
		return;
	}
	output_number_after(output, " len ", length);
	packet_missing(output, span, length);
	address_after(output, " router ", span.bytes + OSPF_ROUTER);
	address_after(output, " area ", span.bytes + OSPF_AREA);
	if (version == OSPF2_VERSION)
		output_number_after(output, " auth ", span_u16(span, OSPF2_AUTHENTICATION));
	else
		output_number_after(output, " instance ", span.bytes[OSPF3_INSTANCE]);
	span = span_skip(span_clip(span, length), header);
	if (type == OSPF_UPDATE)
		update_text(output, span);
	else if (type == OSPF_HELLO && version == OSPF2_VERSION)
		hello2_text(output, span);
	else if (type == OSPF_HELLO)
		hello3_text(output, span);
}

void packet_eigrp(struct output *output, const struct packet_walk *walk)
{
	struct span span = walk->header.span;
	static const char *const names[] = { NULL, "Update", "Request", "Query", "Reply", "Hello",
		"IPX-SAP", "Probe", "Ack", NULL, "SIA-Query", "SIA-Reply" };

	output_number_after(output, " v", walk->header.version);
	output_char(output, ' ');
	packet_name(output, names, sizeof(names) / sizeof(names[0]), span.bytes[1]);
	output_number_after(output, " as ", span_u32(span, 16));
	output_number_after(output, " seq ", span_u32(span, 8));
	output_number_after(output, " ack ", span_u32(span, 12));
	output_number_after(output, " len ", span.wire);
}
