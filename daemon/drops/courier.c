/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The courier; see courier.h. */
#include "daemon/drops/courier.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "journal/base/cleanup.h"
#include "journal/base/clock.h"

#define NSEC_PER_USEC 1000ULL

/* What owner and thread share; who lets go of it last frees it. Everything is under the lock. */
struct desk {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* waits by CLOCK_MONOTONIC */
	courier_deliver deliver;
	GPtrArray *messages; /* on their way */
	int *results; /* as many */
	bool tried; /* all of them */
	bool closed;
	int fd; /* an eventfd: readable when they have been tried */
};

struct courier {
	struct desk *desk;
	sd_event_source *source;
	courier_done done;
	void *context;
	bool running; /* the thread */
	bool busy;
};

static void desk_clear(void *pointer)
{
	struct desk *desk = pointer;

	g_clear_pointer(&desk->messages, g_ptr_array_unref);
	g_free(desk->results);
	fd_close(&desk->fd);
	pthread_cond_destroy(&desk->changed);
	pthread_mutex_destroy(&desk->lock);
}

static void desk_leave(struct desk *desk)
{
	g_atomic_rc_box_release_full(desk, desk_clear);
}

/* NULL: there are no more descriptors. */
static struct desk *desk_new(const struct courier_ends *ends)
{
	struct desk *desk = g_atomic_rc_box_new0(struct desk);
	pthread_condattr_t attributes;

	pthread_mutex_init(&desk->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&desk->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	desk->deliver = ends->deliver;
	desk->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (desk->fd < 0) {
		desk_leave(desk);
		return NULL;
	}
	return desk;
}

/* The batch to try next, with the lock held again; false: there will be none. */
static bool next_batch(struct desk *desk)
{
	while (!desk->closed && (!desk->messages || desk->tried))
		pthread_cond_wait(&desk->changed, &desk->lock);
	return !desk->closed;
}

static void *run(void *pointer)
{
	struct desk *desk = pointer;

	pthread_setname_np(pthread_self(), "courier");
	pthread_mutex_lock(&desk->lock);
	while (next_batch(desk)) {
		for (unsigned int i = 0; i < desk->messages->len && !desk->closed; i++) {
			void *message = g_ptr_array_index(desk->messages, i);
			int r;

			pthread_mutex_unlock(&desk->lock);
			r = desk->deliver(message);
			pthread_mutex_lock(&desk->lock);
			desk->results[i] = r;
		}
		desk->tried = true;
		eventfd_write(desk->fd, 1);
		pthread_cond_broadcast(&desk->changed);
	}
	pthread_mutex_unlock(&desk->lock);
	desk_leave(desk);
	return NULL;
}

/* On the control thread: what was tried is reported and forgotten. */
static void collect(struct courier *courier)
{
	struct desk *desk = courier->desk;
	g_autofree int *results = NULL;
	unsigned int count = 0;
	eventfd_t ignored;

	pthread_mutex_lock(&desk->lock);
	if (desk->tried) {
		count = desk->messages->len;
		results = g_steal_pointer(&desk->results);
		g_clear_pointer(&desk->messages, g_ptr_array_unref);
		desk->tried = false;
		eventfd_read(desk->fd, &ignored);
	}
	pthread_mutex_unlock(&desk->lock);
	if (!results)
		return;
	courier->busy = false;
	courier->done(courier->context, results, count);
}

static int on_tried(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	collect(userdata);
	return 0;
}

int courier_new(sd_event *event, const struct courier_ends *ends, struct courier **ret)
{
	struct courier *courier = g_new0(struct courier, 1);
	int r;

	courier->done = ends->done;
	courier->context = ends->context;
	courier->desk = desk_new(ends);
	if (!courier->desk) {
		courier_free(courier);
		return -EMFILE;
	}
	r = sd_event_add_io(event, &courier->source, courier->desk->fd, EPOLLIN, on_tried, courier);
	if (r < 0) {
		courier_free(courier);
		return r;
	}
	*ret = courier;
	return 0;
}

bool courier_busy(const struct courier *courier)
{
	return courier->busy;
}

static int begin(struct courier *courier)
{
	pthread_t thread;
	int r;

	if (courier->running)
		return 0;
	g_atomic_rc_box_acquire(courier->desk);
	r = pthread_create(&thread, NULL, run, courier->desk);
	if (r != 0) {
		desk_leave(courier->desk);
		return -r;
	}
	pthread_detach(thread);
	courier->running = true;
	return 0;
}

int courier_send(struct courier *courier, GPtrArray *messages)
{
	struct desk *desk = courier->desk;
	int r;

	if (courier->busy)
		return -EBUSY;
	r = begin(courier);
	if (r < 0)
		return r;
	pthread_mutex_lock(&desk->lock);
	desk->results = g_new0(int, messages->len);
	desk->messages = messages;
	pthread_cond_broadcast(&desk->changed);
	pthread_mutex_unlock(&desk->lock);
	courier->busy = true;
	return 0;
}

int courier_wait(struct courier *courier, uint64_t usec)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + usec * NSEC_PER_USEC;
	const struct timespec until = {
		.tv_sec = (time_t)(end / NSEC_PER_SEC),
		.tv_nsec = (long)(end % NSEC_PER_SEC),
	};
	struct desk *desk = courier->desk;
	int r = 0;

	if (!courier->busy)
		return 0;
	pthread_mutex_lock(&desk->lock);
	while (!desk->tried && r == 0)
		r = pthread_cond_timedwait(&desk->changed, &desk->lock, &until);
	pthread_mutex_unlock(&desk->lock);
	collect(courier);
	return courier->busy ? -ETIMEDOUT : 0;
}

struct courier *courier_free(struct courier *courier)
{
	if (!courier)
		return NULL;
	sd_event_source_disable_unref(courier->source);
	if (courier->desk) {
		pthread_mutex_lock(&courier->desk->lock);
		courier->desk->closed = true;
		pthread_cond_broadcast(&courier->desk->changed);
		pthread_mutex_unlock(&courier->desk->lock);
		desk_leave(courier->desk);
	}
	g_free(courier);
	return NULL;
}
