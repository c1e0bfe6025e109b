/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the wall clock of a machine showed at each moment of a boot: a journal's events are timed by
 * CLOCK_MONOTONIC, and the distance to CLOCK_REALTIME changes when the clock is set or slewed and when
 * the machine resumes. Filled from segment headers and JOURNAL_CLOCK records. Owned by the name table.
 */
#ifndef NFTTRACED_JOURNAL_FORMAT_CLOCKS_H
#define NFTTRACED_JOURNAL_FORMAT_CLOCKS_H

#include <stdint.h>

#include "journal/format/format.h"

/* Distances that differ by no more are one: measuring them is not exact, and no record is written for less. */
#define CLOCKS_TOLERANCE 1000000 /* ns */

/* Changes that are kept for each boot, the latest; the clock may be set without end. */
#define CLOCKS_MAX 65536

struct clocks;

struct clocks *clocks_new(void);

/* The clocks as a segment was begun. In host order; passed over if it has none. */
void clocks_note_segment(struct clocks *clocks, const struct journal_segment *segment);

/* From `clock->since` on, in the boot of `segment`. Any order; what is known is passed over. */
void clocks_note(struct clocks *clocks, const struct journal_segment *segment,
	const struct journal_clock *clock);

/*
 * CLOCK_REALTIME - CLOCK_MONOTONIC at `monotonic` in the boot of `segment`, ns, modulo 2^64. Before the
 * first that is known, that one; of a boot of which nothing is known, the segment's own.
 */
uint64_t clocks_offset(
	const struct clocks *clocks, const struct journal_segment *segment, uint64_t monotonic);

/* Accepts NULL; returns NULL. */
struct clocks *clocks_free(struct clocks *clocks);

#endif
