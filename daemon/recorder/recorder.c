/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorder thread, see recorder.h. A caller sets one command and waits; the thread runs it
 * between two drains.
 */
#include "daemon/recorder/recorder-private.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "journal/base/cleanup.h"
#include "journal/base/clock.h"

#define DRAIN_BATCH      1024 /* records of a ring before the next ring's turn */
#define DRAIN_WAIT_MS    20 /* longest that a record stays in a ring while there are sessions */
#define TICK_NS          NSEC_PER_SEC
#define SYNC_INTERVAL_NS (5 * NSEC_PER_SEC) /* until recorder_set_sync is called */
#define SETTLE_NS        NSEC_PER_SEC /* longest wait for a record that is being written */

struct delivery {
	struct recorder *recorder;
	uint16_t ring;
	bool attention;
};

static void take_record(void *context, uint64_t position, const void *data, uint32_t size)
{
	struct delivery *delivery = context;
	struct recorder *recorder = delivery->recorder;
	const struct event_head *head = data;
	struct recorder_event event = {
		.data = data,
		.size = size,
		.ring = delivery->ring,
		.position = (uint32_t)position,
	};
	uint64_t sessions;

	if (size < sizeof(*head))
		return;
	sessions = head->sessions & recorder->claimed;
	if (head->sessions != sessions)
		atomic_fetch_add_explicit(&recorder->unclaimed, 1, memory_order_relaxed);
	for (uint64_t bits = sessions; bits; bits &= bits - 1) {
		unsigned int bit = (unsigned int)__builtin_ctzll(bits);
		struct session_recorder *slot = &recorder->slots[bit];

		if (session_recorder_has(slot, event.ring, position))
			continue;
		recorder->staged |= 1ULL << bit;
		if (session_recorder_event(slot, &event))
			delivery->attention = true;
		name_requests_segment(
			recorder->requests, bit, journal_writer_segment(slot->writer));
	}
	name_requests_event(recorder->requests, sessions, data, size);
}

/* The positions up to which each ring was read; returns the number of rings. */
static unsigned int read_positions(const struct recorder *recorder, uint64_t ret[RINGS_MAX])
{
	unsigned int rings = MIN(recorder->rings_count, RINGS_MAX);

	for (unsigned int i = 0; i < rings; i++)
		ret[i] = ring_position(recorder->rings[i]);
	return rings;
}

/* Writes the events that were taken, then the checkpoint. True if the control thread has to check a
 * session. */
static bool flush_slots(struct recorder *recorder)
{
	uint64_t next[RINGS_MAX], now = clock_ns(CLOCK_MONOTONIC_COARSE);
	unsigned int rings = read_positions(recorder, next);
	bool attention = false;

	for (; recorder->staged; recorder->staged &= recorder->staged - 1) {
		struct session_recorder *slot = &recorder->slots[__builtin_ctzll(recorder->staged)];

		if (session_recorder_flush(slot))
			attention = true;
		session_recorder_checkpoint(slot, next, rings, now);
	}
	return attention;
}

/* One turn of all rings; returns how many records were moved. Their room is released when they are
 * in the journals. */
static unsigned int drain_once(struct recorder *recorder)
{
	struct delivery delivery = { .recorder = recorder };
	unsigned int moved = 0;

	for (unsigned int i = 0; i < recorder->rings_count; i++) {
		delivery.ring = i;
		moved += ring_drain(recorder->rings[i], DRAIN_BATCH, take_record, &delivery);
	}
	if (recorder->staged && flush_slots(recorder))
		delivery.attention = true;
	for (unsigned int i = 0; i < recorder->rings_count; i++)
		ring_release(recorder->rings[i]);
	if (delivery.attention)
		recorder_want_attention(recorder);
	name_requests_wake(recorder->requests);
	return moved;
}

