/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a cursor skips damage, see resync.h. */
#include "journal/reader/resync.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>

#include "journal/format/record.h"
#include "journal/reader/record-reader.h"

static struct journal_record *record_ahead(const struct cursor *cursor, size_t ahead)
{
	return (struct journal_record *)(cursor->chunk->data + cursor->at + ahead);
}

/*
 * The size of the damaged record at the cursor if it can be trusted, else 0: an event has its size
 * a second time. Its content, a packet from anywhere, must not be taken for records.
 */
static size_t damaged_span(const struct cursor *cursor, size_t available)
{
	const struct journal_record *record = record_ahead(cursor, 0);
	uint32_t first;

	if (available < sizeof(*record) + sizeof(first))
		return 0;
	memcpy(&first, record + 1, sizeof(first));
	if (record->size == 0 || record->size != first)
		return 0;
	first = chunk_u32(cursor->chunk, first);
	return first <= JOURNAL_RECORD_MAX ? journal_record_span(first) : 0;
}

/* 1 and the distance to the next valid record or, in a stream, segment; 0: none. */
static int record_find(struct cursor *cursor, size_t from, size_t *ret_ahead)
{
	size_t budget = RESYNC_CHECKSUM_MAX;

	for (size_t ahead = from; ahead < from + RESYNC_DISTANCE_MAX; ahead += JOURNAL_ALIGN) {
		size_t need = ahead + sizeof(struct journal_record);
		ssize_t available = cursor_fill(cursor, need);
		const struct journal_record *record;
		struct item item;
		size_t span;
		int r;

		if (available < 0)
			return (int)available;
		if ((size_t)available < need)
			return 0;
		record = record_ahead(cursor, ahead);
		if (cursor->kind == CURSOR_STREAM &&
			memcmp(record, JOURNAL_MAGIC, strlen(JOURNAL_MAGIC)) == 0) {
			*ret_ahead = ahead;
			return 1;
		}
		if (!record_plausible(cursor->chunk, record, (size_t)available - need))
			continue;
		if (chunk_u32(cursor->chunk, record->size) > budget)
			return 0;
		budget -= chunk_u32(cursor->chunk, record->size);
		r = cursor_record_at(cursor, ahead, &item, &span);
		if (r != 0) {
			*ret_ahead = ahead;
			return r;
		}
	}
	return 0;
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* True if the record at the cursor goes beyond the end. */
static bool record_is_short(const struct cursor *cursor, size_t available)
{
	const struct journal_record *record = record_ahead(cursor, 0);
	uint32_t size;

	if (available < sizeof(*record))
		return true;
	size = chunk_u32(cursor->chunk, record->size);
	return size <= JOURNAL_RECORD_MAX && available < sizeof(*record) + size;
}

/* True while a writer has the file locked: a record beyond its end is being written. */
static bool file_is_written(const struct cursor *cursor)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	return cursor->kind == CURSOR_FILE && fcntl(cursor->fd, F_OFD_GETLK, &lock) == 0 &&
		lock.l_type != F_UNLCK;
}

/* The writer wrote while the file was read: reads bytes written since again. */
static void file_reread(struct cursor *cursor)
{
	if (cursor->kind == CURSOR_FILE)
		cursor->chunk->used = cursor->at;
}

/* The time of the record at the cursor if it is an event, else 0. */
static uint64_t time_at(struct cursor *cursor)
{
	struct item item;
	size_t span;

	if (cursor_record_at(cursor, 0, &item, &span) != 1 || item_type(&item) != JOURNAL_EVENT)
		return 0;
	return item_event_time(&item);
}

/* Skips `skip` bytes and makes a loss for them. */
static void damage_report(struct cursor *cursor, size_t skip, uint64_t count, struct item *ret)
{
	struct journal_loss loss = {
		.reason = LOSS_DAMAGED,
		.count = count,
		.since = cursor->last,
	};

	cursor->at += skip;
	loss.until = time_at(cursor);
	item_new_loss(cursor->pool, &cursor->chunk->segment, &loss, ret);
}

/* The end of the readable bytes: without a loss if no record begins here or one is being written,
 * with a loss if one was cut off. */
static int end_reached(struct cursor *cursor, bool written, struct item *ret)
{
	struct chunk *chunk = cursor->chunk;
	size_t rest = chunk->used - cursor->at;
	bool begun = !all_zero(chunk->data + cursor->at, MIN(rest, sizeof(uint32_t)));

	/* If the stream is continued the record comes again. */
	if (!begun || written || cursor->continued) {
		file_reread(cursor);
		cursor->quiet = cursor->kind == CURSOR_FILE && !begun;
		return 0;
	}
	rest = MIN(rest, RESYNC_DISTANCE_MAX);
	cursor->cut = rest % JOURNAL_ALIGN != 0;
	damage_report(cursor, rest, 0, ret);
	return 1;
}

/* Tries the cursor once more: 1: there is a record, 0: certainly none, or an error. */
static int last_try(struct cursor *cursor)
{
	struct item item;
	size_t span;

	file_reread(cursor);
	return cursor_record_at(cursor, 0, &item, &span);
}

int cursor_resync(struct cursor *cursor, struct item *ret)
{
	size_t span, ahead = 0;
	ssize_t available;
	bool written;
	int r;

	available = cursor_fill(cursor, sizeof(struct journal_record) + sizeof(uint32_t));
	if (available < 0)
		return (int)available;
	span = damaged_span(cursor, (size_t)available);
	r = record_find(cursor, span > 0 ? span : JOURNAL_ALIGN, &ahead);
	if (r < 0)
		return r;
	if (r == 0 && (available = cursor_fill(cursor, 1)) <= 0)
		return (int)available;

	/* A writer that finished in the meantime has no lock any more, but its bytes are in the
	 * file: read again before reporting damage. */
	written = r == 0 && record_is_short(cursor, (size_t)available) && file_is_written(cursor);
	if (cursor->kind == CURSOR_FILE &&
		(r == 1 ||
			!all_zero(cursor->chunk->data + cursor->at,
				MIN((size_t)available, sizeof(uint32_t))))) {
		int again = last_try(cursor);

		if (again < 0)
			return again;
		if (again == 1)
			return CURSOR_RESYNCED;
	}
	if (r == 0)
		return end_reached(cursor, written, ret);
	r = (int)cursor_fill(cursor, ahead);
	if (r < 0)
		return r;
	damage_report(cursor, ahead, ahead == span ? 1 : 0, ret);
	return 1;
}
