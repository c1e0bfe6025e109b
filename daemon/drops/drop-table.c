/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel side's table of drop counters, read where it is in memory while the kernel side counts, and
 * the slots that are taken out of it when it is nearly full.
 */
#include "daemon/drops/drops-private.h"

#include <string.h>
#include <time.h>

#include "journal/base/clock.h"

#define EXAMPLE_TRIES 8 /* a CPU may write it just now */

/* Room is made when so much of the table, in eighths, is used, until no more than that is. */
#define ROOM_FULL 7
#define ROOM_LEFT 6

static uint64_t number_read(const __u64 *number)
{
	return __atomic_load_n(number, __ATOMIC_RELAXED);
}

/* us, CLOCK_REALTIME, of a time, ns, CLOCK_MONOTONIC, that is not long ago. */
static uint64_t real_usec(uint64_t monotonic)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC), age = now > monotonic ? now - monotonic : 0;

	return (clock_ns(CLOCK_REALTIME) - age) / 1000;
}

static void record_add(struct drop_record *record, const struct drop_slot *slot)
{
	uint64_t last = number_read(&slot->last);

	record->packets += number_read(&slot->packets);
	record->bytes += number_read(&slot->bytes);
	if (last > record->last_monotonic) {
		record->last_monotonic = last;
		record->last = MAX(real_usec(last), record->first);
	}
}

static void slot_add(struct drop_slot *slot, uint64_t packets, uint64_t bytes)
{
	/* The kernel side counts there, too. */
	__atomic_fetch_add(&slot->packets, packets, __ATOMIC_RELAXED);
	__atomic_fetch_add(&slot->bytes, bytes, __ATOMIC_RELAXED);
}

static void slot_take_past(struct drops *drops, struct drop_slot *slot, struct drop_record *record)
{
	slot_add(slot, record->past_packets, record->past_bytes);
	record->past_packets = record->past_bytes = 0;
	drops_keep_past(drops);
}

/* The counter has a slot more; its first one gets what it has counted without. */
static void slot_join(struct drops *drops, uint32_t index, struct drop_record *record)
{
	struct drop_slot *slot = &drops->table.slots[index];

	drop_record_join(drops, record);
	record->told.first += slot->told.first;
	record->told.second += slot->told.second;
	record->told.until = MAX(record->told.until, slot->told.until);
	if (record->home == DROP_NONE) {
		record->home = index;
		if (record->past_packets)
			slot_take_past(drops, slot, record);
	}
	drops->table.slots[record->home].told = record->told;
	if (record->home != index)
		slot->told = (struct drop_mark){ 0 };
}

/* The counter of a slot; NULL: it has none, or no names yet. */
static struct drop_record *slot_record(struct drops *drops, uint32_t index)
{
	const struct drop_slot *slot = &drops->table.slots[index];
	uint32_t state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
	struct drop_record *record = drops->by_slot[index];

	if (state != DROP_COUNTING && state != DROP_LEAVING)
		return NULL;
	if (record || !__atomic_load_n(&slot->named, __ATOMIC_ACQUIRE))
		return record;
	record = drop_record_get(drops, slot, &drops->table.words[index]);
	slot_join(drops, index, record);
	if (!record->first)
		record->first = real_usec(number_read(&slot->first));
	return drops->by_slot[index] = record;
}

