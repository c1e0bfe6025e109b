/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes of the kernel side's maps, see pipeline-size.h. */
#include "daemon/pipeline/pipeline-size.h"

#include <unistd.h>

/*
 * Pages of a ring beside its data: positions, and the addresses of its pages
 * (bpf_ringbuf_area_alloc).
 */
#define RING_PAGES 5

/*
 * The four LRU tables have 1,024 elements each (bpf/maps.h), of at most this many bytes with the
 * kernel's header.
 */
#define LRU_ELEMENTS      4096
#define LRU_ELEMENT_BYTES 384

/* Programs with their machine code, links, and small maps. */
#define PROGRAMS_BYTES (2U << 20)

unsigned int pipeline_size_rings(unsigned int cpus)
{
	unsigned int rings = 1;

	while (rings < cpus && rings < RINGS_MAX)
		rings *= 2;
	return rings;
}

uint32_t pipeline_size_ring(uint64_t size, unsigned int rings)
{
	uint32_t each = (uint32_t)sysconf(_SC_PAGESIZE);

	while (each < size / rings && each < 1U << 31)
		each *= 2;
	return each;
}

unsigned int pipeline_size_buckets(uint32_t packets)
{
	unsigned int buckets = 1;

	while (buckets < packets / TRACKER_SLOTS && buckets < 1U << 24)
		buckets *= 2;
	return buckets;
}

uint32_t pipeline_size_drops(uint32_t max)
{
	uint32_t slots = 1;

	while (slots < max * 2)
		slots *= 2;
	return slots;
}

void pipeline_size_memory(
	const struct pipeline_options *options, unsigned int cpus, struct pipeline_memory *ret)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const unsigned int rings = pipeline_size_rings(cpus);
	const uint64_t per_cpu =
		FRAME_OWNERS * (uint64_t)(sizeof(struct frame) + sizeof(struct cpu_stats));

	*ret = (struct pipeline_memory){
		.rings =
			rings * (pipeline_size_ring(options->ring_size, rings) + RING_PAGES * page),
		.tables = (uint64_t)pipeline_size_buckets(options->tracker_size) *
				sizeof(struct tracker_bucket) +
			(uint64_t)pipeline_size_drops(options->drops_max) *
				(sizeof(struct drop_slot) + sizeof(struct drop_words)) +
			SUPPRESSED_SLOTS * sizeof(struct suppressed_slot) +
			sizeof(struct pipeline_config) + cpus * per_cpu +
			LRU_ELEMENTS * LRU_ELEMENT_BYTES + PROGRAMS_BYTES,
	};
}
