/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owner of a network namespace: the host's user who created its user namespace, or, if that is
 * nested, the outermost one below the host's. So namespaces that a user nests, or in which the user
 * maps other ids, belong to that user. Stateless.
 */
#ifndef NFTTRACED_DAEMON_BASE_NETNS_OWNER_H
#define NFTTRACED_DAEMON_BASE_NETNS_OWNER_H

#include <stdint.h>

/* A user id, or one of these. */
#define NETNS_OWNER_HOST    UINT64_MAX /* the namespace of the daemon itself */
#define NETNS_OWNER_UNKNOWN (UINT64_MAX - 1) /* counts as one owner */
#define NETNS_OWNER_ROOT    0

/* The owner of the network namespace `fd`, never NETNS_OWNER_HOST: NETNS_OWNER_ROOT if it belongs
 * to our own user namespace. */
uint64_t netns_owner(int fd);

#endif
