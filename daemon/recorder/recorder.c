/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data thread. A caller leaves one command and waits; the thread runs commands between drains.
 * Everything in struct data belongs to the thread, but for what is marked otherwise.
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
#define SYNC_INTERVAL_NS (5 * NSEC_PER_SEC) /* until data_set_sync says another */
#define SETTLE_NS        NSEC_PER_SEC /* longest wait for a record that is being written */

struct delivery {
	struct data *data;
	uint16_t ring;
	bool attention;
};

static void deliver(void *context, uint64_t position, const void *event, uint32_t size)
{
	struct delivery *delivery = context;
	struct data *data = delivery->data;
	const struct event_head *head = event;
	struct arrival arrival = {
		.event = event,
		.size = size,
		.ring = delivery->ring,
		.position = (uint32_t)position,
	};
	uint64_t sessions;

	if (size < sizeof(*head))
		return;
	sessions = head->sessions & data->claimed;
	if (head->sessions != sessions)
		atomic_fetch_add_explicit(&data->unclaimed, 1, memory_order_relaxed);
	for (uint64_t bits = sessions; bits; bits &= bits - 1) {
		unsigned int bit = (unsigned int)__builtin_ctzll(bits);
		struct data_slot *slot = &data->slots[bit];

		if (data_slot_knows(slot, arrival.ring, position))
			continue;
		data->staged |= 1ULL << bit;
		if (data_slot_event(slot, &arrival))
			delivery->attention = true;
		name_requests_segment(data->requests, bit, journal_writer_segment(slot->writer));
	}
	name_requests_event(data->requests, sessions, event, size);
}

/* How far the rings were handed over; returns how many there are. */
static unsigned int ring_positions(const struct data *data, uint64_t ret[RINGS_MAX])
{
	unsigned int rings = MIN(data->rings_count, RINGS_MAX);

	for (unsigned int i = 0; i < rings; i++)
		ret[i] = ring_position(data->rings[i]);
	return rings;
}

/* Writes what was taken, and keeps in the checkpoint that it was. True if it wants attention. */
static bool slots_flush(struct data *data)
{
	uint64_t next[RINGS_MAX], now = clock_ns(CLOCK_MONOTONIC_COARSE);
	unsigned int rings = ring_positions(data, next);
	bool attention = false;

	for (; data->staged; data->staged &= data->staged - 1) {
		struct data_slot *slot = &data->slots[__builtin_ctzll(data->staged)];

		if (data_slot_flush(slot))
			attention = true;
		data_slot_keep(slot, next, rings, now);
	}
	return attention;
}

/* One turn of all rings: how many records were moved. The kernel gets their room back when they are
 * in the journals. */
static unsigned int drain(struct data *data)
{
	struct delivery delivery = { .data = data };
	unsigned int moved = 0;

	for (unsigned int i = 0; i < data->rings_count; i++) {
		delivery.ring = i;
		moved += ring_drain(data->rings[i], DRAIN_BATCH, deliver, &delivery);
	}
	if (data->staged && slots_flush(data))
		delivery.attention = true;
	for (unsigned int i = 0; i < data->rings_count; i++)
		ring_release(data->rings[i]);
	if (delivery.attention)
		data_want_attention(data);
	name_requests_wake(data->requests);
	return moved;
}

void data_drain(struct data *data)
{
	uint64_t give_up = clock_ns(CLOCK_MONOTONIC) + SETTLE_NS;

	for (unsigned int i = 0; i < data->rings_count; i++) {
		uint64_t target = ring_producer_position(data->rings[i]);

		while ((int64_t)(target - ring_consumer_position(data->rings[i])) > 0) {
			if (drain(data) == 0) {
				if (clock_ns(CLOCK_MONOTONIC) > give_up)
					return;
				sched_yield();
			}
		}
	}
}

/* Once a second: losses get their records, and a journal that was full is tried again. */
static void tick(struct data *data)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC), next[RINGS_MAX];
	unsigned int rings = ring_positions(data, next);
	bool attention = false;

	if (now - data->ticked < TICK_NS)
		return;
	for (uint64_t bits = data->claimed; bits; bits &= bits - 1) {
		unsigned int bit = __builtin_ctzll(bits);
		struct session_stats stats = { 0 };

		if (data->pipeline)
			pipeline_session_stats(data->pipeline, bit, &stats);
		if (data_slot_tick(&data->slots[bit], &stats, data->ticked, now))
			attention = true;
		data_slot_keep(&data->slots[bit], next, rings, now);
	}
	data->ticked = now;
	if (attention)
		data_want_attention(data);
}