void recorder_drain(struct recorder *recorder)
{
	uint64_t give_up = clock_ns(CLOCK_MONOTONIC) + SETTLE_NS;

	for (unsigned int i = 0; i < recorder->rings_count; i++) {
		uint64_t target = ring_producer_position(recorder->rings[i]);

		while ((int64_t)(target - ring_consumer_position(recorder->rings[i])) > 0) {
			if (drain_once(recorder) == 0) {
				if (clock_ns(CLOCK_MONOTONIC) > give_up)
					return;
				sched_yield();
			}
		}
	}
}

/* Once a second: writes loss records, which also tries a stalled journal again. */
static void run_tick(struct recorder *recorder)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC), next[RINGS_MAX];
	unsigned int rings = read_positions(recorder, next);
	bool attention = false;

	if (now - recorder->ticked < TICK_NS)
		return;
	for (uint64_t bits = recorder->claimed; bits; bits &= bits - 1) {
		unsigned int bit = __builtin_ctzll(bits);
		struct session_stats stats = { 0 };

		if (recorder->pipeline)
			pipeline_session_stats(recorder->pipeline, bit, &stats);
		if (session_recorder_tick(&recorder->slots[bit], &stats, recorder->ticked, now))
			attention = true;
		session_recorder_checkpoint(&recorder->slots[bit], next, rings, now);
	}
	recorder->ticked = now;
	if (attention)
		recorder_want_attention(recorder);
}

/* Runs the command if there is one. False: the thread is to end. */
static bool run_command(struct recorder *recorder)
{
	uint64_t count;
	bool ending;

	if (read(recorder->command_fd, &count, sizeof(count)) < 0)
		g_assert(errno == EAGAIN);
	g_mutex_lock(&recorder->lock);
	if (recorder->command) {
		recorder->command(recorder, recorder->argument);
		recorder->command = NULL;
		g_cond_broadcast(&recorder->done);
	}
	ending = recorder->ending;
	g_mutex_unlock(&recorder->lock);
	return !ending;
}

static bool clock_is_ready(
	const struct recorder *recorder, const struct epoll_event *events, int ready)
{
	for (int i = 0; i < ready; i++) {
		if (events[i].data.ptr == &recorder->clock_watch)
			return true;
	}
	return false;
}

static void *recorder_main(void *context)
{
	struct recorder *recorder = context;
	struct epoll_event events[8];

	pthread_setname_np(pthread_self(), "nfttraced-data");
	do {
		int ready;

		if (drain_once(recorder) > 0) {
			/* More records may have come meanwhile: do not wait. */
			ready = epoll_wait(recorder->epoll_fd, events, G_N_ELEMENTS(events), 0);
		} else {
			atomic_store(&recorder->idle, true);
			ready = epoll_wait(recorder->epoll_fd, events, G_N_ELEMENTS(events),
				recorder->claimed ? DRAIN_WAIT_MS : -1);
			atomic_store(&recorder->idle, false);
		}
		atomic_fetch_add(&recorder->progress, 1);
		/* Before the next drain, so that its events come after the record of a clock
		 * change. */
		if (recorder->claimed || ready > 0)
			recorder_clock_check(recorder,
				clock_is_ready(recorder, events, ready) ? RECORDER_CLOCK_WOKEN
									: RECORDER_CLOCK_POLLED);
		if (recorder->claimed) {
			run_tick(recorder);
			recorder_sync(recorder);
		}
	} while (run_command(recorder));
	return NULL;
}

void recorder_call(struct recorder *recorder, recorder_function command, void *argument)
{
	g_mutex_lock(&recorder->lock);
	while (recorder->command)
		g_cond_wait(&recorder->done, &recorder->lock);
	recorder->command = command;
	recorder->argument = argument;
	eventfd_write(recorder->command_fd, 1);
	while (recorder->command == command && recorder->argument == argument)
		g_cond_wait(&recorder->done, &recorder->lock);
	g_mutex_unlock(&recorder->lock);
}

