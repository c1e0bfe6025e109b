/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arming: the kernel calls __nft_trace_packet only while a rule with `meta nftrace set` exists in
 * some network namespace. To arm, the daemon makes a table with that rule, in a chain that no
 * packet reaches, in a namespace of its own (private-netns.h), so that no ruleset of others is
 * changed. The kernel removes it with the daemon's socket. Owned by the worker. No socket is opened
 * before it is needed, because that alone would load a module.
 */
#ifndef NFTTRACED_DAEMON_PIPELINE_TRACE_RULE_H
#define NFTTRACED_DAEMON_PIPELINE_TRACE_RULE_H

#include <stdbool.h>

struct arming;

/* Not armed yet. Never fails. */
struct arming *arming_new(void);

/*
 * Asks nf_tables for its generation, which loads the module. -EOPNOTSUPP: no such module. On
 * failure *ret_reason is a sentence.
 */
int arming_load_module(char **ret_reason);

/*
 * Makes the namespace and the table unless armed. Takes some milliseconds, more on a machine where
 * namespaces often come and go. On failure *ret_reason is a sentence with the remedy: -EPERM: a
 * capability is missing, -ENOSPC: the limit of namespaces is reached; other errors are nf_tables'.
 */
int arming_arm(struct arming *arming, char **ret_reason);

/* Removes the table. It survives only if another process also holds the socket. */
void arming_disarm(struct arming *arming);

/* The socket that owns the table, not passed on; -1: not armed. */
int arming_socket(const struct arming *arming);

/*
 * Takes over the socket of the last daemon, and its table with it. A socket in the host's namespace
 * is closed after arming with a new one. On failure it is not armed, and *ret_reason is as for
 * arming_arm.
 */
int arming_adopt(struct arming *arming, int fd, char **ret_reason);

/* True from arming_arm to arming_disarm. */
bool arming_is_armed(const struct arming *arming);

/*
 * Searches the daemon's network namespace for a rule with `meta nftrace set`. A rule in another one
 * arms the kernel, too, but can't be seen from here. nf_tables must be loaded.
 */
int arming_find_rule(bool *ret_found, char **ret_reason);

/* Disarms. Accepts NULL; returns NULL. */
struct arming *arming_free(struct arming *arming);

#endif
