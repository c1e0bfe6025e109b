/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts over time in a fixed number of buckets, whose width doubles when time exceeds them, and
 * drawing them in a line. Owned by the stats.
 */
#ifndef NFTTRACED_CLIENT_STATS_TIMELINE_H
#define NFTTRACED_CLIENT_STATS_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/base/output.h"

#define TIMELINE_BUCKETS   4096 /* even */
#define TIMELINE_WIDTH_MIN 1000000 /* ns that a bucket is wide at first */

/* Begin with a zeroed one. */
struct timeline {
	bool begun;
	uint64_t start; /* ns: of the first bucket */
	uint64_t width; /* ns */
	size_t used; /* buckets up to the latest one */
	uint64_t counts[TIMELINE_BUCKETS];
};

/* Counts one at a moment; moments before the first one count as the first. */
void timeline_count(struct timeline *timeline, uint64_t time);

enum timeline_letters {
	TIMELINE_ASCII,
	TIMELINE_UTF8,
};

/* The scale of a drawn line. */
struct timeline_line {
	size_t columns; /* that are used */
	uint64_t width; /* ns that one of them is wide */
	uint64_t highest; /* count in one of them */
};

/* Draws the counts in at most `columns` characters, TIMELINE_BUCKETS at most, without a newline. */
struct timeline_line timeline_draw(const struct timeline *timeline, size_t columns,
	enum timeline_letters letters, struct output *output);

#endif