/* Runs the command if there is one; false when the thread shall end. */
static bool obey(struct data *data)
{
	uint64_t count;
	bool ending;

	if (read(data->command_fd, &count, sizeof(count)) < 0)
		g_assert(errno == EAGAIN);
	g_mutex_lock(&data->lock);
	if (data->command) {
		data->command(data, data->argument);
		data->command = NULL;
		g_cond_broadcast(&data->done);
	}
	ending = data->ending;
	g_mutex_unlock(&data->lock);
	return !ending;
}

static bool clock_is_ready(const struct data *data, const struct epoll_event *events, int ready)
{
	for (int i = 0; i < ready; i++) {
		if (events[i].data.ptr == &data->clock_watch)
			return true;
	}
	return false;
}

static void *data_main(void *context)
{
	struct data *data = context;
	struct epoll_event events[8];

	pthread_setname_np(pthread_self(), "nfttraced-data");
	do {
		int ready;

		if (drain(data) > 0) {
			/* More may have come meanwhile: look without waiting. */
			ready = epoll_wait(data->epoll_fd, events, G_N_ELEMENTS(events), 0);
		} else {
			atomic_store(&data->idle, true);
			ready = epoll_wait(data->epoll_fd, events, G_N_ELEMENTS(events),
				data->claimed ? DRAIN_WAIT_MS : -1);
			atomic_store(&data->idle, false);
		}
		atomic_fetch_add(&data->progress, 1);
		/* What is drained next happened when the clock showed what it shows now. */
		if (data->claimed || ready > 0)
			data_clock_look(data,
				clock_is_ready(data, events, ready) ? DATA_CLOCK_WOKEN
								    : DATA_CLOCK_PASSING);
		if (data->claimed) {
			tick(data);
			data_sync(data);
		}
	} while (obey(data));
	return NULL;
}

void data_call(struct data *data, data_function command, void *argument)
{
	g_mutex_lock(&data->lock);
	while (data->command)
		g_cond_wait(&data->done, &data->lock);
	data->command = command;
	data->argument = argument;
	eventfd_write(data->command_fd, 1);
	while (data->command == command && data->argument == argument)
		g_cond_wait(&data->done, &data->lock);
	g_mutex_unlock(&data->lock);
}

int data_new(struct data **ret)
{
	struct data *data = g_new0(struct data, 1);
	struct epoll_event event = { .events = EPOLLIN };
	int r;

	data->clock_fd = -1;
	g_mutex_init(&data->lock);
	g_cond_init(&data->done);
	atomic_store(&data->sync_interval, SYNC_INTERVAL_NS);
	r = name_requests_new(&data->requests);
	if (r == 0)
		r = disk_new(&data->disk);
	if (r < 0) {
		data_free(data);
		return r;
	}
	data->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	data->command_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	data->attention_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	data_clock_begin(data);
	if (data->epoll_fd < 0 || data->command_fd < 0 || data->attention_fd < 0 ||
		epoll_ctl(data->epoll_fd, EPOLL_CTL_ADD, data->command_fd, &event) < 0)
		r = -errno;
	else
		r = -pthread_create(&data->thread, NULL, data_main, data);
	if (r < 0) {
		data_free(data);
		return r;
	}
	data->started = true;
	*ret = data;
	return 0;
}

static void drop_rings(struct data *data)
{
	/* Closing a ring's descriptor does not take it out of the epoll while the map has others. */
	for (unsigned int i = 0; i < data->rings_count; i++) {
		epoll_ctl(data->epoll_fd, EPOLL_CTL_DEL, ring_fd(data->rings[i]), NULL);
		ring_free(data->rings[i]);
	}
	g_clear_pointer(&data->rings, g_free);
	data->rings_count = 0;
	data->pipeline = NULL;
}

struct attachment {
	const struct pipeline *pipeline;
	enum data_rings rings;
	int result;
};

static void run_attach(struct data *data, void *argument)
{
	struct attachment *attachment = argument;
	unsigned int count = pipeline_rings(attachment->pipeline);
	struct epoll_event event = { .events = EPOLLIN };
	int r = 0;

	drop_rings(data);
	data->rings = g_new0(struct ring *, count);
	for (unsigned int i = 0; i < count && r == 0; i++) {
		r = ring_new(pipeline_ring_fd(attachment->pipeline, i), &data->rings[i]);
		if (r < 0)
			break;
		data->rings_count++;
		if (epoll_ctl(data->epoll_fd, EPOLL_CTL_ADD, ring_fd(data->rings[i]), &event) < 0)
			r = -errno;
	}
	if (r < 0)
		drop_rings(data);
	else
		data->pipeline = attachment->pipeline;
	for (unsigned int bit = 0; attachment->rings == DATA_RINGS_NEW && bit < EVENT_SESSIONS_MAX;
		bit++)
		data_slot_rings_new(&data->slots[bit]);
	attachment->result = r;
}

