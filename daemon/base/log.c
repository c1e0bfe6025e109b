/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's log, see log.h. Target and level are set by the control thread; the queue is guarded
 * by the lock.
 */
#include "daemon/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/log-queue.h"
#include "daemon/base/log-sink.h"
#include "journal/base/cleanup.h"
#include "journal/base/escape.h"

#define RETRY_USEC (100 * 1000)
#define FLOW_USEC  (5 * 1000) /* while lines are taken, and at the end */

static bool stderr_is_journal;
static int level = LOG_INFO;
static enum log_target target = LOG_TARGET_AUTO;

static int deliver(int priority, const char *text);

static GMutex lock;
static struct log_queue queue = { .deliver = deliver, .lines = G_QUEUE_INIT }; /* under the lock */
static int waiting_fd = -1; /* an eventfd: readable when the first line waits */
static sd_event_source *waiting, *retry;

void log_open(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	/* The variable is inherited by programs whose standard error has been redirected since. */
	stderr_is_journal = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
		fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
		status.st_ino == inode;
}

void log_set_level(int priority)
{
	level = priority;
}

int log_level(void)
{
	return level;
}

void log_set_target(enum log_target which)
{
	target = which;
}

enum log_target log_target(void)
{
	if (target == LOG_TARGET_AUTO)
		return stderr_is_journal ? LOG_TARGET_JOURNAL : LOG_TARGET_CONSOLE;
	return target;
}

bool log_is_journal(void)
{
	return log_target() == LOG_TARGET_JOURNAL;
}

static int deliver(int priority, const char *text)
{
	return log_is_journal() ? log_to_journal(priority, text) : log_to_console(priority, text);
}

/* Delivers lines that wait. Returns the pause before the next attempt, us; 0: no line waits. */
static uint64_t flush(void)
{
	uint64_t pause = 0;
	size_t bytes;

	g_mutex_lock(&lock);
	bytes = queue.bytes;
	if (!log_queue_flush(&queue))
		pause = queue.bytes < bytes ? FLOW_USEC : RETRY_USEC;
	g_mutex_unlock(&lock);
	return pause;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	uint64_t pause = flush();

	if (pause == 0)
		return 0;
	sd_event_source_set_time_relative(source, pause);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_waiting(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	eventfd_t ignored;

	eventfd_read(fd, &ignored);
	sd_event_source_set_time_relative(retry, RETRY_USEC);
	return sd_event_source_set_enabled(retry, SD_EVENT_ONESHOT);
}

int log_attach(sd_event *event)
{
	int r;

	waiting_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (waiting_fd < 0)
		return -errno;
	r = sd_event_add_time_relative(
		event, &retry, CLOCK_MONOTONIC, 0, FLOW_USEC, on_retry, NULL);
	if (r >= 0)
		r = sd_event_add_io(event, &waiting, waiting_fd, EPOLLIN, on_waiting, NULL);
	return r;
}

void log_finish(uint64_t usec)
{
	int64_t end = g_get_monotonic_time() + (int64_t)usec;

	while (flush() != 0 && g_get_monotonic_time() < end)
		g_usleep(FLOW_USEC);
	waiting = sd_event_source_disable_unref(waiting);
	retry = sd_event_source_disable_unref(retry);
	fd_close(&waiting_fd);
}

uint64_t log_discarded(void)
{
	uint64_t lines;

	g_mutex_lock(&lock);
	lines = queue.discarded;
	g_mutex_unlock(&lock);
	return lines;
}

void log_escaped(int priority, const char *text)
{
	bool waits;

	if (priority > level || target == LOG_TARGET_NULL)
		return;
	g_mutex_lock(&lock);
	waits = !g_queue_is_empty(&queue.lines);
	log_queue_add(&queue, priority, text);
	if (!waits && !g_queue_is_empty(&queue.lines) && waiting_fd >= 0)
		eventfd_write(waiting_fd, 1);
	g_mutex_unlock(&lock);
}

void log_message(int priority, const char *format, ...)
{
	g_autofree char *raw = NULL, *text = NULL;
	va_list arguments;

	if (priority > level || target == LOG_TARGET_NULL)
		return;
	va_start(arguments, format);
	raw = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	text = text_escape_dup(raw);
	log_escaped(priority, text);
}
