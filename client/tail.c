/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last N events; see tail.h. */
#include "tail.h"

#include <string.h>

struct kept {
	struct journal_entry entry; /* data and segment point into this allocation */
	struct journal_segment segment;
	char data[];
};

struct tail {
	GQueue entries; /* of struct kept, the oldest first */
	uint64_t limit;
	uint64_t events; /* in `entries` */
};

struct tail *tail_new(uint64_t limit)
{
	struct tail *tail = g_new0(struct tail, 1);

	g_queue_init(&tail->entries);
	tail->limit = limit;
	return tail;
}

static struct kept *keep(const struct journal_entry *entry)
{
	struct kept *kept = g_malloc(sizeof(*kept) + entry->size);

	kept->entry = *entry;
	if (entry->size > 0)
		memcpy(kept->data, entry->data, entry->size);
	kept->entry.data = kept->data;
	if (entry->segment) {
		kept->segment = *entry->segment;
		kept->entry.segment = &kept->segment;
	}
	return kept;
}

/* Forgets the oldest event and what was told before it. */
static void forget_event(struct tail *tail)
{
	bool event = false;

	while (!event) {
		g_autofree struct kept *kept = g_queue_pop_head(&tail->entries);

		event = kept->entry.type == JOURNAL_EVENT;
	}
	tail->events--;
}

void tail_push(struct tail *tail, const struct journal_entry *entry)
{
	g_queue_push_tail(&tail->entries, keep(entry));
	if (entry->type != JOURNAL_EVENT)
		return;
	tail->events++;
	if (tail->events > tail->limit)
		forget_event(tail);
}

void tail_render(struct tail *tail, struct text *text)
{
	struct kept *kept;

	while ((kept = g_queue_pop_head(&tail->entries))) {
		text_render(text, &kept->entry);
		g_free(kept);
	}
	tail->events = 0;
}

struct tail *tail_free(struct tail *tail)
{
	if (!tail)
		return NULL;
	g_queue_clear_full(&tail->entries, g_free);
	g_free(tail);
	return NULL;
}
