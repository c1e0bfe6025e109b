/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disk thread, see disk.h. The lock guards everything in struct disk but `thread`, and `done`
 * of jobs. */
#include "daemon/recorder/disk.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>

struct disk_job {
	gatomicrefcount references; /* the queue's and the submitter's */
	disk_run run;
	disk_release release;
	void *argument;
	bool done;
	int result; /* if done */
};

struct disk {
	pthread_t thread;
	bool started;
	GMutex lock;
	GCond arrived, finished;
	GQueue soon, later; /* of struct disk_job */
	int64_t busy; /* us: when the job that runs was started; 0: none runs */
	bool ending, ended;
};

struct disk_job *disk_job_unref(struct disk_job *job)
{
	if (!job || !g_atomic_ref_count_dec(&job->references))
		return NULL;
	job->release(job->argument);
	g_free(job);
	return NULL;
}

static void *disk_main(void *context)
{
	struct disk *disk = context;

	pthread_setname_np(pthread_self(), "nfttraced-disk");
	g_mutex_lock(&disk->lock);
	for (;;) {
		struct disk_job *job = g_queue_pop_head(&disk->soon);
		int result;

		if (!job)
			job = g_queue_pop_head(&disk->later);
		if (!job && disk->ending)
			break;
		if (!job) {
			g_cond_wait(&disk->arrived, &disk->lock);
			continue;
		}
		disk->busy = g_get_monotonic_time();
		g_mutex_unlock(&disk->lock);
		result = job->run(job->argument);
		g_mutex_lock(&disk->lock);
		disk->busy = 0;
		job->done = true;
		job->result = result;
		g_cond_broadcast(&disk->finished);
		g_mutex_unlock(&disk->lock);
		disk_job_unref(job);
		g_mutex_lock(&disk->lock);
	}
	disk->ended = true;
	g_cond_broadcast(&disk->finished);
	g_mutex_unlock(&disk->lock);
	return NULL;
}

int disk_new(struct disk **ret)
{
	struct disk *disk = g_new0(struct disk, 1);
	int r;

	g_mutex_init(&disk->lock);
	g_cond_init(&disk->arrived);
	g_cond_init(&disk->finished);
	r = -pthread_create(&disk->thread, NULL, disk_main, disk);
	if (r < 0) {
		disk_free(disk);
		return r;
	}
	disk->started = true;
	*ret = disk;
	return 0;
}

struct disk_job *disk_submit(struct disk *disk, enum disk_priority priority, disk_run run,
	disk_release release, void *argument)
{
	struct disk_job *job = g_new0(struct disk_job, 1);

	g_atomic_ref_count_init(&job->references);
	g_atomic_ref_count_inc(&job->references);
	job->run = run;
	job->release = release;
	job->argument = argument;
	g_mutex_lock(&disk->lock);
	g_queue_push_tail(priority == DISK_SOON ? &disk->soon : &disk->later, job);
	g_cond_signal(&disk->arrived);
	g_mutex_unlock(&disk->lock);
	return job;
}

int disk_await(struct disk *disk, struct disk_job *job, int64_t end, uint64_t patience)
{
	int r;

	g_mutex_lock(&disk->lock);
	while (!job->done) {
		int64_t until = end;

		if (disk->busy)
			until = MIN(until, disk->busy + (int64_t)patience);
		if (g_get_monotonic_time() >= until)
			break;
		g_cond_wait_until(&disk->finished, &disk->lock, until);
	}
	r = job->done ? job->result : -ETIMEDOUT;
	g_mutex_unlock(&disk->lock);
	return r;
}

int disk_do(struct disk *disk, uint64_t patience, disk_run run, disk_release release,
	void *argument, struct disk_job **ret_job)
{
	struct disk_job *job = disk_submit(disk, DISK_SOON, run, release, argument);
	int r = disk_await(disk, job, g_get_monotonic_time() + (int64_t)patience, patience);

	if (ret_job)
		*ret_job = job;
	else
		disk_job_unref(job);
	return r;
}

bool disk_end(struct disk *disk, uint64_t patience)
{
	int64_t end = g_get_monotonic_time() + (int64_t)patience;
	bool ended;

	if (!disk || !disk->started)
		return true;
	g_mutex_lock(&disk->lock);
	disk->ending = true;
	g_cond_signal(&disk->arrived);
	while (!disk->ended && g_cond_wait_until(&disk->finished, &disk->lock, end))
		continue;
	ended = disk->ended;
	g_mutex_unlock(&disk->lock);
	if (ended) {
		pthread_join(disk->thread, NULL);
		disk->started = false;
	}
	return ended;
}

struct disk *disk_free(struct disk *disk)
{
	if (!disk)
		return NULL;
	g_cond_clear(&disk->finished);
	g_cond_clear(&disk->arrived);
	g_mutex_clear(&disk->lock);
	g_free(disk);
	return NULL;
}
