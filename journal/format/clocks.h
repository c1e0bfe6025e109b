/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wall clock of a machine over each boot: a journal's events are timed by CLOCK_MONOTONIC, and
 * the distance to CLOCK_REALTIME changes when the clock is set or slewed and when the machine
 * resumes. Filled from segment headers and JOURNAL_CLOCK records. Owned by the name table.
 */
#ifndef NFTTRACED_JOURNAL_FORMAT_CLOCKS_H
#define NFTTRACED_JOURNAL_FORMAT_CLOCKS_H

#include <stdint.h>

#include "journal/format/format.h"

/* Distances that differ by at most this count as equal: measuring is not exact, and smaller moves
 * have no record. */
#define CLOCKS_TOLERANCE 1000000 /* ns */

/* Changes that are kept for each boot: the latest ones, since there is no limit to how often a
 * clock is set. */
#define CLOCKS_MAX 65536

struct clocks;

struct clocks *clocks_new(void);

/* Adds the clocks in a segment's header, which is in host order. Ignored if it has none. */
void clocks_note_segment(struct clocks *clocks, const struct journal_segment *segment);

/* From `clock->since` on, in the boot of `segment`. In any order; a move that is known already is
 * ignored. */
void clocks_note(struct clocks *clocks, const struct journal_segment *segment,
	const struct journal_clock *clock);

/*
 * CLOCK_REALTIME - CLOCK_MONOTONIC at `monotonic` in the boot of `segment`, ns, modulo 2^64. Before
 * the first known change it is that of the first; for a boot without any, that of the segment.
 */
uint64_t clocks_offset(
	const struct clocks *clocks, const struct journal_segment *segment, uint64_t monotonic);

/* Accepts NULL; returns NULL. */
struct clocks *clocks_free(struct clocks *clocks);

#endif
