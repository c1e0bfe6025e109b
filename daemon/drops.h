/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drop counters: how many packets each rule and each policy dropped, exactly, as the kernel side counts
 * them (bpf/drop-table.h) whether there are sessions or not, with the words for the numbers. Owned by the
 * engine; counters outlive the pipeline, swaps, and rules that are gone.
 *
 * What is true at any moment: the packets of all counters, and of those that had to make room, and
 * `uncounted` are totals.packets; totals.packets and totals.missed are what happened.
 *
 * All text is escaped already (journal/escape.h), so it is UTF-8 and safe to print as it is.
 */
#ifndef NFTTRACED_DROPS_H
#define NFTTRACED_DROPS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct drops;

/* Who dropped: unique are netns_cookie, table_handle, chain_handle and handle, with the names. */
struct drop_counter {
	uint64_t netns_cookie; /* 0: unknown */
	uint32_t netns_inode; /* 0: unknown */
	char *netns; /* name in /run/netns; NULL: it has none, or it is not known yet */
	uint8_t family; /* NFPROTO_* of the table */
	char *table;
	uint64_t table_handle;
	char *chain;
	uint64_t chain_handle;
	uint64_t handle; /* of the rule; 0: a policy */
	bool policy;
	char *rule; /* its text; NULL: a policy, or it is not known (yet) */
	uint64_t packets, bytes;
	uint64_t first, last; /* us, CLOCK_REALTIME */
	char *example; /* the packet of the last tenth of a second, in brief; NULL: unknown */
};

/* Since the daemon began to count. Never less than they were. */
struct drop_totals {
	uint64_t packets, bytes; /* all that the kernel side saw being dropped */
	uint64_t
		uncounted; /* of these packets: not counted by rule, there was no room for one more */
	uint64_t
		missed; /* calls, of drops or others, that the kernel did not show: on top of these */
	bool missed_known; /* the kernel tells */
};

/*
 * The counters as of now, struct drop_counter in no particular order, freed with the array; any thread.
 * Counters of rules that are gone stay until there is need of room. Takes some ms for thousands.
 * -EOPNOTSUPP: DropCounters=no (`drops` is NULL then).
 */
int drops_read(struct drops *drops, GPtrArray **ret_counters, struct drop_totals *ret);

/* Accepts NULL. */
void drop_counter_free(void *counter);

#endif
