/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cursor over journal bytes, see cursor.h: opening, positions, the next record. */
#include "journal/reader/cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/base/cleanup.h"
#include "journal/format/record.h"
#include "journal/reader/record-reader.h"
#include "journal/reader/resync.h"

/* A longer header is damage. */
#define SEGMENT_HEADER_MAX 4096

int segment_parse(const void *bytes, size_t size, struct journal_segment *ret)
{
	struct journal_segment segment;

	if (size < sizeof(segment))
		return -EBADMSG;
	memcpy(&segment, bytes, sizeof(segment));
	if (memcmp(segment.magic, JOURNAL_MAGIC, sizeof(segment.magic)) != 0)
		return -EBADMSG;
	if (segment.byte_order == __builtin_bswap32(JOURNAL_BYTE_ORDER)) {
		segment.version = __builtin_bswap16(segment.version);
		segment.header_size = __builtin_bswap16(segment.header_size);
		segment.number = __builtin_bswap64(segment.number);
		segment.session = __builtin_bswap64(segment.session);
		segment.realtime = __builtin_bswap64(segment.realtime);
		segment.monotonic = __builtin_bswap64(segment.monotonic);
	} else if (segment.byte_order != JOURNAL_BYTE_ORDER) {
		return -EBADMSG;
	}
	if (segment.version > JOURNAL_VERSION) {
		*ret = segment;
		return -EPROTONOSUPPORT;
	}
	if (segment.version == 0 || segment.header_size < sizeof(segment) ||
		segment.header_size > SEGMENT_HEADER_MAX ||
		segment.header_size % JOURNAL_ALIGN != 0)
		return -EBADMSG;
	*ret = segment;
	return 0;
}

enum position_source {
	POSITION_BY_HEADER,
	POSITION_BY_RECORD,
};

/* The end of the journal stays as it was reported last. */
static void position_set(
	struct cursor *cursor, const struct journal_position *position, enum position_source source)
{
	/* Without a position record in the head the bytes between header and position were left out. */
	if (cursor->position_unknown && source == POSITION_BY_HEADER)
		return;
	cursor->position.segment = position->segment;
	cursor->position.offset = position->offset;
	if (source == POSITION_BY_RECORD) {
		cursor->position.end_segment = position->end_segment;
		cursor->position.end_offset = position->end_offset;
	}
	cursor->position_at = cursor_position(cursor);
	cursor->position_unknown = false;
}

bool cursor_journal_position(const struct cursor *cursor, struct journal_position *ret)
{
	struct journal_position position = cursor->position;

	if (!position.segment)
		return false;
	/* The last record's padding may be cut off. */
	if (!cursor->position_unknown)
		position.offset +=
			(cursor_position(cursor) - cursor->position_at + JOURNAL_ALIGN - 1) /
			JOURNAL_ALIGN * JOURNAL_ALIGN;
	*ret = position;
	return true;
}

/* Reads a segment's header at the cursor and moves behind it. */
static int header_take(struct cursor *cursor)
{
	struct journal_segment segment;
	ssize_t available = cursor_fill(cursor, sizeof(segment));
	int r;

	if (available < 0)
		return (int)available;
	r = segment_parse(cursor->chunk->data + cursor->at, (size_t)available, &segment);
	if (r == -EPROTONOSUPPORT)
		cursor->chunk->segment = segment;
	if (r < 0)
		return r;
	available = cursor_fill(cursor, segment.header_size);
	if (available < 0)
		return (int)available;
	cursor->cut = (size_t)available < segment.header_size;
	cursor->at += MIN((size_t)available, segment.header_size);
	position_set(cursor,
		&(struct journal_position){
			.segment = segment.number, .offset = segment.header_size },
		POSITION_BY_HEADER);
	/* A chunk's bytes are from one segment only. */
	cursor_chunk_renew(cursor, 0, &segment, segment.byte_order != JOURNAL_BYTE_ORDER);
	return 0;
}

static void cursor_begin(
	struct cursor *cursor, struct chunk_pool *pool, int fd, enum cursor_kind kind)
{
	static const struct journal_segment none = { 0 };

	*cursor = (struct cursor){
		.fd = fd,
		.kind = kind,
		.pool = pool,
		.chunk = chunk_new(pool, CHUNK_SIZE, &none, false),
	};
}

