/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A moment as a person writes it on the command line. Stateless. */
#ifndef NFTTRACED_CLIENT_INPUT_WHEN_H
#define NFTTRACED_CLIENT_INPUT_WHEN_H

#include <stdint.h>

enum when_clock {
	WHEN_REALTIME,
	WHEN_MONOTONIC, /* of the machine that recorded */
};

struct when {
	enum when_clock clock;
	uint64_t time; /* ns */
};

enum when_zone {
	WHEN_LOCAL,
	WHEN_UTC,
};

/* The forms of a moment, for an error. */
#define WHEN_FORMS                                                                     \
	"a time such as \"2026-11-22 05:30:17\", \"05:30\", -5min, now, today or, in " \
	"nanoseconds of the monotonic clock, 34533864095ns"

/*
 * Takes "2026-11-22 05:30:17.25", without the seconds or the time of day or the date (today), with
 * "UTC" behind it or in `zone`; "now", "today", "yesterday", "tomorrow"; "-5min", "+1h 30min",
 * "5min ago", from `now` (ns, CLOCK_REALTIME) on; "@1795325417.25" (seconds since 1970);
 * "34533864095ns". -EINVAL:
 * another form, or an invalid date. -ERANGE: before 1970 or far in the future.
 */
int when_parse(const char *text, enum when_zone zone, uint64_t now, struct when *ret);

#endif
