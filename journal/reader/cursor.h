/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A position in a segment file or a stream, which moves record by record and over damage. Files are
 * read, not mapped: a file that is truncated meanwhile can't crash the program. Owned by its user;
 * the items that it returns have references of their own.
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
	bool quiet; /* the end was reached, and the bytes behind it were examined */
	bool cut; /* the bytes ended within a header or record: nothing can follow */

	/* Of a stream. */
	bool continued; /* it may end anywhere and be continued there: that is no damage */
	bool position_unknown; /* `position` is of the stream before: no position record yet */
	struct journal_position position; /* of the byte at `position_at`; segment 0: not known */
	uint64_t position_at; /* a cursor_position */
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

/* As cursor_open_file, of an open file. Takes over `fd`, also on failure. */
int cursor_open_fd(struct cursor *cursor, struct chunk_pool *pool, int fd);

/* Reads the first header of a stream, waiting for it. Takes over `fd`, also on failure. */
int cursor_open_stream(struct cursor *cursor, struct chunk_pool *pool, int fd);

/*
 * The next record: 1 and *ret, whose chunk the caller unrefs. 0: there is none at the moment.
 * Damage is returned as a JOURNAL_LOSS with LOSS_DAMAGED. -EAGAIN: a non-blocking stream has none
 * yet.
 */
int cursor_next(struct cursor *cursor, struct item *ret);

/* Moves forward to `offset`, where a record begins, in a file that was just opened. */
void cursor_seek(struct cursor *cursor, uint64_t offset);

enum cursor_head {
	CURSOR_HEAD_WITH_POSITION, /* the stream began with the journal */
	CURSOR_HEAD_WITHOUT_POSITION, /* its position follows the dictionaries */
};

/* From now on the stream may end anywhere, and cursor_continue resumes with another one. */
void cursor_expect_more(struct cursor *cursor, enum cursor_head head);

/* Resumes at the cursor's position with the stream `fd`, which it takes over. */
void cursor_continue(struct cursor *cursor, int fd);

/* Where in the journal the next record of a stream will be. False if unknown. */
bool cursor_journal_position(const struct cursor *cursor, struct journal_position *ret);

/* Bytes before the cursor. */
static inline uint64_t cursor_position(const struct cursor *cursor)
{
	return cursor->offset + cursor->at;
}

/* Accepts CURSOR_NONE. */
void cursor_close(struct cursor *cursor);

#endif
