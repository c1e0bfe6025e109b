/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of the recorder. Members of struct recorder belong to the recorder thread
 * unless they are atomic or say otherwise. */
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

	int command_fd; /* eventfd: a command is set, or `ending` is */
	GMutex lock; /* guards `command`, `argument` and `ending` */
	GCond done;
	recorder_function command;
	void *argument;
	bool ending;

	const struct pipeline *pipeline;
	struct ring **rings;
	unsigned int rings_count;
	uint64_t claimed; /* bits with a writer */
	uint64_t staged; /* of these: with events that are not written yet */
	uint64_t ticked; /* ns, CLOCK_MONOTONIC: the last tick */
	struct session_recorder slots[EVENT_SESSIONS_MAX];
	struct name_requests *requests;
	struct disk *disk;
	uint64_t sync_checked; /* ns, CLOCK_MONOTONIC: when recorder_sync last ran */
	_Atomic uint64_t sync_interval; /* ns */
	uint64_t generations; /* the last one given out */
	_Atomic uint64_t generation[EVENT_SESSIONS_MAX]; /* 0: no session */

	/* recorder-clock.c */
	int clock_fd; /* a timer that is cancelled when the clock is set; -1: none */
	struct clock_watch clock_watch;
	struct journal_clock clock; /* the latest move; `since` 0: none yet */
	uint64_t clock_due; /* bits whose journals do not have its record yet */
	uint64_t clock_retry; /* ns, CLOCK_MONOTONIC: when these are tried again */
	uint32_t clock_missed[EVENT_SESSIONS_MAX]; /* earlier moves that have no record */

	_Atomic uint64_t unclaimed;
	_Atomic uint64_t progress;
	_Atomic bool idle;
	uint64_t progress_seen; /* control's */
};

/* Starts the syncs that are due, on the disk thread, and takes the results of those that have
 * finished. */
void recorder_sync(struct recorder *recorder);

/* Has the recorder thread run `command` and waits for it. Any other thread. */
void recorder_call(struct recorder *recorder, recorder_function command, void *argument);

enum recorder_clock_reason {
	RECORDER_CLOCK_POLLED, /* in each turn */
	RECORDER_CLOCK_WOKEN, /* the timer may have been cancelled */
};

/* recorder-clock.c. recorder_clock_begin is called before the thread starts, recorder_clock_end
 * after it has ended. */
void recorder_clock_begin(struct recorder *recorder);
void recorder_clock_check(struct recorder *recorder, enum recorder_clock_reason reason);

/* A session was added at `bit`, which is not in `claimed` yet. */
void recorder_clock_add(struct recorder *recorder, unsigned int bit);
void recorder_clock_end(struct recorder *recorder);

/* Wakes the control thread (recorder_attention_fd). */
static inline void recorder_want_attention(const struct recorder *recorder)
{
	/* A full counter wakes it, too. */
	eventfd_write(recorder->attention_fd, 1);
}

/* Journals everything that is in the rings now. A record that a program has reserved and not yet
 * submitted delays its ring for some microseconds. */
void recorder_drain(struct recorder *recorder);

#endif
