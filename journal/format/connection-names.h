/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's names for the numbers of a connection. Stateless. */
#ifndef NFTTRACED_JOURNAL_FORMAT_CONNECTION_NAMES_H
#define NFTTRACED_JOURNAL_FORMAT_CONNECTION_NAMES_H

#include <stdint.h>

/* "established", "related", "new", "reply", "related_reply", "untracked", "invalid" for
 * event_ct.info; NULL for another number. */
const char *connection_info_name(uint8_t info);

/* "SYN_SENT", "COOKIE_WAIT", ... for event_connection.state of TCP and SCTP; NULL for another
 * number, and for a protocol that has no states. */
const char *connection_state_name(uint8_t protocol, uint8_t state);

/* The contents of a protocol's tuples besides addresses. */
enum connection_kind {
	CONNECTION_TCP, /* ports */
	CONNECTION_UDP, /* ports */
	CONNECTION_ICMP, /* type, code and id; of IPv6, too */
	CONNECTION_SCTP, /* ports and verification tags */
	CONNECTION_OTHER, /* nothing that is known */
};

enum connection_kind connection_kind(uint8_t protocol);

#endif
