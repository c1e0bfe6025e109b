/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of packets as text; IPv6 addresses in the form of RFC 5952. Owns nothing. */
#ifndef NFTTRACED_JOURNAL_BASE_ADDRESS_H
#define NFTTRACED_JOURNAL_BASE_ADDRESS_H

#include <stdint.h>

#include "journal/base/output.h"

/* The address is 6, 4 or 16 bytes, as it is in a packet. */
void output_mac_address(struct output *output, const uint8_t *address);
void output_ipv4_address(struct output *output, const uint8_t *address);
void output_ipv6_address(struct output *output, const uint8_t *address);

#endif
