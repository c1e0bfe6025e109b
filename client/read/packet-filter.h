/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet filter for packets that are recorded already: the same language as a session's, compiled
 * by libpcap and run on the stored bytes. Owned by the event filter.
 */
#ifndef NFTTRACED_CLIENT_READ_PACKET_FILTER_H
#define NFTTRACED_CLIENT_READ_PACKET_FILTER_H

#include <stdbool.h>
#include <stdint.h>

struct packet_filter;

/*
 * Compiles `expression` for packets with an Ethernet header and for raw IP; it never matches
 * packets of the kind that it can't be compiled for. Names of hosts and networks are not resolved.
 * -EINVAL with one sentence in *ret_reason (g_free it).
 */
int packet_filter_new(const char *expression, struct packet_filter **ret, char **ret_reason);

/* True if a packet matches: `captured` bytes of `length` on the wire, beginning with a header of
 * `link` (enum event_link). A test of bytes that are not stored does not match. */
bool packet_filter_match(const struct packet_filter *filter, unsigned int link,
	const uint8_t *bytes, uint32_t captured, uint32_t length);

/* Accepts NULL; returns NULL. */
struct packet_filter *packet_filter_free(struct packet_filter *filter);

#endif
