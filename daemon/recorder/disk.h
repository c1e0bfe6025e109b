/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disk thread: does what may wait for the disk as long as that pleases, one job after the other, so
 * that nobody else has to: syncs, and the beginnings and ends of journals. Who wants to know what came of
 * a job waits for it, but not for ever. Owned by the recorder thread's owner.
 */
#ifndef NFTTRACED_DAEMON_RECORDER_DISK_H
#define NFTTRACED_DAEMON_RECORDER_DISK_H

#include <stdbool.h>
#include <stdint.h>

struct disk;
struct disk_job;

typedef void (*disk_function)(void *argument);

enum disk_turn {
	DISK_SOON, /* somebody waits for it */
	DISK_LATER, /* behind those */
};

/* Starts the thread. */
int disk_new(struct disk **ret);

/*
 * Queues `run`, which has `argument` for itself until it is done; `release` is called when it is done and
 * nobody refers to the job any more, on any thread. The reference is the caller's.
 */
struct disk_job *disk_submit(struct disk *disk, enum disk_turn turn, disk_function run,
	disk_function release, void *argument);

/*
 * Waits until the job is done, at most until `end` (us, g_get_monotonic_time), and no longer at all when
 * the disk has been busy with one and the same job for `patience` us. -ETIMEDOUT: it is not done; it will be
 * when the disk comes to it.
 */
int disk_await(struct disk *disk, struct disk_job *job, int64_t end, uint64_t patience);

/* The same for what is submitted and waited for at once, which takes the reference, too. */
int disk_do(struct disk *disk, uint64_t patience, disk_function run, disk_function release,
	void *argument, struct disk_job **ret_job);

/* Accepts NULL; returns NULL. */
struct disk_job *disk_job_unref(struct disk_job *job);

/* Does what is queued and ends the thread; waits at most `patience` us. False: it hangs, and what it has must
 * not be freed; the process is to end without. */
bool disk_end(struct disk *disk, uint64_t patience);

/* After disk_end. Accepts NULL; returns NULL. */
struct disk *disk_free(struct disk *disk);

#endif
