/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan of the kernel side: for each session bit what its session asks for. Plain data: the
 * worker changes a copy, and replaces the plan in force by it when the kernel side was swapped.
 */
#ifndef NFTTRACED_DAEMON_ENGINE_PLAN_H
#define NFTTRACED_DAEMON_ENGINE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bpf/shared/abi.h"
#include "daemon/filter/filter.h"
#include "daemon/filter/matcher.h"
#include "daemon/pipeline/pipeline.h"
#include "daemon/probe/probe-spec.h"

struct plan_entry {
	bool used;
	bool track;
	uid_t owner;
	uint32_t verdicts;
	uint32_t sections; /* 1 << enum event_section_type */
	uint32_t probes; /* further ones, a mask of 1 << number */
	uint32_t stacks; /* probes whose events have the kernel stack, a mask like `probes` */
	uint64_t rate; /* events a second; 0: no limit */
	uint64_t burst; /* events at once before the rate holds; 0: as many as `rate` */
	uint32_t since; /* epoch from which tracker entries count for the bit */
	struct filter *filter; /* NULL: every packet; owned by the plan in force, or a request */
};

struct plan {
	struct plan_entry entries[EVENT_SESSIONS_MAX];
	struct pipeline_probe probes[EVENT_PROBES_MAX]; /* by number */
};

/*
 * Adds the probes that a session asked for (struct probe_spec) to the entry at `bit`, with
 * `configs` as found in the kernel. Sessions share the same probe. A number that `in_force` uses
 * for another probe is not used. -ENOSPC: no numbers are left.
 */
int plan_add_probes(struct plan *plan, const struct plan *in_force, unsigned int bit,
	const GArray *specs, const struct probe_config *configs);

/* Gives the probe PROBE_ENTRY to those entries that have the verdict stolen, and takes it from the
 * others. */
void plan_add_entry(struct plan *plan);

/* Removes probes that no entry uses. */
void plan_prune_probes(struct plan *plan);

/* True if the plan has no session. */
bool plan_is_empty(const struct plan *plan);

/* Fills `ret`, which has room for EVENT_SESSIONS_MAX, and returns the number of sessions. */
size_t plan_sessions(const struct plan *plan, struct matcher_session *ret);

/* Does so for the sessions of one user. */
size_t plan_owner_sessions(const struct plan *plan, uid_t owner, struct matcher_session *ret);

/* The configuration of the kernel side for this plan; `wakeup` is in bytes, the epoch is left 0. */
void plan_config(const struct plan *plan, uint32_t wakeup, struct pipeline_config *ret);

#endif
