/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decodes a stored record (bpf/shared/event.h) into a typed event: a head, and a section for each
 * part that the kernel side recorded. The event points into the record's bytes and owns nothing.
 * Stateless; any thread. Bytes may be hostile: nothing outside them is read, and a record with a
 * length that does not fit is refused as a whole.
 */
#ifndef NFTTRACED_JOURNAL_EVENT_DECODE_H
#define NFTTRACED_JOURNAL_EVENT_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/shared/event.h"

#define EVENT_IPV4_SIZE 4 /* bytes of an address */
#define EVENT_IPV6_SIZE 16

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
	bool has_labels;
	uint64_t labels[2]; /* bit n is label n: those from 0 on, those from 64 on */
};

struct event {
	struct event_head head; /* in host order */

	/* Which of the members below are set. */
	bool has_nft, has_device, has_packet, has_skb, has_ct, has_drop, has_stack;
	bool has_connection, has_master; /* of has_ct */
	bool has_netns, has_tracking; /* in the head */

	struct event_nft nft;
	struct event_text table, chain, target;

	struct event_device device;
	struct event_text device_name, in_name, out_name;

	struct event_packet packet;
	const uint8_t *packet_bytes; /* packet.captured of them */

	struct event_skb skb;
	struct event_ct ct;
	struct event_peers connection, master;
	struct event_drop drop;

	unsigned int stack_depth;
	/* The first stack_depth of them, innermost first; the last member, so that event_decode
	 * need not clear the rest. */
	uint64_t stack[EVENT_STACK_MAX];
};
_Static_assert(
	offsetof(struct event, stack) + sizeof(((struct event *)0)->stack) == sizeof(struct event),
	"the stack is last");

/*
 * Decodes `size` bytes. `swapped`: the record has the other byte order. Sections of an unknown type
 * are skipped; a section that appears twice counts once. Of `stack` only the first stack_depth are
 * set. -EBADMSG if a length does not fit, -EPROTONOSUPPORT if the record's version is newer.
 */
int event_decode(const void *data, size_t size, bool swapped, struct event *ret);

/* "drop", "accept", ... for a kernel verdict code; NULL for a code that has no name. */
const char *event_verdict_name(int32_t verdict);

/* "ip", "ip6", "inet", "arp", "bridge", "netdev"; NULL for another number. */
const char *event_family_name(uint8_t family);

/* "prerouting", "input", "ingress", ...: where in the packet's path the chain is; NULL for another
 * number. */
const char *event_hook_name(const struct event_nft *nft);

#endif
