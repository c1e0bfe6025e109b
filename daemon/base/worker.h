/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lane: one thread that does slow work, one job or batch of jobs after the other, so that the
 * control thread's loop never blocks. A job is handed over whole: until its `done` is called, on
 * the control thread, nobody but the worker touches it.
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

/* Several jobs in the order in which they came, which are quicker done together. */
typedef void (*worker_batch)(void *const *jobs, size_t count);

/* Queues a job. -EAGAIN: WORKER_JOBS_MAX are there already; nothing was taken. */
int worker_submit(struct worker *worker, worker_function run, worker_function done, void *job);

/* The same for a job that is run together with those that wait right behind it with the same
 * `run`. */
int worker_submit_batch(struct worker *worker, worker_batch run, worker_function done, void *job);

/* The same for jobs of which there are few, whatever callers do, and which nobody would submit
 * again: they are taken beyond WORKER_JOBS_MAX, too. */
void worker_submit_always(
	struct worker *worker, worker_function run, worker_function done, void *job);
void worker_submit_batch_always(
	struct worker *worker, worker_batch run, worker_function done, void *job);

/* Waits for the jobs that are queued, reports them, and ends the thread. Accepts NULL; returns
 * NULL. */
struct worker *worker_free(struct worker *worker);

#endif
