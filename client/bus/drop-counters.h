/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's drop counters, and selecting some of them. Owned by the command. The daemon sends
 * all text escaped (journal/base/escape.h): it is printed as it is.
 */
#ifndef NFTTRACED_CLIENT_BUS_DROP_COUNTERS_H
#define NFTTRACED_CLIENT_BUS_DROP_COUNTERS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "journal/base/cleanup.h"

#define DROP_MISSED_UNKNOWN UINT64_MAX /* not reported by the kernel */

/* The drops of a rule, or of a chain's policy. */
struct drop {
	uint64_t netns_cookie, netns_inode; /* 0: unknown */
	char *netns; /* NULL: it has no name */
	bool netns_gone; /* it was deleted: another one may have its name or inode now */
	char *family, *table, *chain; /* "" if unknown */
	uint64_t table_handle, chain_handle;
	uint64_t handle; /* 0: a policy */
	bool policy;
	char *rule; /* NULL: unknown, or a policy */
	uint64_t packets, bytes;
	uint64_t first, last; /* us, CLOCK_REALTIME */
	char *example; /* NULL: unknown, or not for this caller */
};

struct drop_list {
	GPtrArray *drops; /* of struct drop */
	uint64_t packets, bytes; /* of all rules, with `uncounted` */
	uint64_t uncounted; /* packets that no rule's counter has */
	uint64_t missed; /* calls that the kernel skipped, or DROP_MISSED_UNKNOWN */
	uint64_t others; /* counters that a filter removed */
};

enum drop_sort {
	DROP_SORT_PACKETS,
	DROP_SORT_BYTES,
	DROP_SORT_LAST,
};

/* Which counters to show. */
struct drop_filter {
	GStrv netns; /* each a name, an inode or a cookie (0x...); NULL: any */
	GStrv tables, chains; /* NULL: any */
	enum drop_sort sort; /* the highest first */
	uint64_t limit; /* 0: all */
};

/* Asks the daemon. */
int drop_list_get(sd_bus *bus, struct drop_list **ret, char **ret_reason);

/* Reads the answer to GetDropCounters. */
int drop_list_read(sd_bus_message *reply, struct drop_list **ret, char **ret_reason);

/* Removes the counters that `wanted` does not select, and sorts the rest. */
void drop_list_filter(struct drop_list *list, const struct drop_filter *wanted);

/* The number of an enum drop_sort by its name; -EINVAL. */
int drop_sort_parse(const char *text, enum drop_sort *ret);

/* Appends the name of a network namespace, or else its inode, or else "". */
void drop_netns_text(const struct drop *drop, GString *text);

/* True for counters of the same rule or policy. */
bool drop_is_same(const struct drop *one, const struct drop *other);

/* Accepts NULL; returns NULL. */
struct drop_list *drop_list_free(struct drop_list *list);

DEFINE_FREEP(drop_list)

#define auto_drop_list __attribute__((cleanup(drop_list_freep))) struct drop_list

#endif
