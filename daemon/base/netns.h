/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network namespaces of this machine, found by the paths that lead to them: names in /run/netns
 * and processes in /proc. Nothing is held open between calls: a namespace lives as long as others
 * want it to. Owned by its user; one thread, which enters namespaces and comes back.
 */
#ifndef NFTTRACED_DAEMON_BASE_NETNS_H
#define NFTTRACED_DAEMON_BASE_NETNS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Namespaces that are known at a time. Root's may be all of them; those of users are half at most,
 * and those of one user a quarter, so that nobody's keep others from being known. */
#define NETNS_MAX       4096
#define NETNS_USERS_MAX (NETNS_MAX / 2)
#define NETNS_USER_MAX  (NETNS_MAX / 4)

#define NETNS_ID_NONE (-1)

#define NETNS_NAMED_DIRECTORY "/run/netns" /* of `ip netns` */

struct netns {
	uint64_t cookie; /* 0: the kernel does not tell */
	uint32_t inode;
	int id; /* that our namespace has for it, NETNS_ID_NONE: none */
	bool own; /* our own namespace */
	uint64_t owner; /* as in netns-owner.h */
	char *path; /* leads to it */
	char *name; /* in /run/netns, or NULL */
	bool found; /* by the last scan */
};

/* The cookie of the namespace that the thread is in; 0: the kernel does not tell. */
uint64_t netns_cookie(void);

/* Enters the namespace for good and checks that it is the one: -ESTALE if not. 0 in cookie or
 * inode: whatever it is. */
int netns_enter(int fd, uint64_t cookie, uint32_t inode);

struct netns_scan_result {
	unsigned int passed; /* namespaces that found no room in the list */
};

/*
 * Looks at all that can be reached: fills `list` (of struct netns, with a free function; netns_free
 * is one) with those that are new, updates paths and names, and leaves out those that are gone.
 * `assign`: namespaces get ids in ours, so that their notifications can be heard here.
 */
int netns_scan(GPtrArray *list, bool assign, struct netns_scan_result *ret);

/* Accepts NULL. */
void netns_free(void *netns);

#endif
