/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drop counters, see drops.h: reading them, and attaching them to a pipeline's table. */
#include "daemon/drops/drops-private.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/drops/packet-brief.h"
#include "journal/base/cleanup.h"
#include "journal/base/output.h"

#define DRAIN_BATCH 1024 /* records taken out of the ring at a time */

static void counter_free(void *counter)
{
	struct drop_counter *drop = counter;

	if (!drop)
		return;
	g_free(drop->netns);
	g_free(drop->table);
	g_free(drop->chain);
	g_free(drop->rule);
	g_free(drop->example);
	g_free(drop);
}

static struct drop_counter *counter_new(const struct drop_record *record, struct output *text)
{
	struct drop_counter *counter = g_new0(struct drop_counter, 1);

	counter->id = record->id;
	counter->reported = record->reported;
	counter->netns_cookie = record->key.netns;
	counter->netns_inode = record->netns->inode;
	counter->netns = g_strdup(record->netns->name);
	counter->netns_gone = record->netns->gone;
	counter->family = (uint8_t)record->key.family;
	counter->table = g_strdup(record->table);
	counter->table_handle = record->key.table;
	counter->chain = g_strdup(record->chain);
	counter->chain_handle = record->key.chain;
	counter->handle = record->key.rule;
	counter->policy = !record->key.rule;
	counter->rule = g_strdup(record->rule);
	counter->packets = record->packets;
	counter->bytes = record->bytes;
	counter->first = record->first;
	counter->last = record->last;
	if (record->example_time) {
		text->used = 0;
		packet_brief(text, &record->example);
		counter->example = g_strndup(text->bytes, text->used);
	}
	return counter;
}

/* With the lock held. */
static void read_totals(struct drops *drops, struct drop_totals *totals)
{
	uint64_t bytes = drops->past.uncounted_bytes, missed;

	totals->reported = drops->reported;
	totals->uncounted = drops->past.uncounted;
	totals->missed = drops->past.missed;
	totals->missed_known = !drops->missed_unknown;
	if (drops->pipeline) {
		totals->uncounted += pipeline_count(drops->pipeline, COUNT_DROPS_UNCOUNTED);
		bytes += pipeline_count(drops->pipeline, COUNT_DROP_BYTES_UNCOUNTED);
		if (pipeline_stub_missed(drops->pipeline, &missed) == 0)
			totals->missed += missed;
		else
			totals->missed_known = false;
	}
	totals->packets = drops->past.packets + totals->uncounted;
	totals->bytes = drops->past.bytes + bytes;
}

int drops_read(struct drops *drops, GPtrArray **ret_counters, struct drop_totals *ret)
{
	struct drop_totals totals = { 0 };
	struct drop_record *record;
	auto_output text = { 0 };
	GPtrArray *counters;
	GHashTableIter iter;

	if (!drops)
		return -EOPNOTSUPP;
	counters = g_ptr_array_new_with_free_func(counter_free);
	output_open(&text, OUTPUT_MEMORY);
	g_mutex_lock(&drops->lock);
	drops_scan(drops);
	drops_take_examples(drops);
	drop_netns_check(drops);
	read_totals(drops, &totals);
	g_hash_table_iter_init(&iter, drops->records);
	while (g_hash_table_iter_next(&iter, (gpointer *)&record, NULL)) {
		totals.packets += record->packets;
		totals.bytes += record->bytes;
		g_ptr_array_add(counters, counter_new(record, &text));
	}
	g_mutex_unlock(&drops->lock);
	*ret_counters = counters;
	*ret = totals;
	return 0;
}

int drops_new(uint64_t max, struct drops **ret)
{
	struct drops *drops = g_new0(struct drops, 1);
	struct epoll_event event = { .events = EPOLLIN };

	drops->max = (uint32_t)max;
	drop_records_init(drops);
	g_mutex_init(&drops->table_lock);
	g_mutex_init(&drops->lock);
	drops->fd = epoll_create1(EPOLL_CLOEXEC);
	drops->asked_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (drops->fd < 0 || drops->asked_fd < 0 ||
		epoll_ctl(drops->fd, EPOLL_CTL_ADD, drops->asked_fd, &event) < 0) {
		int r = -errno;

		drops_free(drops);
		return r;
	}
	*ret = drops;
	return 0;
}

/* With both locks held. */
static int table_attach(struct drops *drops, struct pipeline *pipeline)
{
	struct epoll_event event = { .events = EPOLLIN };
	int r;

	pipeline_drops(pipeline, &drops->table);
	r = ring_new(drops->table.news, &drops->new_slots);
	if (r < 0)
		return r;
	if (epoll_ctl(drops->fd, EPOLL_CTL_ADD, ring_fd(drops->new_slots), &event) < 0) {
		r = -errno;
		drops->new_slots = ring_free(drops->new_slots);
		return r;
	}
	drops->by_slot = g_new0(struct drop_record *, drops->table.count);
	drops->pipeline = pipeline;
	drops_save_begin(drops);
	return 0;
}

int drops_attach(struct drops *drops, struct pipeline *pipeline)
{
	int r;

	g_mutex_lock(&drops->table_lock);
	g_mutex_lock(&drops->lock);
	r = table_attach(drops, pipeline);
	g_mutex_unlock(&drops->lock);
	g_mutex_unlock(&drops->table_lock);
	return r;
}

/* With both locks held. */
static void table_detach(struct drops *drops)
{
	struct drop_totals totals;

	drops_fold(drops);
	drops->past.uncounted_bytes += pipeline_count(drops->pipeline, COUNT_DROP_BYTES_UNCOUNTED);
	read_totals(drops, &totals);
	drops->past.uncounted = totals.uncounted;
	drops->past.missed = totals.missed;
	drops->missed_unknown = !totals.missed_known;
	epoll_ctl(drops->fd, EPOLL_CTL_DEL, ring_fd(drops->new_slots), NULL);
	drops->new_slots = ring_free(drops->new_slots);
	g_clear_pointer(&drops->by_slot, g_free);
	drops->pipeline = NULL;
}

void drops_detach(struct drops *drops)
{
	g_mutex_lock(&drops->table_lock);
	g_mutex_lock(&drops->lock);
	if (drops->pipeline)
		table_detach(drops);
	g_mutex_unlock(&drops->lock);
	g_mutex_unlock(&drops->table_lock);
}

int drops_fd(const struct drops *drops)
{
	return drops ? drops->fd : -1;
}

/* The scan of the table finds the new slots. */
static void ignore_record(void *context, uint64_t position, const void *data, uint32_t size)
{
}

void drops_refresh(struct drops *drops)
{
	uint64_t count;

	if (read(drops->asked_fd, &count, sizeof(count)) < 0)
		g_assert(errno == EAGAIN);
	g_mutex_lock(&drops->table_lock);
	if (drops->pipeline) {
		/* Before the scan: a slot that is added later has a record of its own. */
		while (ring_drain(drops->new_slots, DRAIN_BATCH, ignore_record, NULL) > 0)
			ring_release(drops->new_slots);
		drops_make_room(drops);
	}
	g_mutex_unlock(&drops->table_lock);
}

struct drops *drops_free(struct drops *drops)
{
	if (!drops)
		return NULL;
	drops_detach(drops);
	drop_records_clear(drops);
	fd_close(&drops->asked_fd);
	fd_close(&drops->fd);
	g_mutex_clear(&drops->lock);
	g_mutex_clear(&drops->table_lock);
	g_free(drops);
	return NULL;
}
