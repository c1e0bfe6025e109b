/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arming: the kernel calls __nft_trace_packet only while a rule with `meta nftrace set` exists in some
 * network namespace. Armed is a table with that rule, in a chain that no packet reaches, in a namespace
 * of our own (private-netns.h): nobody's ruleset has anything of ours. The kernel removes it when our
 * socket closes. Owned by the worker. No socket is opened before it is needed: that alone would load a
 * module.
 */
#ifndef NFTTRACED_DAEMON_PIPELINE_TRACE_RULE_H
#define NFTTRACED_DAEMON_PIPELINE_TRACE_RULE_H

#include <stdbool.h>

struct arming;

/* Not armed yet. Never fails. */
struct arming *arming_new(void);

/* Asks nf_tables for its generation, which loads it if it isn't there. -EOPNOTSUPP if there is no
 * such module; one sentence in *ret_reason on failure. */
int arming_load_module(char **ret_reason);

/*
 * Makes the namespace and the table; nothing if they are there. Takes some milliseconds, more where
 * namespaces come and go. One sentence with the remedy in *ret_reason on failure: -EPERM a capability is
 * missing, -ENOSPC there are as many namespaces as may be, and what else nf_tables says.
 */
int arming_arm(struct arming *arming, char **ret_reason);

/* Removes the table. It is gone afterwards in any case, but where somebody else holds the socket, too. */
void arming_disarm(struct arming *arming);

/* The socket that owns the table, which stays ours; -1: it is not armed. */
int arming_socket(const struct arming *arming);

/*
 * Goes on with the socket of the last daemon, whose table is there as long as it is; takes it over. One
 * that stands in the namespace of the host is closed, after it is armed anew; on failure it is not armed,
 * and *ret_reason is as for arming_arm.
 */
int arming_adopt(struct arming *arming, int fd, char **ret_reason);

/* True from arming_arm to arming_disarm. */
bool arming_is_armed(const struct arming *arming);

/*
 * Looks for a rule with `meta nftrace set` in the network namespace of the daemon; one in another does as
 * well but can't be seen from here. nf_tables must be loaded.
 */
int arming_find_rule(bool *ret_found, char **ret_reason);

/* Disarms. Accepts NULL; returns NULL. */
struct arming *arming_free(struct arming *arming);

#endif
