/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A thread that runs jobs, see worker.h. The two queues and the counter are guarded by the lock. */
#include "daemon/base/worker.h"

#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "journal/base/cleanup.h"

struct work {
	worker_function run; /* NULL: it has `batch` */
	worker_batch batch;
	worker_function done;
	void *job;
};

struct worker {
	const char *name;
	pthread_t thread;
	bool started;
	GMutex lock;
	GCond arrived;
	GQueue waiting, finished; /* of struct work */
	unsigned int jobs;
	bool ending;
	int finished_fd; /* eventfd: there is something in `finished` */
	sd_event_source *source;
};

/* Dequeues the next job or batch; with the lock held. */
static void take_works(struct worker *worker, GPtrArray *works)
{
	worker_batch batch;
	const struct work *next;

	do {
		struct work *work = g_queue_pop_head(&worker->waiting);

		g_ptr_array_add(works, work);
		batch = work->batch;
		next = g_queue_peek_head(&worker->waiting);
	} while (batch && next && next->batch == batch);
}

static void run_works(const GPtrArray *works)
{
	const struct work *first = works->pdata[0];
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();

	if (first->run) {
		first->run(first->job);
		return;
	}
	for (unsigned int i = 0; i < works->len; i++)
		g_ptr_array_add(jobs, ((const struct work *)works->pdata[i])->job);
	first->batch(jobs->pdata, jobs->len);
}

static void *worker_main(void *context)
{
	g_autoptr(GPtrArray) works = g_ptr_array_new();
	struct worker *worker = context;

	pthread_setname_np(pthread_self(), worker->name);
	g_mutex_lock(&worker->lock);
	for (;;) {
		if (!g_queue_is_empty(&worker->waiting)) {
			take_works(worker, works);
			g_mutex_unlock(&worker->lock);
			run_works(works);
			g_mutex_lock(&worker->lock);
			for (unsigned int i = 0; i < works->len; i++)
				g_queue_push_tail(&worker->finished, works->pdata[i]);
			g_ptr_array_set_size(works, 0);
			eventfd_write(worker->finished_fd, 1);
		} else if (worker->ending) {
			break;
		} else {
			g_cond_wait(&worker->arrived, &worker->lock);
		}
	}
	g_mutex_unlock(&worker->lock);
	return NULL;
}

static void report_finished(struct worker *worker)
{
	for (;;) {
		struct work *work;

		g_mutex_lock(&worker->lock);
		work = g_queue_pop_head(&worker->finished);
		if (work)
			worker->jobs--;
		g_mutex_unlock(&worker->lock);
		if (!work)
			return;
		work->done(work->job);
		g_free(work);
	}
}

static int on_finished(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) > 0)
		report_finished(userdata);
	return 0;
}

int worker_new(sd_event *event, const char *name, struct worker **ret)
{
	struct worker *worker = g_new0(struct worker, 1);
	int r;

	worker->name = name;
	g_mutex_init(&worker->lock);
	g_cond_init(&worker->arrived);
	worker->finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->finished_fd < 0) {
		r = -errno;
		goto refuse;
	}
	r = sd_event_add_io(
		event, &worker->source, worker->finished_fd, EPOLLIN, on_finished, worker);
	if (r < 0)
		goto refuse;
	r = -pthread_create(&worker->thread, NULL, worker_main, worker);
	if (r < 0)
		goto refuse;
	worker->started = true;
	*ret = worker;
	return 0;

refuse:
	worker_free(worker);
	return r;
}

static int submit(struct worker *worker, const struct work *work, unsigned int jobs_max)
{
	int r = -EAGAIN;

	g_mutex_lock(&worker->lock);
	if (worker->jobs < jobs_max) {
		worker->jobs++;
		g_queue_push_tail(&worker->waiting, g_memdup2(work, sizeof(*work)));
		g_cond_signal(&worker->arrived);
		r = 0;
	}
	g_mutex_unlock(&worker->lock);
	return r;
}

int worker_submit(struct worker *worker, worker_function run, worker_function done, void *job)
{
	const struct work work = { .run = run, .done = done, .job = job };

	return submit(worker, &work, WORKER_JOBS_MAX);
}

int worker_submit_batch(struct worker *worker, worker_batch run, worker_function done, void *job)
{
	const struct work work = { .batch = run, .done = done, .job = job };

	return submit(worker, &work, WORKER_JOBS_MAX);
}

void worker_submit_always(
	struct worker *worker, worker_function run, worker_function done, void *job)
{
	const struct work work = { .run = run, .done = done, .job = job };

	submit(worker, &work, UINT_MAX);
}

void worker_submit_batch_always(
	struct worker *worker, worker_batch run, worker_function done, void *job)
{
	const struct work work = { .batch = run, .done = done, .job = job };

	submit(worker, &work, UINT_MAX);
}

struct worker *worker_free(struct worker *worker)
{
	if (!worker)
		return NULL;
	if (worker->started) {
		g_mutex_lock(&worker->lock);
		worker->ending = true;
		g_cond_signal(&worker->arrived);
		g_mutex_unlock(&worker->lock);
		pthread_join(worker->thread, NULL);
		report_finished(worker);
	}
	sd_event_source_disable_unref(worker->source);
	fd_close(&worker->finished_fd);
	g_cond_clear(&worker->arrived);
	g_mutex_clear(&worker->lock);
	g_free(worker);
	return NULL;
}
