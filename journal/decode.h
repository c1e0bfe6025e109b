/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder of a stored record (bpf/event.h) into a typed event. A hostile record can't make it
 * read outside the bytes given; the event points into them and owns nothing.
 */
#ifndef NFTTRACED_DECODE_H
#define NFTTRACED_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bpf/event.h"

/* Text as it is in the record: not terminated, not escaped. */
struct event_text {
	const char *bytes;
	size_t length;
};

/* A connection with what follows it. */
struct event_peers {
	struct event_connection connection;
	struct {
		const uint8_t *source, *destination; /* 4 or 16 bytes, by connection.family */
	} addresses[2]; /* original, reply */
	const uint8_t *labels; /* 16 bytes as the kernel has them, or NULL */
};

struct event {
	struct event_head head; /* in host order */

	bool has_nft;
	struct event_nft nft;
	struct event_text table, chain, target;

	bool has_device;
	struct event_device device;
	struct event_text device_name, in_name, out_name;

	bool has_packet;
	struct event_packet packet;
	const uint8_t *packet_bytes; /* packet.captured of them */

	bool has_skb;
	struct event_skb skb;

	bool has_ct;
	struct event_ct ct;
	bool has_connection, has_master;
	struct event_peers connection, master;

	bool has_drop;
	struct event_drop drop;

	bool has_stack;
	unsigned int stack_depth;
	uint64_t stack[EVENT_STACK_MAX]; /* the first stack_depth of them, innermost first */
};

/*
 * Decodes `size` bytes. `swapped`: the record has the other byte order. Sections of an unknown type
 * are passed over, a section that appears twice counts once. -EBADMSG if a length does not fit,
 * -EPROTONOSUPPORT if the record's version is newer.
 */
int event_decode(const void *data, size_t size, bool swapped, struct event *ret);

/* "drop", "accept", ... for a kernel verdict code; NULL for a code that has no name. */
const char *event_verdict_name(int32_t verdict);

/* "ip", "ip6", "inet", "arp", "bridge", "netdev"; NULL for another number. */
const char *event_family_name(uint8_t family);

#endif
