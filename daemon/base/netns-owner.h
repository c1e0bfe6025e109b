/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who answers for a network namespace: the user on the host who made the user namespace that it
 * belongs to, or the outermost one around that, below the host's. What he maps inside, and what he
 * nests, are his.
 */
#ifndef NFTTRACED_DAEMON_BASE_NETNS_OWNER_H
#define NFTTRACED_DAEMON_BASE_NETNS_OWNER_H

#include <stdint.h>

/* A user id, or one of these. */
#define NETNS_OWNER_HOST    UINT64_MAX /* the namespace of the daemon itself */
#define NETNS_OWNER_UNKNOWN (UINT64_MAX - 1) /* all of those are one owner's */
#define NETNS_OWNER_ROOT    0

/* Of the network namespace `fd`, never NETNS_OWNER_HOST. Root's if it belongs to our own user
 * namespace. */
uint64_t netns_owner(int fd);

#endif
