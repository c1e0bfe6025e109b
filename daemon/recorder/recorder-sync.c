/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data thread's: journals on their way to the disk. The disk thread runs the syncs; what is begun and
 * what comes of it is the data thread's, which never waits for one. */
#include "daemon/recorder/recorder-private.h"

#include "journal/base/clock.h"

#define LOOK_NS     (10 * NSEC_PER_MSEC) /* between two looks at what is due */
#define BACKOFF_MAX 4 /* doublings of the interval while syncs fail */

static void run(void *argument)
{
	journal_sync_run(argument);
}

static void release(void *argument)
{
	journal_sync_unref(argument);
}

/* What has been written is old, or much. */
static bool is_due(const struct data *data, const struct data_slot *slot, uint64_t now)
{
	struct journal_waiting waiting;

	journal_writer_waiting(slot->writer, &waiting);
	if (!waiting.fresh)
		return false;
	if (waiting.bytes >= DATA_UNSYNCED_MAX)
		return true;
	/* Each sync that fails begins a segment. */
	return now - waiting.fresh >=
		atomic_load_explicit(&data->sync_interval, memory_order_relaxed)
		<< MIN(slot->sync_failures, BACKOFF_MAX);
}

static bool slot_end(struct data_slot *slot)
{
	struct journal_unstored unstored;
	int error;

	if (!journal_writer_sync_is_due(slot->writer))
		return false;
	error = journal_writer_sync_end(slot->writer, &unstored);
	return data_slot_synced(slot, error, &unstored);
}

static void slot_begin(struct data *data, struct data_slot *slot, uint64_t now)
{
	struct journal_sync *sync =
		is_due(data, slot, now) ? journal_writer_sync_begin(slot->writer) : NULL;

	if (sync)
		disk_job_unref(disk_submit(data->disk, DISK_LATER, run, release, sync));
}

void data_sync(struct data *data)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC_COARSE);
	bool attention = false;

	if (now - data->sync_looked < LOOK_NS)
		return;
	data->sync_looked = now;
	for (uint64_t bits = data->claimed; bits; bits &= bits - 1) {
		struct data_slot *slot = &data->slots[__builtin_ctzll(bits)];

		if (slot_end(slot))
			attention = true;
		slot_begin(data, slot, now);
	}
	if (attention)
		data_want_attention(data);
}

void data_set_sync(struct data *data, uint64_t interval)
{
	atomic_store(&data->sync_interval, interval);
}

struct disk *data_disk(const struct data *data)
{
	return data->disk;
}

void data_stored(const struct data *data, unsigned int bit, struct data_stored *ret)
{
	const struct data_slot *slot = &data->slots[bit];

	*ret = (struct data_stored){
		.synced = atomic_load(&slot->synced),
		.unsynced = atomic_load(&slot->unsynced),
		.error = atomic_load(&slot->error),
	};
}
