/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the reasons that the running kernel has for dropping a packet, from its BTF. */
#ifndef NFTTRACED_DAEMON_RESOLVER_DROP_REASONS_H
#define NFTTRACED_DAEMON_RESOLVER_DROP_REASONS_H

/* A JOURNAL_REASONS as JSON (g_free it); NULL: the kernel has no drop reasons, or does not tell.
 * Takes some megabytes of memory meanwhile. */
char *reasons_read(void);

struct btf;

/* Who may have reasons: the kernel, mac80211 and openvswitch, in this order. */
#define REASONS_SOURCES 3

/* The same of type information that is there: the kernel's, and those of modules (NULL: not loaded,
 * or part of the kernel) in the places of the above. A reason of a subsystem has its name before
 * its own: openvswitch/OVS_DROP_LAST_ACTION. */
char *reasons_gather(const struct btf *kernel, const struct btf *const *modules);

#endif
