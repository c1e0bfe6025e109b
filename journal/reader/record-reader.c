/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading ahead, and records in the bytes; see record-reader.h. */
#include "journal/reader/record-reader.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "journal/format/record.h"

ssize_t cursor_read(const struct cursor *cursor, void *out, size_t size, uint64_t offset)
{
	ssize_t length;

	do
		length = cursor->kind == CURSOR_FILE ? pread(cursor->fd, out, size, (off_t)offset)
						     : read(cursor->fd, out, size);
	while (length < 0 && errno == EINTR);
	return length < 0 ? -errno : length;
}

/* The capacity of a chunk for `need` bytes: doubled, so that growing needs do not move it each
 * time. */
static size_t chunk_capacity(size_t need)
{
	size_t capacity = CHUNK_SIZE;

	while (capacity < need)
		capacity *= 2;
	return capacity;
}

void cursor_chunk_renew(
	struct cursor *cursor, size_t need, const struct journal_segment *segment, bool swapped)
{
	struct chunk *old = cursor->chunk;
	size_t rest = old->used - cursor->at;
	struct chunk *chunk =
		chunk_new(cursor->pool, chunk_capacity(MAX(need, rest)), segment, swapped);

	memcpy(chunk->data, old->data + cursor->at, rest);
	chunk->used = rest;
	cursor->offset += cursor->at;
	cursor->at = 0;
	cursor->chunk = chunk;
	chunk_unref(old);
}

static void chunk_make_room(struct cursor *cursor, size_t need)
{
	struct chunk *chunk = cursor->chunk;

	if (cursor->at + need <= chunk->capacity)
		return;
	/* No item is in it: use it again. */
	if (chunk->references == 1 && need <= chunk->capacity) {
		memmove(chunk->data, chunk->data + cursor->at, chunk->used - cursor->at);
		chunk->used -= cursor->at;
		cursor->offset += cursor->at;
		cursor->at = 0;
		return;
	}
	cursor_chunk_renew(cursor, need, &chunk->segment, chunk->swapped);
}

ssize_t cursor_fill(struct cursor *cursor, size_t need)
{
	while (cursor->chunk->used - cursor->at < need) {
		struct chunk *chunk;
		ssize_t length;

		chunk_make_room(cursor, need);
		chunk = cursor->chunk;
		length = cursor_read(cursor, chunk->data + chunk->used,
			chunk->capacity - chunk->used, cursor->offset + chunk->used);
		if (length < 0)
			return length;
		if (length == 0)
			break;
		chunk->used += (size_t)length;
	}
	return (ssize_t)(cursor->chunk->used - cursor->at);
}

int cursor_record_at(struct cursor *cursor, size_t ahead, struct item *ret, size_t *ret_span)
{
	const struct journal_record *record;
	ssize_t available = cursor_fill(cursor, ahead + sizeof(*record));
	struct item item;
	uint32_t size;
	size_t span;

	if (available < 0)
		return (int)available;
	if ((size_t)available < ahead + sizeof(*record))
		return 0;
	record = (const struct journal_record *)(cursor->chunk->data + cursor->at + ahead);
	size = chunk_u32(cursor->chunk, record->size);
	if (size == 0 || size > JOURNAL_RECORD_MAX)
		return 0;

	span = journal_record_span(size);
	available = cursor_fill(cursor, ahead + span);
	if (available < 0)
		return (int)available;
	/* The last record's padding may be cut off. */
	if ((size_t)available < ahead + sizeof(*record) + size)
		return 0;
	record = (const struct journal_record *)(cursor->chunk->data + cursor->at + ahead);
	item = (struct item){ .chunk = cursor->chunk, .record = record, .size = size };
	if (!journal_record_verify(record, size, cursor->chunk->swapped) || !item_valid(&item))
		return 0;
	*ret = item;
	*ret_span = MIN(span, (size_t)available - ahead);
	return 1;
}
