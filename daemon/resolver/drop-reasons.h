/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the reasons that the running kernel has for dropping a packet, from its BTF. */
#ifndef NFTTRACED_DAEMON_RESOLVER_DROP_REASONS_H
#define NFTTRACED_DAEMON_RESOLVER_DROP_REASONS_H

/* A JOURNAL_REASONS as JSON (g_free it); NULL: the kernel has no drop reasons, or no BTF. Uses some
 * megabytes of memory while it runs. */
char *reasons_read(void);

struct btf;

/* Sources of reasons: the kernel, mac80211 and openvswitch, in this order. */
#define REASONS_SOURCES 3

/* Does so with the given BTF: that of the kernel, and those of the modules at the index of their
 * source (NULL: not loaded, or part of the kernel). The name of a subsystem's reason begins with
 * that of the subsystem: openvswitch/OVS_DROP_LAST_ACTION. */
char *reasons_gather(const struct btf *kernel, const struct btf *const *modules);

#endif
