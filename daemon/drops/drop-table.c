/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel side's table of drop counters, which is mapped: reads it while the kernel side counts,
 * frees slots when it is nearly full, and saves in it what the next daemon must know. With the lock
 * held; see drops-private.h.
 */
#include "daemon/drops/drops-private.h"

#include <string.h>
#include <time.h>

#include "journal/base/clock.h"

#define EXAMPLE_TRIES 8 /* a CPU may be writing it */

/* Room is made when this much of the table, in eighths, is used, until at most ROOM_LEFT is. */
#define ROOM_FULL 7
#define ROOM_LEFT 6

static uint64_t number_read(const __u64 *number)
{
	return __atomic_load_n(number, __ATOMIC_RELAXED);
}

/* Turns a recent time, ns of CLOCK_MONOTONIC, into us of CLOCK_REALTIME. */
static uint64_t to_realtime(uint64_t monotonic)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC), age = now > monotonic ? now - monotonic : 0;

	return (clock_ns(CLOCK_REALTIME) - age) / 1000;
}

/* Saves the counts that are in no slot, for the next daemon. */
static void save_past(struct drops *drops)
{
	struct drop_past past = drops->past;
	struct drop_record *record;
	GHashTableIter iter;

	if (!drops->pipeline)
		return;
	g_hash_table_iter_init(&iter, drops->records);
	while (g_hash_table_iter_next(&iter, (gpointer *)&record, NULL)) {
		past.packets += record->past_packets;
		past.bytes += record->past_bytes;
	}
	drops->table.control->past = past;
}

static void record_add(struct drop_record *record, const struct drop_slot *slot)
{
	uint64_t last = number_read(&slot->last);

	record->packets += number_read(&slot->packets);
	record->bytes += number_read(&slot->bytes);
	if (last > record->last_monotonic) {
		record->last_monotonic = last;
		record->last = MAX(to_realtime(last), record->first);
	}
}

static void slot_add_counts(struct drop_slot *slot, uint64_t packets, uint64_t bytes)
{
	/* Atomic: the kernel side counts in the slot, too. */
	__atomic_fetch_add(&slot->packets, packets, __ATOMIC_RELAXED);
	__atomic_fetch_add(&slot->bytes, bytes, __ATOMIC_RELAXED);
}

static void slot_add_past(struct drops *drops, struct drop_slot *slot, struct drop_record *record)
{
	slot_add_counts(slot, record->past_packets, record->past_bytes);
	record->past_packets = record->past_bytes = 0;
	save_past(drops);
}

/* Adds a slot to the counter. The first slot takes over the counts of earlier ones. */
static void record_add_slot(struct drops *drops, uint32_t index, struct drop_record *record)
{
	struct drop_slot *slot = &drops->table.slots[index];

	drop_record_slot_added(drops, record);
	record->reported.first += slot->reported.first;
	record->reported.second += slot->reported.second;
	record->reported.until = MAX(record->reported.until, slot->reported.until);
	if (record->home == DROP_NONE) {
		record->home = index;
		if (record->past_packets)
			slot_add_past(drops, slot, record);
	}
	drops->table.slots[record->home].reported = record->reported;
	if (record->home != index)
		slot->reported = (struct drop_mark){ 0 };
}

/* The counter of a slot; NULL: the slot is free, or has no names yet. */
static struct drop_record *slot_find_record(struct drops *drops, uint32_t index)
{
	const struct drop_slot *slot = &drops->table.slots[index];
	uint32_t state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
	struct drop_record *record = drops->by_slot[index];

	if (state != DROP_COUNTING && state != DROP_LEAVING)
		return NULL;
	if (record || !__atomic_load_n(&slot->named, __ATOMIC_ACQUIRE))
		return record;
	record = drop_record_get(drops, slot, &drops->table.words[index]);
	record_add_slot(drops, index, record);
	if (!record->first)
		record->first = to_realtime(number_read(&slot->first));
	return drops->by_slot[index] = record;
}

void drops_scan(struct drops *drops)
{
	struct drop_record *record;
	GHashTableIter iter;

	for (uint32_t i = 0; drops->pipeline && i < drops->table.count; i++)
		slot_find_record(drops, i);
	g_hash_table_iter_init(&iter, drops->records);
	while (g_hash_table_iter_next(&iter, (gpointer *)&record, NULL)) {
		record->packets = record->past_packets;
		record->bytes = record->past_bytes;
	}
	for (uint32_t i = 0; drops->pipeline && i < drops->table.count; i++) {
		if (drops->by_slot[i])
			record_add(drops->by_slot[i], &drops->table.slots[i]);
	}
}

