/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the counters of the kernel side through mappings; and the ageing of tracked packets. */
#include "daemon/pipeline/pipeline-private.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* Each CPU has a row for each frame. */
static unsigned int stats_rows(const struct pipeline *pipeline)
{
	return pipeline->cpus * FRAME_OWNERS;
}

static struct cpu_stats *stats_of(const struct pipeline *pipeline, unsigned int row)
{
	return (struct cpu_stats *)pipeline->stats.address + row;
}

static uint64_t number_read(const __u64 *number)
{
	return __atomic_load_n(number, __ATOMIC_RELAXED);
}

uint64_t pipeline_count(const struct pipeline *pipeline, enum pipeline_count which)
{
	uint64_t sum = 0;

	for (unsigned int row = 0; row < stats_rows(pipeline); row++)
		sum += number_read(&stats_of(pipeline, row)->counts[which]);
	return sum;
}

void pipeline_session_stats(
	const struct pipeline *pipeline, unsigned int bit, struct session_stats *ret)
{
	struct session_stats sum = {};

	for (unsigned int row = 0; row < stats_rows(pipeline); row++) {
		const struct session_stats *stats = &stats_of(pipeline, row)->sessions[bit];

		/*
		 * In the reverse order of counting, so that the losses read never exceed the
		 * matches.
		 */
		sum.ring_full += number_read(&stats->ring_full);
		sum.suppressed += number_read(&stats->suppressed);
		sum.matched += number_read(&stats->matched);
	}
	*ret = sum;
}

/* No program counts for the bit any more. */
static void suppressed_reset(struct pipeline *pipeline, unsigned int bit)
{
	struct suppressed_slot *slots = pipeline_suppressed(pipeline);

	for (unsigned int i = 0; i < SUPPRESSED_SLOTS; i++) {
		struct suppressed_slot *slot = &slots[i];

		if (__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) == SUPPRESSED_FREE ||
			slot->bit != bit)
			continue;
		slot->count = slot->reported = slot->reported_until = 0;
		__atomic_store_n(&slot->state, SUPPRESSED_FREE, __ATOMIC_RELEASE);
	}
}

void pipeline_session_reset(struct pipeline *pipeline, unsigned int bit)
{
	for (unsigned int row = 0; row < stats_rows(pipeline); row++)
		memset(&stats_of(pipeline, row)->sessions[bit], 0, sizeof(struct session_stats));
	pipeline_next_allowed(pipeline)[bit] = 0;
	suppressed_reset(pipeline, bit);
}

/* With the attached lock held. */
static int stub_sum(const struct pipeline *pipeline, uint64_t *ret)
{
	uint64_t missed;
	int r;

	if (!pipeline->missed_known)
		return -EOPNOTSUPP;
	r = stub_missed(pipeline, &missed);
	if (r == 0)
		*ret = pipeline->stub_missed + missed;
	return r;
}

int pipeline_stub_missed(struct pipeline *pipeline, uint64_t *ret)
{
	int r;

	g_mutex_lock(&pipeline->attached_lock);
	r = stub_sum(pipeline, ret);
	g_mutex_unlock(&pipeline->attached_lock);
	return r;
}

int pipeline_missed(struct pipeline *pipeline, uint64_t *ret)
{
	uint64_t stub = 0, probes = 0;
	int r;

	g_mutex_lock(&pipeline->attached_lock);
	r = stub_sum(pipeline, &stub);
	if (r == 0)
		probes = pipeline->missed + probes_missed(pipeline);
	g_mutex_unlock(&pipeline->attached_lock);
	if (r < 0)
		return r;
	*ret = stub + probes + pipeline_count(pipeline, COUNT_TOO_DEEP) +
		pipeline_count(pipeline, COUNT_ENTRY_UNKNOWN);
	return 0;
}

unsigned int pipeline_tracker_age(
	struct pipeline *pipeline, unsigned int age, unsigned int *ret_used)
{
	struct tracker_slot *slots = pipeline->tracker.address;
	unsigned int freed = 0, used = 0;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (size_t i = 0; i < (size_t)pipeline->buckets * TRACKER_SLOTS; i++) {
		struct tracker_slot *slot = &slots[i];

		if (!number_read(&slot->head))
			continue;
		if (!number_read(&slot->time) ||
			(uint64_t)slot->used + age > (uint64_t)now.tv_sec) {
			used++;
			continue;
		}
		slot->sessions = 0;
		slot->origin = 0;
		slot->time = 0;
		__atomic_store_n(&slot->head, 0, __ATOMIC_SEQ_CST);
		freed++;
	}
	*ret_used = used;
	return freed;
}
