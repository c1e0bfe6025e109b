/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sizes of the kernel side's maps, and their memory, computed from the configuration.
 * Stateless, any thread.
 */
#ifndef NFTTRACED_DAEMON_PIPELINE_PIPELINE_SIZE_H
#define NFTTRACED_DAEMON_PIPELINE_PIPELINE_SIZE_H

#include <stdint.h>

#include "daemon/pipeline/pipeline.h"

/* One ring for each CPU, at most RINGS_MAX; a power of two, so that a mask gives a CPU's ring. */
unsigned int pipeline_size_rings(unsigned int cpus);

/*
 * Bytes of one of `rings` rings, which have `size` bytes together: a power of two, a page at least.
 */
uint32_t pipeline_size_ring(uint64_t size, unsigned int rings);

/* Buckets of the tracker for `packets`: a power of two. */
unsigned int pipeline_size_buckets(uint32_t packets);

/* Slots for `max` drop counters: a power of two, at most half of them used. */
uint32_t pipeline_size_drops(uint32_t max);

/* Bytes of memory that the kernel allocates in advance. */
struct pipeline_memory {
	uint64_t rings;
	uint64_t tables; /* all other maps, and the programs without the matcher */
};
void pipeline_size_memory(
	const struct pipeline_options *options, unsigned int cpus, struct pipeline_memory *ret);

#endif
