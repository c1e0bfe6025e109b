/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Brings items of several rings into order of time, as far as JOURNAL_MERGE_WINDOW of them reach.
 * Owned by the reader; owns the references of the items in it.
 */
#ifndef NFTTRACED_JOURNAL_READER_MERGE_H
#define NFTTRACED_JOURNAL_READER_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/reader/item.h"
#include "journal/reader/reader.h"

struct merge_slot {
	uint64_t time;
	uint64_t sequence; /* keeps items of the same time in the order of the journal */
	struct item item;
};

/* Items that come in order go into the queue, which is cheap; only late ones go into the heap. */
struct merge {
	uint64_t sequence;
	uint64_t newest;
	size_t first; /* of the queue, a ring */
	size_t queued;
	size_t heaped;
	struct merge_slot queue[JOURNAL_MERGE_WINDOW];
	struct merge_slot heap[JOURNAL_MERGE_WINDOW];
};

/* The number of items. */
static inline size_t merge_length(const struct merge *merge)
{
	return merge->queued + merge->heaped;
}

/* Takes over the item's reference. There must be fewer than JOURNAL_MERGE_WINDOW in it. An item
 * that is not an event goes behind the newest event so far, except a move of the clock, which has a
 * time. */
void merge_push(struct merge *merge, const struct item *item);

/* Removes the oldest item, whose reference the caller gets. False if there is none. */
bool merge_pop(struct merge *merge, struct item *ret);

/* Drops all items. Accepts a zeroed struct. */
void merge_clear(struct merge *merge);

#endif
