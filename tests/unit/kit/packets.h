/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several hundred packets for the tests of filters, the same on every run: well-formed ones of each
 * protocol that pcap expressions know, over Ethernet with and without tags and without a link
 * layer, long ones, and noise. The caller of packets_new() owns them; g_ptr_array_unref() frees
 * all.
 */
#ifndef NFTTRACED_TESTS_UNIT_KIT_PACKETS_H
#define NFTTRACED_TESTS_UNIT_KIT_PACKETS_H

#include <glib.h>
#include <stdint.h>

struct packet {
	char *name;
	uint32_t link; /* enum event_link */
	uint32_t stored; /* bytes in data; may be above FRAME_VIEW_MAX */
	uint32_t length; /* on the wire, >= stored */
	uint8_t *data;
};

/* A GPtrArray of struct packet. */
GPtrArray *packets_new(void);

/* The next number of a sequence that depends on its start alone (xorshift); *state is never 0. */
uint32_t packets_random(uint64_t *state);

#endif
