/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network namespaces of this machine, found by names in /run/netns and by processes in /proc.
 * Nothing is held open between calls, so that no namespace is kept alive. Owned by its user; one
 * thread, which enters namespaces and returns.
 */
#ifndef NFTTRACED_DAEMON_BASE_NETNS_H
#define NFTTRACED_DAEMON_BASE_NETNS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Limits on namespaces in the list: root may have all, users together half, and one user a quarter,
 * so that no user's namespaces keep others out. */
#define NETNS_MAX       4096
#define NETNS_USERS_MAX (NETNS_MAX / 2)
#define NETNS_USER_MAX  (NETNS_MAX / 4)

#define NETNS_ID_NONE (-1)

#define NETNS_NAMED_DIRECTORY "/run/netns" /* of `ip netns` */

struct netns {
	uint64_t cookie; /* 0: unknown */
	uint32_t inode;
	int id; /* its id in our namespace; NETNS_ID_NONE: none */
	bool own; /* our own namespace */
	uint64_t owner; /* as in netns-owner.h */
	char *path; /* of the namespace's file */
	char *name; /* in /run/netns, or NULL */
	bool found; /* by the last scan */
};

/* The cookie of the thread's namespace; 0: the kernel has no cookies. */
uint64_t netns_cookie(void);

/* Enters the namespace `fd` for good. -ESTALE: it does not have that cookie and inode; 0: any. Or
 * another negative errno. */
int netns_enter(int fd, uint64_t cookie, uint32_t inode);

struct netns_scan_result {
	unsigned int passed; /* namespaces for which the list had no room */
};

/*
 * Scans all namespaces that can be reached: adds new ones to `list` (of struct netns, with
 * netns_free as its free function), updates paths and names, and removes those that no longer
 * exist. `assign`: namespaces get ids in ours, so that their notifications arrive here. Negative
 * errno.
 */
int netns_scan(GPtrArray *list, bool assign, struct netns_scan_result *ret);

/* Accepts NULL. */
void netns_free(void *netns);

#endif
