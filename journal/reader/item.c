/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chunks of journal bytes and the records in them, see item.h. */
#include "journal/reader/item.h"

#include <glib.h>
#include <string.h>

#include "bpf/shared/event.h"
#include "journal/format/record.h"

struct chunk *chunk_new(struct chunk_pool *pool, size_t capacity,
	const struct journal_segment *segment, bool swapped)
{
	struct chunk *chunk;

	if (capacity == CHUNK_SIZE && pool->spare)
		chunk = g_steal_pointer(&pool->spare);
	else
		chunk = g_malloc(sizeof(*chunk) + capacity);
	*chunk = (struct chunk){
		.pool = pool,
		.references = 1,
		.swapped = swapped,
		.segment = *segment,
		.capacity = capacity,
	};
	pool->bytes += capacity;
	return chunk;
}

void chunk_unref(struct chunk *chunk)
{
	struct chunk_pool *pool;

	if (!chunk || --chunk->references > 0)
		return;
	pool = chunk->pool;
	pool->bytes -= chunk->capacity;
	if (chunk->capacity == CHUNK_SIZE && !pool->spare)
		pool->spare = chunk;
	else
		g_free(chunk);
}

void chunk_pool_clear(struct chunk_pool *pool)
{
	g_clear_pointer(&pool->spare, g_free);
}

uint64_t item_event_time(const struct item *item)
{
	const struct event_head *head = item_payload(item);

	return chunk_u64(item->chunk, head->time);
}

void item_clock(const struct item *item, struct journal_clock *ret)
{
	const struct journal_clock *clock = item_payload(item);

	*ret = (struct journal_clock){
		.cause = chunk_u32(item->chunk, clock->cause),
		.missed = chunk_u32(item->chunk, clock->missed),
		.since = chunk_u64(item->chunk, clock->since),
		.realtime = chunk_u64(item->chunk, clock->realtime),
		.before = chunk_u64(item->chunk, clock->before),
	};
}

void item_loss(const struct item *item, struct journal_loss *ret)
{
	const struct journal_loss *loss = item_payload(item);

	*ret = (struct journal_loss){
		.reason = chunk_u32(item->chunk, loss->reason),
		.segment = chunk_u32(item->chunk, loss->segment),
		.count = chunk_u64(item->chunk, loss->count),
		.since = chunk_u64(item->chunk, loss->since),
		.until = chunk_u64(item->chunk, loss->until),
	};
}

void item_position(const struct item *item, struct journal_position *ret)
{
	const struct journal_position *position = item_payload(item);

	*ret = (struct journal_position){
		.segment = chunk_u64(item->chunk, position->segment),
		.offset = chunk_u64(item->chunk, position->offset),
		.end_segment = chunk_u64(item->chunk, position->end_segment),
		.end_offset = chunk_u64(item->chunk, position->end_offset),
	};
}

void item_new_loss(struct chunk_pool *pool, const struct journal_segment *segment,
	const struct journal_loss *loss, struct item *ret)
{
	struct chunk *chunk = chunk_new(pool, journal_record_span(sizeof(*loss)), segment, false);

	chunk->segment.byte_order = JOURNAL_BYTE_ORDER;
	chunk->used = chunk->capacity;
	journal_record_write(chunk->data, JOURNAL_LOSS, 0, 0, loss, sizeof(*loss));
	*ret = (struct item){
		.chunk = chunk,
		.record = (const struct journal_record *)chunk->data,
		.size = sizeof(*loss),
	};
}

bool item_valid(const struct item *item)
{
	switch (item_type(item)) {
	case JOURNAL_EVENT:
		return item->size >= sizeof(struct event_head);
	case JOURNAL_LOSS:
		return item->size >= sizeof(struct journal_loss);
	case JOURNAL_POSITION:
		return item->size >= sizeof(struct journal_position);
	case JOURNAL_CLOCK:
		return item->size >= sizeof(struct journal_clock);
	default:
		return true;
	}
}

bool record_plausible(
	const struct chunk *chunk, const struct journal_record *record, size_t available)
{
	const uint8_t *payload = (const uint8_t *)(record + 1);
	uint32_t size = chunk_u32(chunk, record->size);
	uint32_t type_ring = chunk_u32(chunk, record->type_ring);
	uint32_t first;

	if (size == 0 || size > JOURNAL_RECORD_MAX || type_ring >> 24 != 0 ||
		available < sizeof(first))
		return false;
	memcpy(&first, payload, sizeof(first));

	switch (type_ring & 0xff) {
	case JOURNAL_EVENT:
		return size >= sizeof(struct event_head) && size <= EVENT_MAX_SIZE &&
			chunk_u32(chunk, first) == size;
	case JOURNAL_LOSS:
		return size == sizeof(struct journal_loss);
	case JOURNAL_POSITION:
		return size == sizeof(struct journal_position);
	case JOURNAL_CLOCK:
		return size == sizeof(struct journal_clock);
	case JOURNAL_START:
	case JOURNAL_SETTINGS:
	case JOURNAL_END:
	case JOURNAL_RULES:
	case JOURNAL_SYMBOLS:
	case JOURNAL_REASONS:
	case JOURNAL_NETNS:
	case JOURNAL_SUPPRESSED:
		return *payload == '{';
	default:
		return false;
	}
}
