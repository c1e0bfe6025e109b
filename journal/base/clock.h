/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks as one number. Stateless. */
#ifndef NFTTRACED_JOURNAL_BASE_CLOCK_H
#define NFTTRACED_JOURNAL_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NSEC_PER_SEC  1000000000ULL
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_USEC 1000ULL
#define USEC_PER_SEC  1000000ULL

/* The time of a clock, ns; 0 if the kernel does not have that clock. */
static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

/*
 * Both clocks at about one moment: CLOCK_REALTIME is read between two readings of CLOCK_MONOTONIC,
 * whose middle is the moment. Reads again if the thread was preempted between them.
 */
static inline void clock_pair(uint64_t *ret_realtime, uint64_t *ret_monotonic)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 8 && least > 10 * NSEC_PER_USEC; i++) {
		uint64_t before = clock_ns(CLOCK_MONOTONIC);
		uint64_t realtime = clock_ns(CLOCK_REALTIME);
		uint64_t after = clock_ns(CLOCK_MONOTONIC);

		if (after - before >= least)
			continue;
		least = after - before;
		*ret_realtime = realtime;
		*ret_monotonic = before + least / 2;
	}
}

#endif
