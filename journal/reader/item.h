/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How records move inside a reader without being copied: chunks of journal bytes, with a count of
 * references, and items, each of which is one record in a chunk. One thread.
 */
#ifndef NFTTRACED_JOURNAL_READER_ITEM_H
#define NFTTRACED_JOURNAL_READER_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/format/format.h"

/* Bytes that are read at a time. */
#define CHUNK_SIZE (1U << 20)

/* The memory that the chunks of one reader take, and a spare chunk. Outlives them. */
struct chunk_pool {
	size_t bytes;
	struct chunk *spare;
};

/* Bytes of one segment or stream, from one segment only. Freed with the last reference. */
struct chunk {
	struct chunk_pool *pool;
	unsigned int references;
	bool swapped; /* the bytes have the other byte order */
	struct journal_segment segment; /* numbers in host order, but byte_order as it was stored */
	size_t capacity;
	size_t used;
	uint8_t data[] __attribute__((aligned(JOURNAL_ALIGN)));
};

/* A record of `size` bytes of payload in a chunk that has been checked to hold it. */
struct item {
	struct chunk *chunk; /* a reference */
	const struct journal_record *record;
	uint32_t size;
};

/* A new chunk with one reference. */
struct chunk *chunk_new(struct chunk_pool *pool, size_t capacity,
	const struct journal_segment *segment, bool swapped);

/* Frees the spare chunk. No other chunk of the pool may be left. */
void chunk_pool_clear(struct chunk_pool *pool);

#define auto_chunk_pool __attribute__((cleanup(chunk_pool_clear))) struct chunk_pool

static inline struct chunk *chunk_ref(struct chunk *chunk)
{
	chunk->references++;
	return chunk;
}

/* Accepts NULL. */
void chunk_unref(struct chunk *chunk);

static inline uint32_t chunk_u32(const struct chunk *chunk, uint32_t value)
{
	return chunk->swapped ? __builtin_bswap32(value) : value;
}

static inline uint64_t chunk_u64(const struct chunk *chunk, uint64_t value)
{
	return chunk->swapped ? __builtin_bswap64(value) : value;
}

static inline const void *item_payload(const struct item *item)
{
	return item->record + 1;
}

static inline enum journal_type item_type(const struct item *item)
{
	return (enum journal_type)(chunk_u32(item->chunk, item->record->type_ring) & 0xff);
}

static inline uint16_t item_ring(const struct item *item)
{
	return (uint16_t)(chunk_u32(item->chunk, item->record->type_ring) >> 8);
}

/* Of a JOURNAL_EVENT, ns. */
uint64_t item_event_time(const struct item *item);

/* The loss of a JOURNAL_LOSS in host order. */
void item_loss(const struct item *item, struct journal_loss *ret);

/* The move of a JOURNAL_CLOCK in host order. */
void item_clock(const struct item *item, struct journal_clock *ret);

/* The position of a JOURNAL_POSITION record in host order. */
void item_position(const struct item *item, struct journal_position *ret);

/* An item that is not in the journal: a loss that the reader found, in a chunk of its own. */
void item_new_loss(struct chunk_pool *pool, const struct journal_segment *segment,
	const struct journal_loss *loss, struct item *ret);

/*
 * True if an item's payload is long enough for its type, so that the functions above may read it.
 */
bool item_valid(const struct item *item);

/*
 * True if the record header at `record`, with `available` bytes behind it, may be that of a record
 * of a known type. Used to find the next record behind damage: cheap, but not certain.
 */
bool record_plausible(
	const struct chunk *chunk, const struct journal_record *record, size_t available);

#endif
