/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The queue of filters that are to be compiled: one lane, with a share for each user. */
#include "daemon/filter/filter-queue.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>

struct compiler {
	sd_event *event;
	sd_event_source *pump; /* enabled while a compilation can begin */
	GQueue waiting, running; /* of struct compilation, the oldest first */
};

struct compilation {
	struct compiler *compiler;
	uid_t owner;
	char *expression;
	bool is_long;
	bool excess; /* one long expression too many of its owner: it is refused */
	compiler_done done;
	void *context;
	struct filter_job *job; /* NULL: it waits */
	sd_event_source *source, *timer;
};

/* How many compilations `owner` has in the queue (NULL: all users), all or only the long ones. */
static unsigned int queue_count(const GQueue *queue, const uid_t *owner, bool only_long)
{
	unsigned int count = 0;

	for (const GList *at = queue->head; at; at = at->next) {
		const struct compilation *compilation = at->data;

		count += (!owner || compilation->owner == *owner) &&
			(!only_long || compilation->is_long);
	}
	return count;
}

static bool compilation_may_begin(const struct compilation *compilation)
{
	const GQueue *running = &compilation->compiler->running;

	if (compilation->excess || !*compilation->expression)
		return true;
	if (running->length >= COMPILER_PROCESSES)
		return false;
	return !compilation->is_long || queue_count(running, NULL, true) < COMPILER_LONG_MAX;
}

/*
 * The next compilation that may begin: the oldest of the user with the fewest processes. NULL:
 * none.
 */
static struct compilation *compiler_next(const struct compiler *compiler)
{
	struct compilation *next = NULL;
	unsigned int fewest = UINT_MAX;

	for (const GList *at = compiler->waiting.head; at; at = at->next) {
		struct compilation *compilation = at->data;
		unsigned int running = queue_count(&compiler->running, &compilation->owner, false);

		if (running >= fewest || !compilation_may_begin(compilation))
			continue;
		fewest = running;
		next = compilation;
	}
	return next;
}

static void pump_refresh(struct compiler *compiler)
{
	sd_event_source_set_enabled(
		compiler->pump, compiler_next(compiler) ? SD_EVENT_ON : SD_EVENT_OFF);
}

void compilation_cancel(struct compilation *compilation)
{
	struct compiler *compiler = compilation->compiler;

	if (!g_queue_remove(&compiler->running, compilation))
		g_queue_remove(&compiler->waiting, compilation);
	sd_event_source_disable_unref(compilation->source);
	sd_event_source_disable_unref(compilation->timer);
	filter_job_free(compilation->job);
	g_free(compilation->expression);
	g_free(compilation);
	pump_refresh(compiler);
}

static void compilation_finish(
	struct compilation *compilation, struct filter *filter, const struct failure *failure)
{
	compiler_done done = compilation->done;
	void *context = compilation->context;

	compilation_cancel(compilation);
	done(context, filter, failure);
}

static enum failure_kind failure_kind(int error)
{
	switch (-error) {
	case EINVAL:
		return FAILURE_INVALID_FILTER;
	case E2BIG:
		return FAILURE_FILTER_TOO_COMPLEX;
	case ENOTSUP:
		return FAILURE_NOT_SUPPORTED;
	default:
		return FAILURE_INTERNAL;
	}
}

static void compilation_refuse(struct compilation *compilation, int error, const char *reason)
{
	auto_failure failure = { 0 };

	failure_set(&failure, failure_kind(error), "%s", reason ? reason : g_strerror(-error));
	compilation_finish(compilation, NULL, &failure);
}

static void compilation_refuse_excess(struct compilation *compilation)
{
	auto_failure failure = { 0 };

	failure_set(&failure, FAILURE_BUSY,
		"limit of %d filters of more than %d bytes of a user that are being compiled at a "
		"time reached: try again later, or make it shorter",
		COMPILER_USER_LONG_MAX, FILTER_SHORT);
	compilation_finish(compilation, NULL, &failure);
}

static int compilation_wait(struct compilation *compilation);

