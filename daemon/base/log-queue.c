/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of the log that wait, see log-queue.h. */
#include "daemon/base/log-queue.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <syslog.h>

struct line {
	int priority;
	size_t size;
	char text[];
};

static void push(struct log_queue *queue, int priority, const char *text)
{
	size_t size = strlen(text) + 1;
	struct line *line;

	if (queue->bytes + size > LOG_QUEUE_SIZE) {
		queue->discarded++;
		queue->overflown++;
		return;
	}
	line = g_malloc(sizeof(*line) + size);
	line->priority = priority;
	line->size = size;
	memcpy(line->text, text, size);
	g_queue_push_tail(&queue->lines, line);
	queue->bytes += size;
}

/* False: to be tried again. */
static bool deliver(struct log_queue *queue, int priority, const char *text)
{
	int r = queue->deliver(priority, text);

	if (r < 0 && r != -EAGAIN)
		queue->discarded++;
	return r != -EAGAIN;
}

/* Discarded lines came after those that wait, so they are reported after them. */
static void report_overflow(struct log_queue *queue)
{
	g_autofree char *text = NULL;
	uint64_t lines = queue->overflown;

	if (!lines)
		return;
	queue->overflown = 0;
	text = g_strdup_printf("%" PRIu64 " line%s of this log %s not taken in time and discarded",
		lines, lines == 1 ? "" : "s", lines == 1 ? "was" : "were");
	if (!deliver(queue, LOG_WARNING, text))
		push(queue, LOG_WARNING, text);
}

bool log_queue_flush(struct log_queue *queue)
{
	struct line *line;

	while ((line = g_queue_peek_head(&queue->lines))) {
		if (!deliver(queue, line->priority, line->text))
			return false;
		queue->bytes -= line->size;
		g_free(g_queue_pop_head(&queue->lines));
	}
	report_overflow(queue);
	return g_queue_is_empty(&queue->lines);
}

void log_queue_add(struct log_queue *queue, int priority, const char *text)
{
	if (!log_queue_flush(queue) || !deliver(queue, priority, text))
		push(queue, priority, text);
}
