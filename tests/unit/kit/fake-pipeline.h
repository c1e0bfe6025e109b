/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel side for tests of the daemon: implements daemon/pipeline/pipeline.h and
 * daemon/pipeline/ring.h in memory. Linked in place of the real ones. The test makes the events.
 */
#ifndef NFTTRACED_TESTS_UNIT_KIT_FAKE_PIPELINE_H
#define NFTTRACED_TESTS_UNIT_KIT_FAKE_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/pipeline/pipeline.h"

/* Counts an event as matched by `sessions` and puts it into a ring. */
void fake_event(uint64_t sessions);

/* Counts an event as matched by `sessions`, and as lost or suppressed. */
void fake_ring_full(uint64_t sessions);
void fake_suppressed(uint64_t sessions);

/* Counts an event as suppressed for the session at `bit`, with the rule that it came from. */
void fake_suppressed_by(unsigned int bit, uint64_t rule, uint64_t time);

/* Drop counters: adds packets of a key to a slot of the table, which gets the key if it was free;
 * an example; packets that were not counted by rule; skipped calls, FAKE_UNTOLD: the kernel does
 * not count them. */
#define FAKE_DROPS \
	"NFTTRACED_FAKE_DROPS" /* in the environment: how many drops of handles 0, 1, ... */
#define FAKE_DROP_BYTES 100 /* each */
#define FAKE_UNTOLD     UINT64_MAX
struct drop_slot *fake_drop(unsigned int index, const struct drop_key *key, const char *table,
	const char *chain, uint64_t packets);
void fake_drop_example(unsigned int index, const struct drop_example *example);
void fake_uncounted(uint64_t packets);
void fake_missed(uint64_t missed);

/* Sets all of these to zero. */
void fake_drops_reset(void);

/* New slots are of that share from now on, which may have at most `max`. */
void fake_drops_share(enum drop_share share, uint32_t max);

/* How often pipeline_grace was called. */
unsigned int fake_graces(void);

/* Sets the results of pipeline_new and pipeline_swap from now on. */
void fake_fail_new(int error);
void fake_fail_swap(int error);

/* pipeline_swap refuses sessions that want one of these, from now on. */
void fake_refuse_verdicts(uint32_t verdicts);

/* pipeline_swap does not return until it is released. */
void fake_hold(void);
void fake_release(void);

/* Whether records stay in the rings when they have been read, for the next reader. */
void fake_keep_unreleased(bool unreleased);

/* The number of calls of pipeline_swap so far, including one that has not returned. */
unsigned int fake_swaps(void);

/* The arguments of the last pipeline_swap. */
const struct pipeline_probe *fake_probe(unsigned int number);
const struct pipeline_config *fake_config(void);
bool fake_is_empty(void);

#endif
