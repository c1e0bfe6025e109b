/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moves of the wall clock become records of every session's journal, before the events that are
 * drained after them. A timer that the kernel cancels when the clock is set, or when the machine
 * resumes, wakes the recorder thread.
 */
#include "daemon/recorder/recorder-private.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "journal/base/cleanup.h"
#include "journal/base/clock.h"

#define FAR_AWAY ((time_t)0x7fffffff) /* the timer never expires */
#define RETRY_NS NSEC_PER_SEC
/* A session may be added after a move of the clock although its first segment was begun before. */
#define RECENT_NS (30 * NSEC_PER_SEC)

static void timer_arm(struct recorder *recorder)
{
	const struct itimerspec never = { .it_value = { .tv_sec = FAR_AWAY } };

	timerfd_settime(
		recorder->clock_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

static void read_clocks(struct clock_reading *ret)
{
	*ret = (struct clock_reading){ .boottime = clock_ns(CLOCK_BOOTTIME) };
	clock_pair(&ret->realtime, &ret->monotonic);
}

void recorder_clock_begin(struct recorder *recorder)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &recorder->clock_watch };
	struct clock_reading reading;

	recorder->clock_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	/* Without the timer a move is noticed within DRAIN_WAIT_MS while sessions run. */
	if (recorder->clock_fd >= 0) {
		timer_arm(recorder);
		epoll_ctl(recorder->epoll_fd, EPOLL_CTL_ADD, recorder->clock_fd, &event);
	}
	read_clocks(&reading);
	clock_watch_begin(&recorder->clock_watch, &reading);
}

void recorder_clock_end(struct recorder *recorder)
{
	fd_close(&recorder->clock_fd);
}

/* True if the kernel has cancelled the timer. Without a timer every jump counts as setting the
 * clock. */
static bool clock_was_set(struct recorder *recorder)
{
	uint64_t expirations;

	if (recorder->clock_fd < 0)
		return true;
	if (read(recorder->clock_fd, &expirations, sizeof(expirations)) >= 0 || errno != ECANCELED)
		return false;
	timer_arm(recorder);
	return true;
}

static void append_record(struct recorder *recorder, unsigned int bit)
{
	struct journal_clock clock = recorder->clock;

	clock.missed = recorder->clock_missed[bit];
	if (journal_writer_append_clock(recorder->slots[bit].writer, &clock) < 0)
		return;
	recorder->clock_missed[bit] = 0;
	recorder->clock_due &= ~(1ULL << bit);
}

static void append_records(struct recorder *recorder, uint64_t now)
{
	recorder->clock_retry = now + RETRY_NS;
	recorder->clock_due &= recorder->claimed;
	for (uint64_t bits = recorder->clock_due; bits; bits &= bits - 1)
		append_record(recorder, (unsigned int)__builtin_ctzll(bits));
}

static void record_move(struct recorder *recorder, const struct journal_clock *clock)
{
	for (uint64_t bits = recorder->clock_due & recorder->claimed; bits; bits &= bits - 1)
		recorder->clock_missed[__builtin_ctzll(bits)]++;
	recorder->clock = *clock;
	recorder->clock_due = recorder->claimed;
	append_records(recorder, clock->since);
}

void recorder_clock_check(struct recorder *recorder, enum recorder_clock_reason reason)
{
	struct clock_reading reading;
	struct journal_clock clock;

	read_clocks(&reading);
	if (reason == RECORDER_CLOCK_WOKEN ||
		clock_watch_jumped(&recorder->clock_watch, &reading)) {
		reading.set = clock_was_set(recorder);
		/* The clock may have been set after the first reading. */
		if (reading.set) {
			read_clocks(&reading);
			reading.set = true;
		}
	}
	if (clock_watch_take(&recorder->clock_watch, &reading, &clock))
		record_move(recorder, &clock);
	else if (recorder->clock_due && reading.monotonic >= recorder->clock_retry)
		append_records(recorder, reading.monotonic);
}

void recorder_clock_add(struct recorder *recorder, unsigned int bit)
{
	struct clock_reading reading;

	recorder_clock_check(recorder, RECORDER_CLOCK_WOKEN);
	recorder->clock_missed[bit] = 0;
	read_clocks(&reading);
	/* The clock was not watched without sessions; the new segment has the current offsets. */
	if (!recorder->claimed)
		clock_watch_begin(&recorder->clock_watch, &reading);
	if (recorder->clock.since == 0 || reading.monotonic - recorder->clock.since > RECENT_NS)
		return;
	recorder->clock_due |= 1ULL << bit;
	append_record(recorder, bit);
}
