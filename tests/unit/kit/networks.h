/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network packets without a link layer, one of each kind, which packets.c encapsulates. */
#ifndef NFTTRACED_TESTS_UNIT_KIT_NETWORKS_H
#define NFTTRACED_TESTS_UNIT_KIT_NETWORKS_H

#include <glib.h>
#include <stdint.h>

struct network {
	char *name;
	uint16_t ethertype;
	GByteArray *bytes;
};

/* A GPtrArray of struct network; g_ptr_array_unref() frees all. */
GPtrArray *networks_new(void);

/* Append a number in network order, or `count` bytes that count up. */
void put8(GByteArray *to, uint8_t value);
void put16(GByteArray *to, uint16_t value);
void put32(GByteArray *to, uint32_t value);
void put_fill(GByteArray *to, size_t count, uint8_t first);

#endif
