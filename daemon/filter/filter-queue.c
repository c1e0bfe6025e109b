/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters on their way through libpcap: two lines of them, each served by a few processes. */
#include "daemon/filter/filter-queue.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>

/* A line and the processes that serve it. */
struct lane {
	enum filter_patience patience;
	unsigned int running, running_max;
	unsigned int reserved; /* as many more for what is short */
	unsigned int waiting_max;
	GQueue waiting; /* of struct compilation */
};

struct compiler {
	sd_event *event;
	sd_event_source *pump; /* enabled while there is a process for one that waits */
	struct lane quick, slow;
	GHashTable *running; /* set of struct compilation */
};

struct compilation {
	struct compiler *compiler;
	struct lane *lane;
	char *expression;
	compiler_done done;
	void *context;
	struct filter_job *job; /* NULL: it waits */
	sd_event_source *source, *timer;
};

/* There is one that waits, and a process for it. */
static bool lane_may_begin(struct lane *lane)
{
	const struct compilation *first = g_queue_peek_head(&lane->waiting);
	unsigned int allowed = lane->running_max;
	size_t length;

	if (!first)
		return false;
	length = strlen(first->expression);
	if (length <= COMPILER_SHORT)
		allowed += lane->reserved;
	return length == 0 || lane->running < allowed;
}

static void pump_refresh(struct compiler *compiler)
{
	bool wanted = lane_may_begin(&compiler->quick) || lane_may_begin(&compiler->slow);

	sd_event_source_set_enabled(compiler->pump, wanted ? SD_EVENT_ON : SD_EVENT_OFF);
}

/* Out of its lane, whether it waits or runs there. */
static void compilation_leave(struct compilation *compilation)
{
	struct compiler *compiler = compilation->compiler;

	if (g_hash_table_remove(compiler->running, compilation))
		compilation->lane->running--;
	else
		g_queue_remove(&compilation->lane->waiting, compilation);
	compilation->source = sd_event_source_disable_unref(compilation->source);
	compilation->timer = sd_event_source_disable_unref(compilation->timer);
	compilation->job = filter_job_free(compilation->job);
	pump_refresh(compiler);
}

static void compilation_free(struct compilation *compilation)
{
	g_free(compilation->expression);
	g_free(compilation);
}

void compilation_cancel(struct compilation *compilation)
{
	compilation_leave(compilation);
	compilation_free(compilation);
}

static void finish(
	struct compilation *compilation, struct filter *filter, const struct failure *failure)
{
	compiler_done done = compilation->done;
	void *context = compilation->context;

