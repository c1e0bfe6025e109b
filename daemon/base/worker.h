/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker: one thread that runs slow jobs, one job or batch of jobs after the other, so that the
 * control thread's loop never blocks. The job belongs to the worker's thread until its `done` is
 * called on the control thread. Public functions are for the control thread.
 */
#ifndef NFTTRACED_DAEMON_BASE_WORKER_H
#define NFTTRACED_DAEMON_BASE_WORKER_H

#include <stddef.h>
#include <systemd/sd-event.h>

#define WORKER_JOBS_MAX 256 /* waiting, running, or done and not yet reported */

struct worker;

typedef void (*worker_function)(void *job);

/* Starts the thread, whose name (at most 15 bytes) is the literal `name`; `done` functions run from
 * `event`. */
int worker_new(sd_event *event, const char *name, struct worker **ret);

/* Runs several jobs, in the order in which they were submitted, which is faster than one by one. */
typedef void (*worker_batch)(void *const *jobs, size_t count);

/* Queues a job. -EAGAIN: there are WORKER_JOBS_MAX already; the job stays the caller's. */
int worker_submit(struct worker *worker, worker_function run, worker_function done, void *job);

/* Queues a job that is run in one batch with those that follow it in the queue with the same
 * `run`. */
int worker_submit_batch(struct worker *worker, worker_batch run, worker_function done, void *job);

/* Queue a job even beyond WORKER_JOBS_MAX: for jobs whose number callers can't raise, and which
 * can't be submitted again later. */
void worker_submit_always(
	struct worker *worker, worker_function run, worker_function done, void *job);
void worker_submit_batch_always(
	struct worker *worker, worker_batch run, worker_function done, void *job);

/* Waits for the queued jobs, calls their `done`, and ends the thread. Accepts NULL; returns
 * NULL. */
struct worker *worker_free(struct worker *worker);

#endif
