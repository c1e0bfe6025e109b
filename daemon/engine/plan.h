/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel side shall do: for each session bit, what its session wants. Plain data; the
 * worker makes a copy, changes it, and keeps the copy when the kernel took it.
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
	uint32_t probes; /* further ones: 1 << number, or'ed */
	uint32_t stacks; /* probes whose events have the kernel stack: 1 << number, or'ed */
	uint64_t rate; /* events a second; 0: no limit */
	uint64_t burst; /* events at once before the rate holds; 0: as many as `rate` */
	uint32_t since; /* epoch from which tracker entries count for the bit */
	struct filter *filter; /* NULL: every packet; belongs to who keeps the plan */
};

struct plan {
	struct plan_entry entries[EVENT_SESSIONS_MAX];
	struct pipeline_probe probes[EVENT_PROBES_MAX]; /* by number */
};

/*
 * Gives the entry at `bit` the probes that its session asked for (struct probe_spec), found as
 * `configs` says; a probe that another session has is the same one. Numbers that `in_force` uses
 * for something else stay alone. -ENOSPC: there are no numbers left.
 */
int plan_add_probes(struct plan *plan, const struct plan *in_force, unsigned int bit,
	const GArray *specs, const struct probe_config *configs);

/* Gives the probe PROBE_ENTRY to the entries that want the verdict stolen, and to no others. */
void plan_add_entry(struct plan *plan);

/* Forgets probes that no entry has. */
void plan_prune_probes(struct plan *plan);

/* True if no session is in it. */
bool plan_is_empty(const struct plan *plan);

/* Fills `ret`, which has room for EVENT_SESSIONS_MAX, and returns how many there are. */
size_t plan_sessions(const struct plan *plan, struct matcher_session *ret);

/* The same of one owner's sessions. */
size_t plan_owner_sessions(const struct plan *plan, uid_t owner, struct matcher_session *ret);

/* What the kernel side needs to know beside the matcher; `wakeup` is in bytes, the epoch is left 0.
 * */
void plan_config(const struct plan *plan, uint32_t wakeup, struct pipeline_config *ret);

#endif
