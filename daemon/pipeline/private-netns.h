/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network namespace that only a netlink socket keeps alive: no process is in it, it has no entry
 * in /run/netns and no id, and it ends with the socket's last descriptor. It has a loopback device
 * that is down. Stateless; any thread.
 */
#ifndef NFTTRACED_DAEMON_PIPELINE_PRIVATE_NETNS_H
#define NFTTRACED_DAEMON_PIPELINE_PRIVATE_NETNS_H

#include <libmnl/libmnl.h>
#include <stdbool.h>

/*
 * A bound, non-blocking netlink socket of `bus` (NETLINK_*) in a new namespace; the caller's thread
 * stays in its namespace. Needs CAP_SYS_ADMIN. On failure *ret_reason is a sentence with the remedy
 * (g_free it).
 */
int private_netns_open(int bus, struct mnl_socket **ret, char **ret_reason);

/* True if the socket is known to be in another namespace than the caller. */
bool netns_is_elsewhere(int socket_fd);

#endif