int data_attach(struct data *data, const struct pipeline *pipeline, enum data_rings rings)
{
	struct attachment attachment = { .pipeline = pipeline, .rings = rings };

	data_call(data, run_attach, &attachment);
	return attachment.result;
}

static void run_detach(struct data *data, void *argument)
{
	data_drain(data);
	data->ticked = 0;
	tick(data);
	drop_rings(data);
}

void data_detach(struct data *data)
{
	data_call(data, run_detach, data);
}

struct generation {
	unsigned int bit;
	struct data_tenant *tenant;
	struct journal_writer *writer;
};

static void run_add(struct data *data, void *argument)
{
	const struct generation *generation = argument;
	struct data_slot *slot = &data->slots[generation->bit];
	uint64_t next[RINGS_MAX], now = clock_ns(CLOCK_MONOTONIC);
	unsigned int rings = ring_positions(data, next);

	if (!data->claimed)
		data->ticked = now;
	data_slot_begin(slot, generation->tenant);
	data_clock_add(data, generation->bit);
	/* So that it is known since when, should nothing follow. */
	if (!generation->tenant->before)
		data_slot_keep(slot, next, rings, now);
	name_requests_begin(data->requests, generation->bit, ++data->generations);
	atomic_store(&data->generation[generation->bit], data->generations);
	data->claimed |= 1ULL << generation->bit;
}

void data_add(struct data *data, unsigned int bit, struct data_tenant *tenant)
{
	struct generation generation = { .bit = bit, .tenant = tenant };

	data_call(data, run_add, &generation);
}

static void run_remove(struct data *data, void *argument)
{
	struct generation *generation = argument;
	struct session_stats stats = { 0 };
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	data_drain(data);
	if (data->pipeline)
		pipeline_session_stats(data->pipeline, generation->bit, &stats);
	data_slot_tick(&data->slots[generation->bit], &stats, data->ticked, now);
	generation->writer = data_slot_end(&data->slots[generation->bit]);
	name_requests_end(data->requests, generation->bit);
	atomic_store(&data->generation[generation->bit], 0);
	data->claimed &= ~(1ULL << generation->bit);
}

struct journal_writer *data_remove(struct data *data, unsigned int bit)
{
	struct generation generation = { .bit = bit };

	data_call(data, run_remove, &generation);
	return generation.writer;
}

static void run_leave(struct data *data, void *argument)
{
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		data->slots[bit].checkpoint = NULL;
}

void data_leave(struct data *data)
{
	data_call(data, run_leave, data);
}

static void run_settle(struct data *data, void *argument)
{
	data_drain(data);
}

void data_settle(struct data *data)
{
	data_call(data, run_settle, data);
}

uint64_t data_generation(const struct data *data, unsigned int bit)
{
	return atomic_load(&data->generation[bit]);
}

struct name_requests *data_name_requests(struct data *data)
{
	return data->requests;
}

void data_counts(const struct data *data, unsigned int bit, struct data_counts *ret)
{
	data_slot_counts(&data->slots[bit], ret);
}

bool data_stalled(const struct data *data, unsigned int bit)
{
	return atomic_load(&data->slots[bit].stalled);
}

bool data_limit_reached(const struct data *data, unsigned int bit)
{
	return atomic_load(&data->slots[bit].full);
}

uint64_t data_unclaimed(const struct data *data)
{
	return atomic_load(&data->unclaimed);
}

int data_attention_fd(const struct data *data)
{
	return data->attention_fd;
}

bool data_alive(struct data *data)
{
	uint64_t progress = atomic_load(&data->progress);
	bool alive = progress != data->progress_seen || atomic_load(&data->idle);

	data->progress_seen = progress;
	return alive;
}

bool data_end(struct data *data, uint64_t patience)
{
	if (data->started) {
		g_mutex_lock(&data->lock);
		data->ending = true;
		g_mutex_unlock(&data->lock);
		eventfd_write(data->command_fd, 1);
		pthread_join(data->thread, NULL);
		data->started = false;
	}
	drop_rings(data);
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		data->slots[bit].writer = journal_writer_free(data->slots[bit].writer);
	return disk_end(data->disk, patience);
}

struct data *data_free(struct data *data)
{
	if (!data)
		return NULL;
	while (!data_end(data, G_USEC_PER_SEC))
		continue;
	disk_free(data->disk);
	name_requests_free(data->requests);
	fd_close(&data->attention_fd);
	fd_close(&data->command_fd);
	data_clock_end(data);
	fd_close(&data->epoll_fd);
	g_cond_clear(&data->done);
	g_mutex_clear(&data->lock);
	g_free(data);
	return NULL;
}
