/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks as one number, for whoever stamps or times something. Stateless. */
#ifndef NFTTRACED_CLOCK_H
#define NFTTRACED_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NSEC_PER_SEC  1000000000ULL
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_USEC 1000ULL

/* What a clock shows, in ns. A clock that the kernel does not have shows 0. */
static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

#endif
