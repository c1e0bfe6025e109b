/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Order of time among items, see merge.h. */
#include "journal/reader/merge.h"

#include <glib.h>

static bool slot_before(const struct merge_slot *a, const struct merge_slot *b)
{
	return a->time != b->time ? a->time < b->time : a->sequence < b->sequence;
}

static struct merge_slot *queue_slot(struct merge *merge, size_t index)
{
	return &merge->queue[(merge->first + index) % JOURNAL_MERGE_WINDOW];
}

static void heap_push(struct merge *merge, const struct merge_slot *slot)
{
	size_t at = merge->heaped++;

	while (at > 0) {
		size_t parent = (at - 1) / 2;

		if (!slot_before(slot, &merge->heap[parent]))
			break;
		merge->heap[at] = merge->heap[parent];
		at = parent;
	}
	merge->heap[at] = *slot;
}

static void heap_pop(struct merge *merge)
{
	const struct merge_slot *last = &merge->heap[--merge->heaped];
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= merge->heaped)
			break;
		if (child + 1 < merge->heaped &&
			slot_before(&merge->heap[child + 1], &merge->heap[child]))
			child++;
		if (!slot_before(&merge->heap[child], last))
			break;
		merge->heap[at] = merge->heap[child];
		at = child;
	}
	merge->heap[at] = *last;
}

/* The time by which an item is ordered; `newest` is that of the newest event so far. */
static uint64_t item_time(const struct item *item, uint64_t newest)
{
	struct journal_clock clock;

	switch (item_type(item)) {
	case JOURNAL_EVENT:
		return item_event_time(item);
	case JOURNAL_CLOCK:
		item_clock(item, &clock);
		return MIN(clock.since, newest);
	default:
		return newest;
	}
}

void merge_push(struct merge *merge, const struct item *item)
{
	struct merge_slot slot = {
		.time = item_time(item, merge->newest),
		.sequence = merge->sequence++,
		.item = *item,
	};

	merge->newest = MAX(merge->newest, slot.time);
	if (merge->queued > 0 && slot_before(&slot, queue_slot(merge, merge->queued - 1)))
		heap_push(merge, &slot);
	else
		*queue_slot(merge, merge->queued++) = slot;
}

bool merge_pop(struct merge *merge, struct item *ret)
{
	if (merge_length(merge) == 0)
		return false;
	if (merge->heaped > 0 &&
		(merge->queued == 0 || slot_before(&merge->heap[0], queue_slot(merge, 0)))) {
		*ret = merge->heap[0].item;
		heap_pop(merge);
		return true;
	}
	*ret = queue_slot(merge, 0)->item;
	merge->first = (merge->first + 1) % JOURNAL_MERGE_WINDOW;
	merge->queued--;
	return true;
}

void merge_clear(struct merge *merge)
{
	struct item item;

	while (merge_pop(merge, &item))
		chunk_unref(item.chunk);
}
