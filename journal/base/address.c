/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Link-layer, IPv4 and IPv6 addresses as text; see address.h. */
#include "journal/base/address.h"

#include <stdbool.h>

#define MAC_ADDRESS_LENGTH  6
#define IPV4_ADDRESS_LENGTH 4
#define IPV6_GROUPS         8

void output_mac_address(struct output *output, const uint8_t *address)
{
	for (unsigned int i = 0; i < MAC_ADDRESS_LENGTH; i++) {
		if (i > 0)
			output_char(output, ':');
		output_hex_padded(output, address[i], 2);
	}
}

void output_ipv4_address(struct output *output, const uint8_t *address)
{
	for (unsigned int i = 0; i < IPV4_ADDRESS_LENGTH; i++) {
		if (i > 0)
			output_char(output, '.');
		output_number(output, address[i]);
	}
}

/* A run of groups that are zero. */
struct zeroes {
	unsigned int start;
	unsigned int length;
};

/* The longest run, the first of several; a single zero group is not written as "::" (RFC 5952). */
static struct zeroes longest_zeroes(const uint16_t *groups)
{
	struct zeroes best = { .start = IPV6_GROUPS };
	unsigned int length = 0;

	for (unsigned int i = 0; i < IPV6_GROUPS; i++) {
		length = groups[i] == 0 ? length + 1 : 0;
		if (length > best.length && length > 1)
			best = (struct zeroes){ i + 1 - length, length };
	}
	return best;
}

static bool is_mapped_ipv4(const uint16_t *groups)
{
	for (unsigned int i = 0; i < 5; i++) {
		if (groups[i] != 0)
			return false;
	}
	return groups[5] == 0xffff;
}

void output_ipv6_address(struct output *output, const uint8_t *address)
{
	uint16_t groups[IPV6_GROUPS];
	struct zeroes zeroes;

	for (unsigned int i = 0; i < IPV6_GROUPS; i++)
		groups[i] = (uint16_t)(address[2 * i] << 8 | address[2 * i + 1]);
	if (is_mapped_ipv4(groups)) {
		output_text(output, "::ffff:");
		output_ipv4_address(output, address + 12);
		return;
	}
	zeroes = longest_zeroes(groups);
	for (unsigned int i = 0; i < IPV6_GROUPS; i++) {
		if (i == zeroes.start) {
			output_text(output, "::");
			i += zeroes.length - 1;
			continue;
		}
		if (i > 0 && i != zeroes.start + zeroes.length)
			output_char(output, ':');
		output_hex(output, groups[i]);
	}
}