int recorder_new(struct recorder **ret)
{
	struct recorder *recorder = g_new0(struct recorder, 1);
	struct epoll_event event = { .events = EPOLLIN };
	int r;

	recorder->clock_fd = -1;
	g_mutex_init(&recorder->lock);
	g_cond_init(&recorder->done);
	atomic_store(&recorder->sync_interval, SYNC_INTERVAL_NS);
	r = name_requests_new(&recorder->requests);
	if (r == 0)
		r = disk_new(&recorder->disk);
	if (r < 0) {
		recorder_free(recorder);
		return r;
	}
	recorder->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	recorder->command_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	recorder->attention_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	recorder_clock_begin(recorder);
	if (recorder->epoll_fd < 0 || recorder->command_fd < 0 || recorder->attention_fd < 0 ||
		epoll_ctl(recorder->epoll_fd, EPOLL_CTL_ADD, recorder->command_fd, &event) < 0)
		r = -errno;
	else
		r = -pthread_create(&recorder->thread, NULL, recorder_main, recorder);
	if (r < 0) {
		recorder_free(recorder);
		return r;
	}
	recorder->started = true;
	*ret = recorder;
	return 0;
}

static void release_rings(struct recorder *recorder)
{
	/* Closing a ring's descriptor does not take it out of the epoll while the map has
	 * others. */
	for (unsigned int i = 0; i < recorder->rings_count; i++) {
		epoll_ctl(recorder->epoll_fd, EPOLL_CTL_DEL, ring_fd(recorder->rings[i]), NULL);
		ring_free(recorder->rings[i]);
	}
	g_clear_pointer(&recorder->rings, g_free);
	recorder->rings_count = 0;
	recorder->pipeline = NULL;
}

struct attachment {
	const struct pipeline *pipeline;
	enum recorder_rings rings;
	int result;
};

static void run_attach(struct recorder *recorder, void *argument)
{
	struct attachment *attachment = argument;
	unsigned int count = pipeline_rings(attachment->pipeline);
	struct epoll_event event = { .events = EPOLLIN };
	int r = 0;

	release_rings(recorder);
	recorder->rings = g_new0(struct ring *, count);
	for (unsigned int i = 0; i < count && r == 0; i++) {
		r = ring_new(pipeline_ring_fd(attachment->pipeline, i), &recorder->rings[i]);
		if (r < 0)
			break;
		recorder->rings_count++;
		if (epoll_ctl(recorder->epoll_fd, EPOLL_CTL_ADD, ring_fd(recorder->rings[i]),
			    &event) < 0)
			r = -errno;
	}
	if (r < 0)
		release_rings(recorder);
	else
		recorder->pipeline = attachment->pipeline;
	for (unsigned int bit = 0;
		attachment->rings == RECORDER_RINGS_NEW && bit < EVENT_SESSIONS_MAX; bit++)
		session_recorder_rings_new(&recorder->slots[bit]);
	attachment->result = r;
}

int recorder_attach(
	struct recorder *recorder, const struct pipeline *pipeline, enum recorder_rings rings)
{
	struct attachment attachment = { .pipeline = pipeline, .rings = rings };

	recorder_call(recorder, run_attach, &attachment);
	return attachment.result;
}

static void run_detach(struct recorder *recorder, void *argument)
{
	recorder_drain(recorder);
	recorder->ticked = 0;
	run_tick(recorder);
	release_rings(recorder);
}

void recorder_detach(struct recorder *recorder)
{
	recorder_call(recorder, run_detach, recorder);
}

struct session_change {
	unsigned int bit;
	struct recorder_session *session;
	struct journal_writer *writer;
};

static void run_add(struct recorder *recorder, void *argument)
{
	const struct session_change *change = argument;
	struct session_recorder *slot = &recorder->slots[change->bit];
	uint64_t next[RINGS_MAX], now = clock_ns(CLOCK_MONOTONIC);
	unsigned int rings = read_positions(recorder, next);

	if (!recorder->claimed)
		recorder->ticked = now;
	session_recorder_begin(slot, change->session);
	recorder_clock_add(recorder, change->bit);
	/* So that the checkpoint has a time even if the daemon is killed before the first event. */
	if (!change->session->before)
		session_recorder_checkpoint(slot, next, rings, now);
	name_requests_begin(recorder->requests, change->bit, ++recorder->generations);
	atomic_store(&recorder->generation[change->bit], recorder->generations);
	recorder->claimed |= 1ULL << change->bit;
}

