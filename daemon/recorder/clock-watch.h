/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Detects when the wall clock moves against CLOCK_MONOTONIC: when it was set, slewed, or is ahead
 * after a suspend. Works on readings that the caller passes, so that a test can invent them. Owned
 * by the recorder thread.
 */
#ifndef NFTTRACED_DAEMON_RECORDER_CLOCK_WATCH_H
#define NFTTRACED_DAEMON_RECORDER_CLOCK_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "journal/format/format.h"

#define CLOCK_WATCH_NOISE  20000 /* ns: readings of an untouched clock differ by no more */
#define CLOCK_WATCH_LEAST  1000000 /* ns: shorter slews and suspends are ignored */
#define CLOCK_WATCH_MINUTE 60000000000ULL /* ns between two records of slewing */

/* The clocks at one moment, ns. */
struct clock_reading {
	uint64_t realtime, monotonic, boottime;
	bool set; /* the kernel says that CLOCK_REALTIME was set since the last reading */
};

struct clock_watch {
	bool initialized;
	uint64_t offset; /* CLOCK_REALTIME - CLOCK_MONOTONIC as last recorded, modulo 2^64 */
	uint64_t suspended; /* CLOCK_BOOTTIME - CLOCK_MONOTONIC */
	uint64_t checked; /* CLOCK_MONOTONIC: when slewing was last checked */
};

/* Starts from this reading and forgets earlier ones. */
void clock_watch_begin(struct clock_watch *watch, const struct clock_reading *reading);

/* True if the clock has jumped since the last record: then ask the kernel whether it was set. */
bool clock_watch_jumped(const struct clock_watch *watch, const struct clock_reading *reading);

/* True if a move is to be recorded, in *ret (without `missed`). */
bool clock_watch_take(
	struct clock_watch *watch, const struct clock_reading *reading, struct journal_clock *ret);

#endif
