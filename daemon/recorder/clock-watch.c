/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moves of the wall clock, see clock-watch.h. */
#include "daemon/recorder/clock-watch.h"

static uint64_t distance(uint64_t a, uint64_t b)
{
	uint64_t difference = a - b;

	return difference < -difference ? difference : -difference;
}

static uint64_t offset_of(const struct clock_reading *reading)
{
	return reading->realtime - reading->monotonic;
}

static uint64_t suspended_of(const struct clock_reading *reading)
{
	return reading->boottime - reading->monotonic;
}

void clock_watch_begin(struct clock_watch *watch, const struct clock_reading *reading)
{
	*watch = (struct clock_watch){
		.initialized = true,
		.offset = offset_of(reading),
		.suspended = suspended_of(reading),
		.checked = reading->monotonic,
	};
}

bool clock_watch_jumped(const struct clock_watch *watch, const struct clock_reading *reading)
{
	return watch->initialized &&
		distance(offset_of(reading), watch->offset) > CLOCK_WATCH_LEAST;
}

/* The cause of a move that is to be recorded now; CLOCK_CAUSES: none. */
static enum clock_cause cause_of(
	const struct clock_watch *watch, const struct clock_reading *reading)
{
	uint64_t moved = distance(offset_of(reading), watch->offset);

	if (distance(suspended_of(reading), watch->suspended) > CLOCK_WATCH_LEAST)
		return CLOCK_RESUMED;
	if (reading->set && moved > CLOCK_WATCH_NOISE)
		return CLOCK_SET;
	if (reading->monotonic - watch->checked >= CLOCK_WATCH_MINUTE && moved > CLOCK_WATCH_LEAST)
		return CLOCK_SLEWED;
	return CLOCK_CAUSES;
}

bool clock_watch_take(
	struct clock_watch *watch, const struct clock_reading *reading, struct journal_clock *ret)
{
	enum clock_cause cause;
	uint64_t before;

	if (!watch->initialized) {
		clock_watch_begin(watch, reading);
		return false;
	}
	cause = cause_of(watch, reading);
	before = watch->offset;
	if (cause == CLOCK_CAUSES) {
		if (reading->monotonic - watch->checked >= CLOCK_WATCH_MINUTE)
			watch->checked = reading->monotonic;
		return false;
	}
	clock_watch_begin(watch, reading);
	*ret = (struct journal_clock){
		.cause = cause,
		.since = reading->monotonic,
		.realtime = reading->realtime,
		.before = reading->monotonic + before,
	};
	return true;
}
