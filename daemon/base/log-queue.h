/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of the log that can't be delivered yet, in order and bounded. The function that delivers
 * returns -EAGAIN instead of waiting. Plain data, used by one thread at a time: under the log's
 * lock.
 */
#ifndef NFTTRACED_DAEMON_BASE_LOG_QUEUE_H
#define NFTTRACED_DAEMON_BASE_LOG_QUEUE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define LOG_QUEUE_SIZE \
	(256 << 10) /* bytes of text that wait at most: further lines are discarded */

/* Never waits. -EAGAIN: not now; another negative errno: the line can't be delivered at all. */
typedef int (*log_deliver)(int priority, const char *text);

struct log_queue {
	log_deliver deliver;
	GQueue lines;
	size_t bytes; /* of them */
	uint64_t discarded; /* since the start: there was no room, or they could not be delivered */
	uint64_t overflown; /* discarded for lack of room, and not reported yet */
};

/* Delivers a line, or queues it for log_queue_flush. */
void log_queue_add(struct log_queue *queue, int priority, const char *text);

/* Delivers the lines that wait, then, if lines were discarded, one with their number. True if no
 * line waits any more. */
bool log_queue_flush(struct log_queue *queue);

#endif