int cursor_open_fd(struct cursor *cursor, struct chunk_pool *pool, int fd)
{
	struct stat status;

	cursor_begin(cursor, pool, fd, CURSOR_FILE);
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EBADMSG;
	return header_take(cursor);
}

int cursor_open_file(struct cursor *cursor, struct chunk_pool *pool, int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return errno == ELOOP ? -EBADMSG : -errno;
	return cursor_open_fd(cursor, pool, fd);
}

int cursor_open_stream(struct cursor *cursor, struct chunk_pool *pool, int fd)
{
	int r;

	cursor_begin(cursor, pool, fd, CURSOR_STREAM);
	for (;;) {
		struct pollfd readable = { .fd = fd, .events = POLLIN };

		r = header_take(cursor);
		if (r != -EAGAIN)
			return r;
		if (poll(&readable, 1, -1) < 0 && errno != EINTR)
			return -errno;
	}
}

void cursor_expect_more(struct cursor *cursor, enum cursor_head head)
{
	cursor->continued = true;
	cursor->position_unknown = head == CURSOR_HEAD_WITHOUT_POSITION;
	if (cursor->position_unknown)
		cursor->position = (struct journal_position){ 0 };
}

void cursor_continue(struct cursor *cursor, int fd)
{
	cursor_journal_position(cursor, &cursor->position);
	cursor->position_unknown = true;
	fd_close(&cursor->fd);
	cursor->fd = fd;
	/* The record that was cut off comes again. */
	cursor->chunk->used = cursor->at;
	cursor->cut = false;
}

void cursor_seek(struct cursor *cursor, uint64_t offset)
{
	if (offset <= cursor_position(cursor))
		return;
	cursor->chunk->used = 0;
	cursor->at = 0;
	cursor->offset = offset;
}

void cursor_close(struct cursor *cursor)
{
	fd_close(&cursor->fd);
	chunk_unref(cursor->chunk);
	*cursor = CURSOR_NONE;
}

/* A stream may continue with another segment, after the zeros at the end of the first. */
static int stream_skip(struct cursor *cursor)
{
	static const uint8_t zeros[JOURNAL_ALIGN];

	for (;;) {
		ssize_t available = cursor_fill(cursor, JOURNAL_ALIGN);
		const uint8_t *bytes = cursor->chunk->data + cursor->at;
		int r;

		if (available < 0)
			return (int)available;
		if (available < JOURNAL_ALIGN)
			return 0;
		if (memcmp(bytes, JOURNAL_MAGIC, JOURNAL_ALIGN) == 0) {
			r = header_take(cursor);
			/* A damaged header is skipped like other damage. */
			if (r < 0)
				return r == -EBADMSG ? 0 : r;
		} else if (memcmp(bytes, zeros, JOURNAL_ALIGN) == 0) {
			cursor->at += JOURNAL_ALIGN;
		} else {
			return 0;
		}
	}
}

/* True if a file that was read to its end has not grown. */
static bool still_quiet(struct cursor *cursor)
{
	uint32_t size = 0;

	if (!cursor->quiet || cursor->chunk->used > cursor->at)
		return false;
	return cursor_read(cursor, &size, sizeof(size), cursor_position(cursor)) <= 0 || size == 0;
}

static int record_take(struct cursor *cursor, struct item *ret)
{
	struct item item;
	size_t span;
	int r;

	if (cursor->kind == CURSOR_STREAM) {
		r = stream_skip(cursor);
		if (r < 0)
			return r;
	}
	r = cursor_record_at(cursor, 0, &item, &span);
	if (r == 0)
		return cursor_resync(cursor, ret);
	if (r < 0)
		return r;
	cursor->at += span;
	cursor->cut = span % JOURNAL_ALIGN != 0;
	if (item_type(&item) == JOURNAL_POSITION) {
		struct journal_position position;

		item_position(&item, &position);
		position_set(cursor, &position, POSITION_BY_RECORD);
	}
	if (item_type(&item) == JOURNAL_EVENT)
		cursor->last = MAX(cursor->last, item_event_time(&item));
	chunk_ref(item.chunk);
	*ret = item;
	return 1;
}

int cursor_next(struct cursor *cursor, struct item *ret)
{
	int r;

	do {
		if (cursor->cut || still_quiet(cursor))
			return 0;
		cursor->quiet = false;
		r = record_take(cursor, ret);
	} while (r == CURSOR_RESYNCED);
	return r;
}
