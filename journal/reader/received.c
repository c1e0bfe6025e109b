/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The events of each segment that a reader has received; see received.h. */
#include "journal/reader/received.h"

struct part {
	uint64_t number;
	uint64_t had; /* events, and those that retention records in it count */
};

static struct part *part_of(struct received *received, uint64_t number)
{
	struct part *part;

	/* It is nearly always the last one. */
	for (GList *link = received->segments.tail; link; link = link->prev) {
		part = link->data;
		if (part->number == number)
			return part;
	}
	part = g_new0(struct part, 1);
	part->number = number;
	g_queue_push_tail(&received->segments, part);
	if (received->first == 0)
		received->first = number;
	return part;
}

static bool is_empty(const struct received *received)
{
	const GList *head = received->segments.head;
	const struct part *part = head ? head->data : NULL;

	return !part || (!head->next && part->had == 0);
}

void received_count(struct received *received, const struct item *item)
{
	uint64_t number = item->chunk->segment.number;
	struct journal_loss loss;

	/* Records that the reader added are in no segment. */
	if (number == 0)
		return;
	switch (item_type(item)) {
	case JOURNAL_EVENT:
		part_of(received, number)->had++;
		return;
	case JOURNAL_LOSS:
		item_loss(item, &loss);
		if (loss.reason == LOSS_RETENTION)
			part_of(received, number)->had += loss.count;
		return;
	case JOURNAL_POSITION:
		/* A stream that begins where the journal ends. */
		received->part = received->part || is_empty(received);
		return;
	default:
		part_of(received, number);
	}
}

bool received_find_missing(struct received *received, struct journal_loss *loss)
{
	uint64_t had = 0, expected = received->first;
	bool covers_first = false, gap = false;
	struct part *part;

	/* The writer did not say which segments, or they are from before the stream. */
	if (loss->segment == 0)
		return true;
	if (received->part && loss->segment < received->first)
		return false;
	while ((part = g_queue_peek_head(&received->segments)) && part->number <= loss->segment) {
		covers_first = covers_first || part->number == received->first;
		gap = gap || (covers_first && part->number != expected);
		expected = part->number + 1;
		had += part->had;
		g_free(g_queue_pop_head(&received->segments));
	}
	gap = gap || (covers_first && expected != (uint64_t)loss->segment + 1);
	if (received->part && covers_first) {
		/* An unknown number of events in the first segment was before the stream. */
		loss->count = 0;
		return gap;
	}
	loss->count -= MIN(had, loss->count);
	return loss->count > 0;
}

void received_clear(struct received *received)
{
	g_queue_clear_full(&received->segments, g_free);
}
