/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of the log that can't be delivered yet, in order and bounded. Whoever delivers says so
 * instead of waiting. Plain data, of one thread at a time: the log's, under its lock.
 */
#ifndef NFTTRACED_DAEMON_BASE_LOG_QUEUE_H
#define NFTTRACED_DAEMON_BASE_LOG_QUEUE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define LOG_QUEUE_SIZE \
	(256 << 10) /* bytes of text that wait at most: what comes then is discarded */

/* Never waits. 0; -EAGAIN: not now; any other negative errno: the line can't be delivered at
 * all. */
typedef int (*log_deliver)(int priority, const char *text);

struct log_queue {
	log_deliver deliver;
	GQueue lines;
	size_t bytes; /* of them */
	uint64_t discarded; /* ever: there was no room, or they could not be delivered */
	uint64_t overflown; /* discarded for want of room, which has not been told yet */
};

/* Delivers a line, or keeps it until log_queue_flush. */
void log_queue_add(struct log_queue *queue, int priority, const char *text);

/* Delivers what waits, then, if some had to be discarded, a line that says how many. True if
 * nothing waits any more. */
bool log_queue_flush(struct log_queue *queue);

#endif
