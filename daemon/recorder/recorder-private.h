/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the recorder thread share. Everything in struct recorder is the thread's, but for what is marked
 * otherwise. */
#ifndef NFTTRACED_DAEMON_RECORDER_RECORDER_PRIVATE_H
#define NFTTRACED_DAEMON_RECORDER_RECORDER_PRIVATE_H

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#include "daemon/pipeline/ring.h"
#include "daemon/recorder/clock-watch.h"
#include "daemon/recorder/recorder.h"

typedef void (*recorder_function)(struct recorder *recorder, void *argument);

struct recorder {
	pthread_t thread;
	bool started;
	int epoll_fd;
	int attention_fd; /* written by the thread, read by control */

	int command_fd; /* eventfd: there is a command, or the thread shall end */
	GMutex lock; /* of the command and of `ending` */
	GCond done;
	recorder_function command;
	void *argument;
	bool ending;

	const struct pipeline *pipeline;
	struct ring **rings;
	unsigned int rings_count;
	uint64_t claimed; /* bits with a writer */
	uint64_t staged; /* of these: with events that are not yet written */
	uint64_t ticked; /* ns, CLOCK_MONOTONIC */
	struct session_recorder slots[EVENT_SESSIONS_MAX];
	struct name_requests *requests;
	struct disk *disk;
	uint64_t sync_looked; /* ns, CLOCK_MONOTONIC */
	_Atomic uint64_t sync_interval; /* ns */
	uint64_t generations; /* given out */
	_Atomic uint64_t generation[EVENT_SESSIONS_MAX]; /* 0: no session */

	/* recorder-clock.c */
	int clock_fd; /* a timer that is cancelled when the clock is set; -1: none */
	struct clock_watch clock_watch;
	struct journal_clock clock; /* the latest move; `since` 0: none yet */
	uint64_t clock_due; /* bits whose journals do not have the record yet */
	uint64_t clock_retry; /* ns, CLOCK_MONOTONIC */
	uint32_t clock_missed[EVENT_SESSIONS_MAX]; /* earlier ones that will have no record */

	_Atomic uint64_t unclaimed;
	_Atomic uint64_t progress;
	_Atomic bool idle;
	uint64_t progress_seen; /* control's */
};

/* On the thread. Has the disk thread sync the journals that have waited long enough, and takes in what came of
 * those that it has synced. */
void recorder_sync(struct recorder *recorder);

/* Has the thread run `command` and waits for it. */
void recorder_call(struct recorder *recorder, recorder_function command, void *argument);

enum recorder_clock_news {
	DATA_CLOCK_PASSING, /* as often as the thread comes by */
	DATA_CLOCK_WOKEN, /* the timer may have been cancelled */
};

/* recorder-clock.c. On the thread, but for the first and the last, before it begins and when it has ended. */
void recorder_clock_begin(struct recorder *recorder);
void recorder_clock_look(struct recorder *recorder, enum recorder_clock_news news);

/* The bit's session has a writer from now on, and is not among the claimed ones yet. */
void recorder_clock_add(struct recorder *recorder, unsigned int bit);
void recorder_clock_end(struct recorder *recorder);

/* On the thread. Something is for control to look at. */
static inline void recorder_want_attention(const struct recorder *recorder)
{
	/* A counter that is full wakes as well. */
	eventfd_write(recorder->attention_fd, 1);
}

/* On the thread. Moves everything that is in the rings now. A record that a program has reserved and not yet
 * submitted holds its ring up for some microseconds. */
void recorder_drain(struct recorder *recorder);

#endif
