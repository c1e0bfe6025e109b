/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network namespace that one netlink socket keeps alive and nothing else: no process is in it, it has
 * no entry in /run/netns and no id, and it ends with the socket's last descriptor. It holds a loopback
 * device that is down.
 */
#ifndef NFTTRACED_DAEMON_PIPELINE_PRIVATE_NETNS_H
#define NFTTRACED_DAEMON_PIPELINE_PRIVATE_NETNS_H

#include <libmnl/libmnl.h>
#include <stdbool.h>

/*
 * A bound, non-blocking netlink socket of `bus` (NETLINK_*) in a new namespace; the caller's thread
 * stays where it is. Needs CAP_SYS_ADMIN. On failure *ret_reason says why and what to do (g_free it).
 */
int private_netns_open(int bus, struct mnl_socket **ret, char **ret_reason);

/* True if the socket is known to be in another namespace than the caller. */
bool netns_is_elsewhere(int socket_fd);

#endif