	compilation_leave(compilation);
	compilation_free(compilation);
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

static void refuse(struct compilation *compilation, int error, const char *reason)
{
	auto_failure failure = { 0 };

	failure_set(&failure, failure_kind(error), "%s", reason ? reason : g_strerror(-error));
	finish(compilation, NULL, &failure);
}

/* It takes more patience: to the end of the other line. */
static void defer(struct compilation *compilation)
{
	struct lane *slow = &compilation->compiler->slow;

	if (slow->waiting.length >= slow->waiting_max) {
		auto_failure failure = { 0 };

		failure_set(&failure, FAILURE_BUSY,
			"%u filters that take long to compile are waiting already: try again later, "
			"or make it shorter",
			slow->waiting.length);
		finish(compilation, NULL, &failure);
		return;
	}
	compilation_leave(compilation);
	compilation->lane = slow;
	g_queue_push_tail(&slow->waiting, compilation);
	pump_refresh(compilation->compiler);
}

static int compilation_wait(struct compilation *compilation);

/* There is an answer, or its process may hang. */
static int look(struct compilation *compilation)
{
	g_autofree char *reason = NULL;
	struct filter *filter = NULL;
	int r = filter_job_result(compilation->job, &filter, &reason);

	/* Its descriptor is another one, though perhaps of the same number. */
	if (r == -ERESTART)
		compilation->source = sd_event_source_disable_unref(compilation->source);
	if (r == -EINPROGRESS || r == -ERESTART) {
		r = compilation_wait(compilation);
		if (r < 0)
			refuse(compilation, r, NULL);
	} else if (r == -ETIME) {
		defer(compilation);
	} else if (r < 0) {
		refuse(compilation, r, reason);
	} else {
		finish(compilation, filter, NULL);
	}
	return 0;
}

static int on_answer(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	return look(userdata);
}

static int on_deadline(sd_event_source *source, uint64_t time, void *userdata)
{
	return look(userdata);
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

static void begin(struct compilation *compilation)
{
	struct compiler *compiler = compilation->compiler;
	struct lane *lane = compilation->lane;
	g_autofree char *reason = NULL;
	int r;

	if (!*compilation->expression) {
		finish(compilation, NULL, NULL);
		return;
	}
	r = filter_job_new(compilation->expression, lane->patience, &compilation->job, &reason);
	if (r >= 0)
		r = compilation_wait(compilation);
	if (r < 0) {
		refuse(compilation, r, reason);
		return;
	}
	g_queue_remove(&lane->waiting, compilation);
	g_hash_table_add(compiler->running, compilation);
	lane->running++;
}

static void serve(struct lane *lane)
{
	while (lane_may_begin(lane))
		begin(g_queue_peek_head(&lane->waiting));
}

static int on_pump(sd_event_source *source, void *userdata)
{
	struct compiler *compiler = userdata;

	serve(&compiler->quick);
	serve(&compiler->slow);
	pump_refresh(compiler);
	return 0;
}

int compiler_new(sd_event *event, struct compiler **ret)
{
	struct compiler *compiler = g_new0(struct compiler, 1);
	int r;

	compiler->event = sd_event_ref(event);
	compiler->running = g_hash_table_new(NULL, NULL);
	compiler->quick = (struct lane){
		.patience = FILTER_QUICK,
		.running_max = COMPILER_QUICK_MAX,
		.reserved = COMPILER_SHORT_MAX,
	};
	compiler->slow = (struct lane){
		.patience = FILTER_PATIENT,
		.running_max = COMPILER_SLOW_MAX,
		.waiting_max = COMPILER_SLOW_WAITING_MAX,
	};
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

/* What is short takes little time: it goes before what is longer, behind what is as long. */
static gint compare_lengths(gconstpointer waiting, gconstpointer new, gpointer unused)
{
	const struct compilation *one = waiting, *other = new;

	return strlen(one->expression) <= strlen(other->expression) ? -1 : 1;
}

struct compilation *compiler_submit(
	struct compiler *compiler, const char *expression, compiler_done done, void *context)
{
	struct compilation *compilation = g_new0(struct compilation, 1);

	compilation->compiler = compiler;
	compilation->lane = &compiler->quick;
	compilation->expression = g_strdup(expression);
	compilation->done = done;
	compilation->context = context;
	g_queue_insert_sorted(&compiler->quick.waiting, compilation, compare_lengths, NULL);
	pump_refresh(compiler);
	return compilation;
}

static void lane_clear(struct lane *lane)
{
	while (lane->waiting.length > 0)
		compilation_cancel(g_queue_peek_head(&lane->waiting));
}

struct compiler *compiler_free(struct compiler *compiler)
{
	GHashTableIter iterator;
	gpointer compilation;

	if (!compiler)
		return NULL;
	while (g_hash_table_iter_init(&iterator, compiler->running),
		g_hash_table_iter_next(&iterator, &compilation, NULL))
		compilation_cancel(compilation);
	lane_clear(&compiler->quick);
	lane_clear(&compiler->slow);
	sd_event_source_disable_unref(compiler->pump);
	g_hash_table_unref(compiler->running);
	sd_event_unref(compiler->event);
	g_free(compiler);
	return NULL;
}
