/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory that the service takes at most, computed from its configuration: what it may have when every
 * session, stream, table and queue that the configuration allows is there and full. Not in it are pages of
 * files, which the kernel takes back when it needs them; what a process that compiles a filter or reads rules
 * has while it does so (helper-limits.h); and a message that the bus is just handing over, whose size the bus
 * limits. Stateless.
 */
#ifndef NFTTRACED_DAEMON_BUS_MEMORY_H
#define NFTTRACED_DAEMON_BUS_MEMORY_H

#include <stdint.h>

#include "daemon/settings/settings.h"

enum memory_part {
	MEMORY_RINGS, /* RingSize */
	MEMORY_TABLES, /* TrackerSize, DropCountersMax, and the kernel side's other maps and programs */
	MEMORY_FILTERS, /* FiltersSize */
	MEMORY_TEXTS, /* RuleTextsSize; 0 where another service has them */
	MEMORY_SESSIONS, /* MaxSessions */
	MEMORY_STREAMS, /* FollowersMax, for all sessions */
	MEMORY_SERVICE, /* the rest: the processes themselves, calls and lines of the log that wait */
	MEMORY_PARTS,
};

/* Bytes of each part. */
struct memory_bound {
	uint64_t parts[MEMORY_PARTS];
};

/* For `cpus` possible CPUs. */
void memory_bound(const struct settings *settings, unsigned int cpus, struct memory_bound *ret);

uint64_t memory_bound_sum(const struct memory_bound *bound);

/* "rings", "tables", ... */
const char *memory_part_name(enum memory_part part);

/* CPUs that this kernel may ever have. */
unsigned int memory_cpus(void);

/*
 * memory-fit.c: chooses smaller sizes where nobody has set any, until the bound is within `limit` bytes, or
 * there is nothing left to choose. Each has "memory limit" for its origin then. Returns NULL if nothing was to
 * be done, else one sentence for the log, with the remedy: g_free it.
 */
char *memory_fit(struct settings *settings, unsigned int cpus, uint64_t limit);

#endif
