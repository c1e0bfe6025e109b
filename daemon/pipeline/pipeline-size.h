/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How large the kernel side's maps are, from the configuration: what is used to make them, and what they take
 * of memory. Stateless.
 */
#ifndef NFTTRACED_DAEMON_PIPELINE_PIPELINE_SIZE_H
#define NFTTRACED_DAEMON_PIPELINE_PIPELINE_SIZE_H

#include <stdint.h>

#include "daemon/pipeline/pipeline.h"

/* One ring for a CPU up to RINGS_MAX; a power of two, so that a mask picks a CPU's. */
unsigned int pipeline_size_rings(unsigned int cpus);

/* Bytes of one of `rings` rings, which have `size` bytes together: a power of two, a page at least. */
uint32_t pipeline_size_ring(uint64_t size, unsigned int rings);

/* A power of two of buckets that hold `packets` of the tracker's. */
unsigned int pipeline_size_buckets(uint32_t packets);

/* A power of two of slots, at most half of which are used. */
uint32_t pipeline_size_drops(uint32_t max);

/* Bytes of memory that the kernel has for it, whether it is used or not. */
struct pipeline_memory {
	uint64_t rings;
	uint64_t tables; /* all other maps, and the programs without the matcher */
};
void pipeline_size_memory(
	const struct pipeline_options *options, unsigned int cpus, struct pipeline_memory *ret);

#endif
