/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a cursor reads: ahead into its chunk, and the record at a position in it. For cursor.c,
 * resync.c and journal-tail.c.
 */
#ifndef NFTTRACED_JOURNAL_READER_RECORD_READER_H
#define NFTTRACED_JOURNAL_READER_RECORD_READER_H

#include <sys/types.h>

#include "journal/reader/cursor.h"

/* Reads bytes at `offset`, or the next ones of a stream. Returns their number or negative errno. */
ssize_t cursor_read(const struct cursor *cursor, void *out, size_t size, uint64_t offset);

/* Moves unread bytes to the front of a chunk with room for `need` bytes. */
void cursor_chunk_renew(
	struct cursor *cursor, size_t need, const struct journal_segment *segment, bool swapped);

/* Reads until the chunk has `need` bytes from the cursor on. Returns their number, which is less at
 * the end. May move the chunk. */
ssize_t cursor_fill(struct cursor *cursor, size_t need);

/* 1 if a valid record is `ahead` bytes from the cursor: *ret (no reference) and the bytes it
 * takes. */
int cursor_record_at(struct cursor *cursor, size_t ahead, struct item *ret, size_t *ret_span);

#endif