/* Its process has answered, or may hang. */
static int compilation_check(struct compilation *compilation)
{
	g_autofree char *reason = NULL;
	struct filter *filter = NULL;
	int r = filter_job_result(compilation->job, &filter, &reason);

	/* The new process has another descriptor, which may have the same number. */
	if (r == -ERESTART)
		compilation->source = sd_event_source_disable_unref(compilation->source);
	if (r == -EINPROGRESS || r == -ERESTART) {
		r = compilation_wait(compilation);
		if (r < 0)
			compilation_refuse(compilation, r, NULL);
	} else if (r < 0) {
		compilation_refuse(compilation, r, reason);
	} else {
		compilation_finish(compilation, filter, NULL);
	}
	return 0;
}

static int on_answer(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	return compilation_check(userdata);
}

static int on_deadline(sd_event_source *source, uint64_t time, void *userdata)
{
	return compilation_check(userdata);
}

/* Waits for the process that compiles, which may be another one than before. */
static int compilation_wait(struct compilation *compilation)
{
	sd_event *event = compilation->compiler->event;
	uint64_t deadline = (uint64_t)filter_job_deadline(compilation->job);
	int r = 0;

	if (!compilation->source)
		r = sd_event_add_io(event, &compilation->source, filter_job_fd(compilation->job),
			EPOLLIN, on_answer, compilation);
	if (r < 0)
		return r;
	if (!compilation->timer)
		return sd_event_add_time(event, &compilation->timer, CLOCK_MONOTONIC, deadline, 0,
			on_deadline, compilation);
	r = sd_event_source_set_time(compilation->timer, deadline);
	return r < 0 ? r : sd_event_source_set_enabled(compilation->timer, SD_EVENT_ONESHOT);
}

static void compilation_begin(struct compilation *compilation)
{
	struct compiler *compiler = compilation->compiler;
	g_autofree char *reason = NULL;
	int r;

	if (compilation->excess) {
		compilation_refuse_excess(compilation);
		return;
	}
	if (!*compilation->expression) {
		compilation_finish(compilation, NULL, NULL);
		return;
	}
	r = filter_job_new(compilation->expression, &compilation->job, &reason);
	if (r >= 0)
		r = compilation_wait(compilation);
	if (r < 0) {
		compilation_refuse(compilation, r, reason);
		return;
	}
	g_queue_remove(&compiler->waiting, compilation);
	g_queue_push_tail(&compiler->running, compilation);
}

static int on_pump(sd_event_source *source, void *userdata)
{
	struct compiler *compiler = userdata;
	struct compilation *next;

	while ((next = compiler_next(compiler)))
		compilation_begin(next);
	pump_refresh(compiler);
	return 0;
}

int compiler_new(sd_event *event, struct compiler **ret)
{
	struct compiler *compiler = g_new0(struct compiler, 1);
	int r;

	compiler->event = sd_event_ref(event);
	r = sd_event_add_defer(event, &compiler->pump, on_pump, compiler);
	if (r >= 0)
		r = sd_event_source_set_enabled(compiler->pump, SD_EVENT_OFF);
	if (r < 0) {
		compiler_free(compiler);
		return r;
	}
	*ret = compiler;
	return 0;
}

static bool owner_has_room(const struct compiler *compiler, uid_t owner)
{
	return owner == COMPILER_CONFIGURATION ||
		queue_count(&compiler->waiting, &owner, true) +
			queue_count(&compiler->running, &owner, true) <
		COMPILER_USER_LONG_MAX;
}

struct compilation *compiler_submit(struct compiler *compiler, const char *expression, uid_t owner,
	compiler_done done, void *context)
{
	struct compilation *compilation = g_new0(struct compilation, 1);
	bool is_long = strlen(expression) > FILTER_SHORT;

	compilation->compiler = compiler;
	compilation->owner = owner;
	compilation->expression = g_strdup(expression);
	compilation->excess = is_long && !owner_has_room(compiler, owner);
	compilation->is_long = is_long && !compilation->excess;
	compilation->done = done;
	compilation->context = context;
	g_queue_push_tail(&compiler->waiting, compilation);
	pump_refresh(compiler);
	return compilation;
}

static void queue_cancel(const GQueue *queue)
{
	while (queue->length > 0)
		compilation_cancel(queue->head->data);
}

struct compiler *compiler_free(struct compiler *compiler)
{
	if (!compiler)
		return NULL;
	queue_cancel(&compiler->running);
	queue_cancel(&compiler->waiting);
	sd_event_source_disable_unref(compiler->pump);
	sd_event_unref(compiler->event);
	g_free(compiler);
	return NULL;
}