void recorder_add(struct recorder *recorder, unsigned int bit, struct recorder_session *session)
{
	struct session_change change = { .bit = bit, .session = session };

	recorder_call(recorder, run_add, &change);
}

static void run_remove(struct recorder *recorder, void *argument)
{
	struct session_change *change = argument;
	struct session_stats stats = { 0 };
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	recorder_drain(recorder);
	if (recorder->pipeline)
		pipeline_session_stats(recorder->pipeline, change->bit, &stats);
	session_recorder_tick(&recorder->slots[change->bit], &stats, recorder->ticked, now);
	change->writer = session_recorder_end(&recorder->slots[change->bit]);
	name_requests_end(recorder->requests, change->bit);
	atomic_store(&recorder->generation[change->bit], 0);
	recorder->claimed &= ~(1ULL << change->bit);
}

struct journal_writer *recorder_remove(struct recorder *recorder, unsigned int bit)
{
	struct session_change change = { .bit = bit };

	recorder_call(recorder, run_remove, &change);
	return change.writer;
}

static void run_leave(struct recorder *recorder, void *argument)
{
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		recorder->slots[bit].checkpoint = NULL;
}

void recorder_leave(struct recorder *recorder)
{
	recorder_call(recorder, run_leave, recorder);
}

static void run_settle(struct recorder *recorder, void *argument)
{
	recorder_drain(recorder);
}

void recorder_settle(struct recorder *recorder)
{
	recorder_call(recorder, run_settle, recorder);
}

uint64_t recorder_generation(const struct recorder *recorder, unsigned int bit)
{
	return atomic_load(&recorder->generation[bit]);
}

struct name_requests *recorder_name_requests(struct recorder *recorder)
{
	return recorder->requests;
}

void recorder_counts(const struct recorder *recorder, unsigned int bit, struct recorder_counts *ret)
{
	session_recorder_counts(&recorder->slots[bit], ret);
}

bool recorder_stalled(const struct recorder *recorder, unsigned int bit)
{
	return atomic_load(&recorder->slots[bit].error) != 0;
}

bool recorder_limit_reached(const struct recorder *recorder, unsigned int bit)
{
	return atomic_load(&recorder->slots[bit].full);
}

uint64_t recorder_unclaimed(const struct recorder *recorder)
{
	return atomic_load(&recorder->unclaimed);
}

int recorder_attention_fd(const struct recorder *recorder)
{
	return recorder->attention_fd;
}

bool recorder_alive(struct recorder *recorder)
{
	uint64_t progress = atomic_load(&recorder->progress);
	bool alive = progress != recorder->progress_seen || atomic_load(&recorder->idle);

	recorder->progress_seen = progress;
	return alive;
}

bool recorder_end(struct recorder *recorder, uint64_t patience)
{
	if (recorder->started) {
		g_mutex_lock(&recorder->lock);
		recorder->ending = true;
		g_mutex_unlock(&recorder->lock);
		eventfd_write(recorder->command_fd, 1);
		pthread_join(recorder->thread, NULL);
		recorder->started = false;
	}
	release_rings(recorder);
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		recorder->slots[bit].writer = journal_writer_free(recorder->slots[bit].writer);
	return disk_end(recorder->disk, patience);
}

struct recorder *recorder_free(struct recorder *recorder)
{
	if (!recorder)
		return NULL;
	while (!recorder_end(recorder, G_USEC_PER_SEC))
		continue;
	disk_free(recorder->disk);
	name_requests_free(recorder->requests);
	fd_close(&recorder->attention_fd);
	fd_close(&recorder->command_fd);
	recorder_clock_end(recorder);
	fd_close(&recorder->epoll_fd);
	g_cond_clear(&recorder->done);
	g_mutex_clear(&recorder->lock);
	g_free(recorder);
	return NULL;
}
