/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A place in one run of journal bytes, a segment file or a stream, that moves on record by record,
 * and over damage. Files are read, not mapped: nobody can pull a page away under it. Owned by its
 * user; the items that it gives hold references of their own.
 */
#ifndef NFTTRACED_JOURNAL_READER_CURSOR_H
#define NFTTRACED_JOURNAL_READER_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "journal/reader/item.h"

enum cursor_kind {
	CURSOR_FILE,
	CURSOR_STREAM,
};

struct cursor {
	int fd; /* -1: none */
	enum cursor_kind kind;
	struct chunk_pool *pool;
	struct chunk *chunk;
	size_t at; /* of the next record in the chunk */
	uint64_t offset; /* of the chunk's first byte in the file or stream */
	uint64_t last; /* time of the newest event given, ns */
	bool quiet; /* the end was reached and what is behind it was looked at */
	bool cut; /* the bytes ended within a header or record: nothing can follow */

	/* Of a stream. */
	bool continued; /* it may end anywhere and be continued there: that is no damage */
	bool unplaced; /* `place` is that of the last stream, until this one tells */
	struct journal_position place; /* of the byte at `placed`; segment 0: not known */
	uint64_t placed; /* a cursor_position */
};

#define CURSOR_NONE ((struct cursor){ .fd = -1 })
#define auto_cursor __attribute__((cleanup(cursor_close))) struct cursor

/*
 * Checks a segment's header of which `size` bytes are there. *ret has numbers in host order and
 * byte_order as it was stored. -EBADMSG: not a segment; -EPROTONOSUPPORT: a newer version, *ret has
 * it.
 */
int segment_parse(const void *bytes, size_t size, struct journal_segment *ret);

/* Opens a segment file. Errors of segment_parse and openat; only regular files. `pool` outlives the
 * cursor and its items. The cursor is to be closed also after a failure. */
int cursor_open_file(struct cursor *cursor, struct chunk_pool *pool, int dir_fd, const char *name);

/* The same on an open file, which it takes over, also when it fails. */
int cursor_open_fd(struct cursor *cursor, struct chunk_pool *pool, int fd);

/* The first header of a stream; waits for it. Takes over `fd`, also when it fails. */
int cursor_open_stream(struct cursor *cursor, struct chunk_pool *pool, int fd);

/*
 * The next record: 1 and *ret, whose chunk the caller unrefs. 0: there is none at the moment. What
 * is damaged comes as a JOURNAL_LOSS with LOSS_DAMAGED. -EAGAIN: a non-blocking stream has none
 * yet.
 */
int cursor_next(struct cursor *cursor, struct item *ret);

/* Goes on at `offset` in a file that was just opened, where a record begins; not back. */
void cursor_seek(struct cursor *cursor, uint64_t offset);

enum cursor_head {
	CURSOR_HEAD_PLACED, /* the stream began with the journal */
	CURSOR_HEAD_UNPLACED, /* its place comes behind the dictionaries */
};

/* From now on the stream may end anywhere, and cursor_continue goes on with another one. */
void cursor_expect_more(struct cursor *cursor, enum cursor_head head);

/* Goes on with the stream `fd`, which it takes over, at the cursor's place. */
void cursor_continue(struct cursor *cursor, int fd);

/* Where in the journal the next record of a stream will be. False if that is not known. */
bool cursor_journal_position(const struct cursor *cursor, struct journal_position *ret);

/* Bytes that have been passed. */
static inline uint64_t cursor_position(const struct cursor *cursor)
{
	return cursor->offset + cursor->at;
}

/* Accepts CURSOR_NONE. */
void cursor_close(struct cursor *cursor);

#endif