void drops_scan(struct drops *drops)
{
	struct drop_record *record;
	GHashTableIter iter;

	for (uint32_t i = 0; drops->pipeline && i < drops->table.count; i++)
		slot_record(drops, i);
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

/* Odd turns are those of a CPU that writes. */
static bool example_copy(const struct drop_slot *slot, const struct drop_words *from,
	struct drop_words *ret, uint64_t *ret_time)
{
	for (int try = 0; try < EXAMPLE_TRIES; try++) {
		uint32_t turn = __atomic_load_n(&slot->example_turn, __ATOMIC_ACQUIRE);
		struct drop_words words = *from;
		uint64_t time = number_read(&slot->example);

		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (turn % 2 || __atomic_load_n(&slot->example_turn, __ATOMIC_RELAXED) != turn)
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
	drop_record_part(drops, record);
	record->home = DROP_NONE;
	drops->by_slot[index] = NULL;
}

/* Another slot of the counter; DROP_NONE: there is none. */
static uint32_t slot_other(const struct drops *drops, uint32_t index)
{
	for (uint32_t i = 0; i < drops->table.count; i++) {
		if (i != index && drops->by_slot[i] == drops->by_slot[index])
			return i;
	}
	return DROP_NONE;
}

/* The counter goes on without the slot. */
static void slot_part(struct drops *drops, uint32_t index)
{
	struct drop_record *record = drops->by_slot[index];
	const struct drop_slot *slot = &drops->table.slots[index];

	if (record->home == index)
		record->home = slot_other(drops, index);
	if (record->home == DROP_NONE) {
		slot_fold(drops, index);
		return;
	}
	slot_add(&drops->table.slots[record->home], number_read(&slot->packets),
		number_read(&slot->bytes));
	drops->table.slots[record->home].told = record->told;
	drop_record_part(drops, record);
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

/* How many counters are to make room. */
struct leave {
	uint32_t all; /* of all of the table */
	uint32_t shares[DROP_SHARES]; /* of its shares */
};

static uint32_t leave_of(uint32_t used, uint32_t max)
{
	return used < max * ROOM_FULL / 8 ? 0 : used - MIN(used, max * ROOM_LEFT / 8);
}

static bool leave_count(const struct drops *drops, struct leave *ret)
{
	const struct drop_control *control = drops->table.control;
	bool any;

	ret->all = leave_of(MAX(control->used, g_hash_table_size(drops->records)), drops->max);
	any = ret->all > 0;
	for (unsigned int i = 0; i < DROP_SHARES; i++) {
		ret->shares[i] = leave_of(control->shares[i].used, control->shares[i].max);
		any = any || ret->shares[i] > 0;
	}
	return any;
}

/* Whether a counter of that share is one of them, which it is then. */
static bool leave_take(struct leave *leave, uint32_t share)
{
	if (leave->all == 0 && leave->shares[share] == 0)
		return false;
	leave->all -= leave->all > 0;
	leave->shares[share] -= leave->shares[share] > 0;
	return true;
}

/* Those that are to make room, of those that were idle for long: the oldest; NULL: nobody. */
static GPtrArray *choose_leaving(struct drops *drops)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC), idle = DROPS_IDLE_USEC * 1000ULL;
	unsigned int count = 0;
	struct leave leave;
	GPtrArray *leaving;
	GHashTableIter iter;
	gpointer item;

	if (!leave_count(drops, &leave))
		return NULL;
	leaving = g_ptr_array_new();
	g_hash_table_iter_init(&iter, drops->records);
	while (g_hash_table_iter_next(&iter, &item, NULL)) {
		const struct drop_record *record = item;

		/* What is not told yet would never be. */
		if (drops->told.until && record->told.first < record->packets)
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

static void slots_leave(struct drops *drops)
{
	for (uint32_t i = 0; i < drops->table.count; i++) {
		if (drops->by_slot[i] && drops->by_slot[i]->leaving)
			__atomic_store_n(
				&drops->table.slots[i].state, DROP_LEAVING, __ATOMIC_SEQ_CST);
	}
}

/* Nobody counts there any more: the slot may be used again. */
static void slots_gone(struct drops *drops)
{
	for (uint32_t i = 0; i < drops->table.count; i++) {
		struct drop_slot *slot = &drops->table.slots[i];
		uint32_t share;

		if (!drops->by_slot[i] || slot->state != DROP_LEAVING)
			continue;
		share = drops->by_slot[i]->share;
		slot_part(drops, i);
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
		/* It may have dropped again meanwhile. */
		if (record->slots == 0)
			drop_record_evict(drops, record);
	}
	drops_keep_past(drops);
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
		slots_leave(drops);
	g_mutex_unlock(&drops->lock);
	if (!leaving || leaving->len == 0)
		return;

	pipeline_grace(drops->pipeline);
	g_mutex_lock(&drops->lock);
	drops_scan(drops);
	slots_gone(drops);
	leaving_evict(drops, leaving);
	g_mutex_unlock(&drops->lock);
}
