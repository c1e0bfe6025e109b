/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disk thread runs jobs that may wait for the disk without limit, one after the other, so that
 * no other thread has to: syncs, and the beginnings and ends of journals. A submitter may wait for
 * its job for a limited time. Owned by the recorder; jobs are submitted by any thread.
 */
#ifndef NFTTRACED_DAEMON_RECORDER_DISK_H
#define NFTTRACED_DAEMON_RECORDER_DISK_H

#include <stdbool.h>
#include <stdint.h>

struct disk;
struct disk_job;

/* Returns the job's result. */
typedef int (*disk_run)(void *argument);
typedef void (*disk_release)(void *argument);

enum disk_priority {
	DISK_SOON, /* its submitter waits for it */
	DISK_LATER, /* after all of those */
};

/* Starts the thread. */
int disk_new(struct disk **ret);

/*
 * Queues `run`, which owns `argument` until it returns; `release` is called, on any thread, after
 * it has run and the last reference to the job is gone. Returns a reference for the caller.
 */
struct disk_job *disk_submit(struct disk *disk, enum disk_priority priority, disk_run run,
	disk_release release, void *argument);

/*
 * Waits until the job is done, at most until `end` (us, g_get_monotonic_time) and only while no
 * single job takes the disk longer than `patience` us. Returns the job's result, or -ETIMEDOUT: it
 * is not done yet; it runs all the same when its turn comes.
 */
int disk_await(struct disk *disk, struct disk_job *job, int64_t end, uint64_t patience);

/*
 * Submits a job and waits for it at most `patience` us; returns as disk_await() does. Without
 * `ret_job` the argument may be released on return; else *ret_job is a reference for the caller in
 * any case.
 */
int disk_do(struct disk *disk, uint64_t patience, disk_run run, disk_release release,
	void *argument, struct disk_job **ret_job);

/* Accepts NULL; returns NULL. */
struct disk_job *disk_job_unref(struct disk_job *job);

/* Runs the jobs that are queued and ends the thread; waits at most `patience` us. False: it hangs;
 * neither the disk nor its jobs' arguments may be freed, and the process ends without. */
bool disk_end(struct disk *disk, uint64_t patience);

/* After disk_end. Accepts NULL; returns NULL. */
struct disk *disk_free(struct disk *disk);

#endif
