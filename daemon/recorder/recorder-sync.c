/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Syncs of journals. The disk thread runs them; the recorder thread starts them and takes their
 * results, without ever waiting for one. */
#include "daemon/recorder/recorder-private.h"

#include "journal/base/clock.h"

#define CHECK_NS    (10 * NSEC_PER_MSEC) /* between two checks for syncs that are due */
#define BACKOFF_MAX 4 /* doublings of the interval while syncs fail */

static int run_sync(void *argument)
{
	journal_sync_run(argument);
	return 0;
}

static void release_sync(void *argument)
{
	journal_sync_unref(argument);
}

/* True if bytes have waited for the interval, or too many wait. */
static bool sync_is_due(
	const struct recorder *recorder, const struct session_recorder *slot, uint64_t now)
{
	struct journal_waiting waiting;

	journal_writer_waiting(slot->writer, &waiting);
	if (!waiting.fresh)
		return false;
	if (waiting.bytes >= RECORDER_UNSYNCED_MAX)
		return true;
	/* Back off after failures: each of them makes the writer begin another segment. */
	return now - waiting.fresh >=
		atomic_load_explicit(&recorder->sync_interval, memory_order_relaxed)
		<< MIN(slot->sync_failures, BACKOFF_MAX);
}

static bool finish_sync(struct session_recorder *slot)
{
	struct journal_unstored unstored;
	int error;

	if (!journal_writer_sync_is_due(slot->writer))
		return false;
	error = journal_writer_sync_end(slot->writer, &unstored);
	return session_recorder_synced(slot, error, &unstored);
}

static void start_sync(struct recorder *recorder, struct session_recorder *slot, uint64_t now)
{
	struct journal_sync *sync =
		sync_is_due(recorder, slot, now) ? journal_writer_sync_begin(slot->writer) : NULL;

	if (sync)
		disk_job_unref(
			disk_submit(recorder->disk, DISK_LATER, run_sync, release_sync, sync));
}

void recorder_sync(struct recorder *recorder)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC_COARSE);
	bool attention = false;

	if (now - recorder->sync_checked < CHECK_NS)
		return;
	recorder->sync_checked = now;
	for (uint64_t bits = recorder->claimed; bits; bits &= bits - 1) {
		struct session_recorder *slot = &recorder->slots[__builtin_ctzll(bits)];

		if (finish_sync(slot))
			attention = true;
		start_sync(recorder, slot, now);
	}
	if (attention)
		recorder_want_attention(recorder);
}

void recorder_set_sync(struct recorder *recorder, uint64_t interval)
{
	atomic_store(&recorder->sync_interval, interval);
}

struct disk *recorder_disk(const struct recorder *recorder)
{
	return recorder->disk;
}

void recorder_stored(const struct recorder *recorder, unsigned int bit, struct recorder_stored *ret)
{
	const struct session_recorder *slot = &recorder->slots[bit];

	*ret = (struct recorder_stored){
		.synced = atomic_load(&slot->synced),
		.unsynced = atomic_load(&slot->unsynced),
		.error = atomic_load(&slot->error),
	};
}
