/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The maximum memory of the service, computed from its configuration: with all sessions, streams,
 * tables and queues that the configuration allows, and all of them full. It does not include pages
 * of files, which the kernel takes back when it needs them; a process that compiles a filter or
 * reads rules (helper-limits.h); and a message that the bus is delivering, whose size the bus
 * limits. Stateless.
 */
#ifndef NFTTRACED_DAEMON_BUS_MEMORY_H
#define NFTTRACED_DAEMON_BUS_MEMORY_H

#include <stdint.h>

#include "daemon/settings/settings.h"

enum memory_part {
	MEMORY_RINGS, /* RingSize */
	MEMORY_TABLES, /* TrackerSize, DropCountersMax, other maps and programs in the kernel */
	MEMORY_FILTERS, /* FiltersSize */
	MEMORY_TEXTS, /* RuleTextsSize; 0 if nfttraced-names is a service of its own */
	MEMORY_SESSIONS, /* MaxSessions */
	MEMORY_STREAMS, /* FollowersMax, for all sessions */
	MEMORY_SERVICE, /* the rest: the processes themselves, queued calls and lines of the log */
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

/* The number of possible CPUs of this kernel. */
unsigned int memory_cpus(void);

/*
 * memory-fit.c: reduces sizes that the configuration does not set, until the bound is within
 * `limit` bytes, or none is left. The origin of each is "memory limit" then. Returns a sentence for
 * the log, with the remedy (g_free it); NULL if the bound was within the limit.
 */
char *memory_fit(struct settings *settings, unsigned int cpus, uint64_t limit);

#endif
