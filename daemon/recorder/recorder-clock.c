/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data thread's: moves of the wall clock become records of every session's journal, before the events
 * that are drained after them. A timer that the kernel cancels when the clock is set, or when the machine
 * resumes, wakes the thread.
 */
#include "daemon/recorder/recorder-private.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "journal/base/cleanup.h"
#include "journal/base/clock.h"

#define FAR_AWAY ((time_t)0x7fffffff) /* no clock shows that before the timer is set anew */
#define RETRY_NS NSEC_PER_SEC
/* A session's first segment may have been begun before the clock was moved, and the session added after. */
#define RECENT_NS (30 * NSEC_PER_SEC)

static void timer_arm(struct data *data)
{
	const struct itimerspec never = { .it_value = { .tv_sec = FAR_AWAY } };

	timerfd_settime(data->clock_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

static void read_clocks(struct clock_reading *ret)
{
	*ret = (struct clock_reading){ .boottime = clock_ns(CLOCK_BOOTTIME) };
	clock_pair(&ret->realtime, &ret->monotonic);
}

void data_clock_begin(struct data *data)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &data->clock_watch };
	struct clock_reading reading;

	data->clock_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	/* Without it a move is noticed within DRAIN_WAIT_MS while there are sessions. */
	if (data->clock_fd >= 0) {
		timer_arm(data);
		epoll_ctl(data->epoll_fd, EPOLL_CTL_ADD, data->clock_fd, &event);
	}
	read_clocks(&reading);
	clock_watch_begin(&data->clock_watch, &reading);
}

void data_clock_end(struct data *data)
{
	fd_close(&data->clock_fd);
}

/* Whether the kernel has cancelled the timer; without a timer every jump counts. */
static bool clock_was_set(struct data *data)
{
	uint64_t expirations;

	if (data->clock_fd < 0)
		return true;
	if (read(data->clock_fd, &expirations, sizeof(expirations)) >= 0 || errno != ECANCELED)
		return false;
	timer_arm(data);
	return true;
}

static void tell(struct data *data, unsigned int bit)
{
	struct journal_clock clock = data->clock;

	clock.missed = data->clock_missed[bit];
	if (journal_writer_append_clock(data->slots[bit].writer, &clock) < 0)
		return;
	data->clock_missed[bit] = 0;
	data->clock_due &= ~(1ULL << bit);
}

static void tell_all(struct data *data, uint64_t now)
{
	data->clock_retry = now + RETRY_NS;
	data->clock_due &= data->claimed;
	for (uint64_t bits = data->clock_due; bits; bits &= bits - 1)
		tell(data, (unsigned int)__builtin_ctzll(bits));
}

static void moved(struct data *data, const struct journal_clock *clock)
{
	for (uint64_t bits = data->clock_due & data->claimed; bits; bits &= bits - 1)
		data->clock_missed[__builtin_ctzll(bits)]++;
	data->clock = *clock;
	data->clock_due = data->claimed;
	tell_all(data, clock->since);
}

void data_clock_look(struct data *data, enum data_clock_news news)
{
	struct clock_reading reading;
	struct journal_clock clock;

	read_clocks(&reading);
	if (news == DATA_CLOCK_WOKEN || clock_watch_jumped(&data->clock_watch, &reading)) {
		reading.set = clock_was_set(data);
		/* It may have been set between the two. */
		if (reading.set) {
			read_clocks(&reading);
			reading.set = true;
		}
	}
	if (clock_watch_take(&data->clock_watch, &reading, &clock))
		moved(data, &clock);
	else if (data->clock_due && reading.monotonic >= data->clock_retry)
		tell_all(data, reading.monotonic);
}

void data_clock_add(struct data *data, unsigned int bit)
{
	struct clock_reading reading;

	data_clock_look(data, DATA_CLOCK_WOKEN);
	data->clock_missed[bit] = 0;
	read_clocks(&reading);
	/* Nobody has looked while there was no session: its segment has the clocks as they are. */
	if (!data->claimed)
		clock_watch_begin(&data->clock_watch, &reading);
	if (data->clock.since == 0 || reading.monotonic - data->clock.since > RECENT_NS)
		return;
	data->clock_due |= 1ULL << bit;
	tell(data, bit);
}