/* The sequence is odd while a CPU writes. */
static bool example_copy(const struct drop_slot *slot, const struct drop_words *from,
	struct drop_words *ret, uint64_t *ret_time)
{
	for (int try = 0; try < EXAMPLE_TRIES; try++) {
		uint32_t sequence = __atomic_load_n(&slot->example_sequence, __ATOMIC_ACQUIRE);
		struct drop_words words = *from;
		uint64_t time = number_read(&slot->example);

		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (sequence % 2 ||
			__atomic_load_n(&slot->example_sequence, __ATOMIC_RELAXED) != sequence)
			continue;
		*ret = words;
		*ret_time = time;
		return true;
	}
	return false;
}

void drops_take_examples(struct drops *drops)
{
	for (uint32_t i = 0; drops->pipeline && i < drops->table.count; i++) {
		struct drop_record *record = drops->by_slot[i];
		struct drop_words words;
		uint64_t time;

		if (!record || number_read(&drops->table.slots[i].example) <= record->example_time)
			continue;
		if (example_copy(&drops->table.slots[i], &drops->table.words[i], &words, &time)) {
			record->example = words.example;
			record->example_time = time;
			drop_record_rename(drops, record, &words);
		}
	}
}

static void slot_fold(struct drops *drops, uint32_t index)
{
	struct drop_record *record = drops->by_slot[index];
	const struct drop_slot *slot = &drops->table.slots[index];

	record->past_packets += number_read(&slot->packets);
	record->past_bytes += number_read(&slot->bytes);
	drop_record_slot_removed(drops, record);
	record->home = DROP_NONE;
	drops->by_slot[index] = NULL;
}

/* Another slot of the counter; DROP_NONE: there is none. */
static uint32_t slot_find_other(const struct drops *drops, uint32_t index)
{
	for (uint32_t i = 0; i < drops->table.count; i++) {
		if (i != index && drops->by_slot[i] == drops->by_slot[index])
			return i;
	}
	return DROP_NONE;
}

/* Takes the slot from its counter, whose home slot, if there is another, gets the counts. */
static void slot_detach(struct drops *drops, uint32_t index)
{
	struct drop_record *record = drops->by_slot[index];
	const struct drop_slot *slot = &drops->table.slots[index];

	if (record->home == index)
		record->home = slot_find_other(drops, index);
	if (record->home == DROP_NONE) {
		slot_fold(drops, index);
		return;
	}
	slot_add_counts(&drops->table.slots[record->home], number_read(&slot->packets),
		number_read(&slot->bytes));
	drops->table.slots[record->home].reported = record->reported;
	drop_record_slot_removed(drops, record);
	drops->by_slot[index] = NULL;
}

void drops_fold(struct drops *drops)
{
	drops_scan(drops);
	drops_take_examples(drops);
	for (uint32_t i = 0; i < drops->table.count; i++) {
		if (drops->by_slot[i])
			slot_fold(drops, i);
	}
}

static int compare_last(gconstpointer a, gconstpointer b)
{
	const struct drop_record *first = *(struct drop_record *const *)a,
				 *second = *(struct drop_record *const *)b;

	return first->last_monotonic < second->last_monotonic
		? -1
		: first->last_monotonic > second->last_monotonic;
}

/* How many counters must leave. */
struct leave {
	uint32_t all; /* because of the table as a whole */
	uint32_t shares[DROP_SHARES]; /* because of a share of it */
};

static uint32_t excess_counters(uint32_t used, uint32_t max)
{
	return used < max * ROOM_FULL / 8 ? 0 : used - MIN(used, max * ROOM_LEFT / 8);
}

static bool leave_init(const struct drops *drops, struct leave *ret)
{
	const struct drop_control *control = drops->table.control;
	bool any;

	ret->all =
		excess_counters(MAX(control->used, g_hash_table_size(drops->records)), drops->max);
	any = ret->all > 0;
	for (unsigned int i = 0; i < DROP_SHARES; i++) {
		ret->shares[i] = excess_counters(control->shares[i].used, control->shares[i].max);
		any = any || ret->shares[i] > 0;
	}
	return any;
}

/* True if a counter of that share must leave; counts it as leaving. */
static bool leave_take(struct leave *leave, uint32_t share)
{
	if (leave->all == 0 && leave->shares[share] == 0)
		return false;
	leave->all -= leave->all > 0;
	leave->shares[share] -= leave->shares[share] > 0;
	return true;
}

