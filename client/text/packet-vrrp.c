/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: VRRP (RFC 3768, 9568), and CARP, which has the same number; see packet.h. */
#include "client/text/packet.h"

#define VRRP_LENGTH     8
#define VRRP2_VERSION   2
#define VRRP3_VERSION   3
#define VRRP_ADVERTISE  1
#define VRRP2_AUTH_SIZE 8 /* bytes of authentication behind the addresses */
#define VRRP3_INTERVAL  0x0fff /* of the field, in hundredths of a second */
#define ADDRESS_LENGTH  4
#define ADDRESSES_MAX   16 /* that are printed */

/* An advertisement of CARP begins like one of VRRP version 2 with 7 addresses, and is shorter than
 * that: no version 2 of VRRP is without its authentication. */
#define CARP_LENGTH         36
#define CARP_AUTHENTICATION 7
#define CARP_COUNTER        8 /* offset, of 8 bytes */

static bool is_carp(struct span span)
{
	return span.bytes[0] == (VRRP2_VERSION << 4 | VRRP_ADVERTISE) && span.wire == CARP_LENGTH &&
		span.bytes[3] == CARP_AUTHENTICATION;
}

static void carp_text(struct output *output, struct span span)
{
	output_number_after(output, " carp v", VRRP2_VERSION);
	output_number_after(output, " advertise vhid ", span.bytes[1]);
	output_number_after(output, " advskew ", span.bytes[2]);
	output_number_after(output, " advbase ", span.bytes[5]);
	output_number_after(output, " demote ", span.bytes[4]);
	if (span.length < CARP_COUNTER + 2 * sizeof(uint32_t)) {
		packet_truncated(output);
		return;
	}
	output_number_after(output, " counter ",
		(uint64_t)span_u32(span, CARP_COUNTER) << 32 | span_u32(span, CARP_COUNTER + 4));
}

static void addresses_text(struct output *output, uint8_t count, size_t size, struct span span)
{
	const char *separator = " addrs [";

	for (unsigned int i = 0; i < count; i++) {
		if (span.length < size || i == ADDRESSES_MAX) {
			if (*separator == ',')
				output_char(output, ']');
			packet_truncated(output);
			return;
		}
		output_text(output, separator);
		separator = ",";
		if (size == ADDRESS_LENGTH)
			output_ipv4_address(output, span.bytes);
		else
			output_ipv6_address(output, span.bytes);
		span = span_skip(span, size);
	}
	if (*separator == ',')
		output_char(output, ']');
}

/* Version 3 is for IPv6, too: the length decides. */
static size_t address_size(uint8_t version, uint8_t count, struct span span)
{
	size_t wide = 4 * (size_t)ADDRESS_LENGTH;

	if (version == VRRP3_VERSION && count > 0 && span.wire - VRRP_LENGTH >= count * wide)
		return wide;
	return ADDRESS_LENGTH;
}

void packet_vrrp(struct output *output, const struct packet_walk *walk)
{
	struct span span = walk->header.span;
	uint8_t version = walk->header.version, count;
	size_t size, length;

	if (is_carp(span)) {
		carp_text(output, span);
		return;
	}
	count = span.bytes[3];
	size = address_size(version, count, span);
	length = VRRP_LENGTH + count * size + (version == VRRP2_VERSION ? VRRP2_AUTH_SIZE : 0);
	output_number_after(output, " v", version);
	if ((span.bytes[0] & 0xf) == VRRP_ADVERTISE)
		output_text(output, " Advertisement");
	else
		output_number_after(output, " UNKNOWN:", span.bytes[0] & 0xf);
	output_number_after(output, " vrid ", span.bytes[1]);
	output_number_after(output, " prio ", span.bytes[2]);
	if (version == VRRP2_VERSION) {
		output_number_after(output, " auth ", span.bytes[4]);
		output_number_after(output, " intvl ", span.bytes[5]);
	} else {
		output_number_after(output, " intvl ", span_u16(span, 4) & VRRP3_INTERVAL);
		output_text(output, "cs");
	}
	output_number_after(output, " len ", span.wire);
	packet_missing(output, span, length);
	addresses_text(output, count, size, span_skip(span, VRRP_LENGTH));
}
