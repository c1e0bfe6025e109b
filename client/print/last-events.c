/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last N events; see last-events.h. */
#include "client/print/last-events.h"

#include <string.h>

struct kept {
	struct journal_set_record record; /* its entry's pointers point into this allocation */
	struct journal_segment segment;
	char data[];
};

struct last_events {
	GQueue entries; /* of struct kept, the oldest first */
	uint64_t limit;
	uint64_t events; /* in `entries` */
};

struct last_events *last_events_new(uint64_t limit)
{
	struct last_events *tail = g_new0(struct last_events, 1);

	g_queue_init(&tail->entries);
	tail->limit = limit;
	return tail;
}

static struct kept *kept_new(const struct journal_set_record *record)
{
	const struct journal_entry *entry = &record->entry;
	struct kept *kept = g_malloc(sizeof(*kept) + entry->size);

	kept->record = *record;
	if (entry->size > 0)
		memcpy(kept->data, entry->data, entry->size);
	kept->record.entry.data = kept->data;
	if (entry->segment) {
		kept->segment = *entry->segment;
		kept->record.entry.segment = &kept->segment;
	}
	return kept;
}

/* Forgets the oldest event and the records before it. */
static void event_forget(struct last_events *tail)
{
	bool event = false;

	while (!event) {
		g_autofree struct kept *kept = g_queue_pop_head(&tail->entries);

		event = kept->record.entry.type == JOURNAL_EVENT;
	}
	tail->events--;
}

void last_events_push(struct last_events *tail, const struct journal_set_record *record)
{
	g_queue_push_tail(&tail->entries, kept_new(record));
	if (record->entry.type != JOURNAL_EVENT)
		return;
	tail->events++;
	if (tail->events > tail->limit)
		event_forget(tail);
}

static struct kept *last_events_pop(struct last_events *tail, enum last_events_order order)
{
	switch (order) {
	case LAST_EVENTS_OLDEST_FIRST:
		return g_queue_pop_head(&tail->entries);
	case LAST_EVENTS_NEWEST_FIRST:
		return g_queue_pop_tail(&tail->entries);
	}
	return NULL;
}

void last_events_print(
	struct last_events *tail, struct printer *printer, enum last_events_order order)
{
	struct kept *kept;

	while ((kept = last_events_pop(tail, order))) {
		printer_print(printer, &kept->record, NULL);
		g_free(kept);
	}
	tail->events = 0;
}

struct last_events *last_events_free(struct last_events *tail)
{
	if (!tail)
		return NULL;
	g_queue_clear_full(&tail->entries, g_free);
	g_free(tail);
	return NULL;
}