/* The counters that must leave: of the idle ones those that dropped last the longest ago. NULL:
 * none. */
static GPtrArray *choose_leaving(struct drops *drops)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC), idle = DROPS_IDLE_USEC * 1000ULL;
	unsigned int count = 0;
	struct leave leave;
	GPtrArray *leaving;
	GHashTableIter iter;
	gpointer item;

	if (!leave_init(drops, &leave))
		return NULL;
	leaving = g_ptr_array_new();
	g_hash_table_iter_init(&iter, drops->records);
	while (g_hash_table_iter_next(&iter, &item, NULL)) {
		const struct drop_record *record = item;

		/* Packets that are not reported yet would never be. */
		if (drops->reported.until && record->reported.first < record->packets)
			continue;
		if (now - MIN(now, record->last_monotonic) >= idle)
			g_ptr_array_add(leaving, item);
	}
	g_ptr_array_sort(leaving, compare_last);
	for (unsigned int i = 0; i < leaving->len; i++) {
		const struct drop_record *record = leaving->pdata[i];

		if (leave_take(&leave, record->share))
			leaving->pdata[count++] = leaving->pdata[i];
	}
	g_ptr_array_set_size(leaving, (int)count);
	return leaving;
}

static void slots_mark_leaving(struct drops *drops)
{
	for (uint32_t i = 0; i < drops->table.count; i++) {
		if (drops->by_slot[i] && drops->by_slot[i]->leaving)
			__atomic_store_n(
				&drops->table.slots[i].state, DROP_LEAVING, __ATOMIC_SEQ_CST);
	}
}

/* Frees the slots that are leaving, where no CPU counts any more. */
static void slots_free(struct drops *drops)
{
	for (uint32_t i = 0; i < drops->table.count; i++) {
		struct drop_slot *slot = &drops->table.slots[i];
		uint32_t share;

		if (!drops->by_slot[i] || slot->state != DROP_LEAVING)
			continue;
		share = drops->by_slot[i]->share;
		slot_detach(drops, i);
		*slot = (struct drop_slot){ .state = DROP_LEAVING };
		__atomic_store_n(&slot->state, DROP_GONE, __ATOMIC_SEQ_CST);
		__atomic_fetch_sub(&drops->table.control->shares[share].used, 1, __ATOMIC_SEQ_CST);
		__atomic_fetch_sub(&drops->table.control->used, 1, __ATOMIC_SEQ_CST);
	}
}

static void leaving_evict(struct drops *drops, GPtrArray *leaving)
{
	for (unsigned int i = 0; i < leaving->len; i++) {
		struct drop_record *record = leaving->pdata[i];

		record->leaving = false;
		/* The rule may have dropped again meanwhile. */
		if (record->slots == 0)
			drop_record_evict(drops, record);
	}
	save_past(drops);
}

void drops_make_room(struct drops *drops)
{
	g_autoptr(GPtrArray) leaving = NULL;

	g_mutex_lock(&drops->lock);
	drops_scan(drops);
	leaving = choose_leaving(drops);
	for (unsigned int i = 0; leaving && i < leaving->len; i++)
		((struct drop_record *)leaving->pdata[i])->leaving = true;
	if (leaving && leaving->len > 0)
		slots_mark_leaving(drops);
	g_mutex_unlock(&drops->lock);
	if (!leaving || leaving->len == 0)
		return;

	pipeline_grace(drops->pipeline);
	g_mutex_lock(&drops->lock);
	drops_scan(drops);
	slots_free(drops);
	leaving_evict(drops, leaving);
	g_mutex_unlock(&drops->lock);
}

void drops_save_begin(struct drops *drops)
{
	struct drop_control *control = drops->table.control;

	if (control->kept) {
		drops->past = control->past;
		drops->reported = control->reported;
		return;
	}
	control->reported = drops->reported;
	save_past(drops);
	control->kept = 1;
}

void drops_mark(struct drops *drops, uint64_t id, const struct drop_mark *mark)
{
	struct drop_record *record;

	if (!drops)
		return;
	g_mutex_lock(&drops->lock);
	record = g_hash_table_lookup(drops->by_id, &id);
	if (id == DROPS_TOTALS) {
		drops->reported = *mark;
		if (drops->pipeline)
			drops->table.control->reported = *mark;
	} else if (record) {
		record->reported = *mark;
		if (drops->pipeline && record->home != DROP_NONE)
			drops->table.slots[record->home].reported = *mark;
	}
	g_mutex_unlock(&drops->lock);
}
