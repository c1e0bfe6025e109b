/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a cursor reads: ahead into its chunk, and the record at a place of it. For cursor.c, resync.c and
 * journal-tail.c.
 */
#ifndef NFTTRACED_JOURNAL_READER_RECORD_READER_H
#define NFTTRACED_JOURNAL_READER_RECORD_READER_H

#include <sys/types.h>

#include "journal/reader/cursor.h"

/* Bytes at `offset`, or the next ones of a stream: how many. Negative errno. */
ssize_t cursor_read(const struct cursor *cursor, void *out, size_t size, uint64_t offset);

/* Moves what is not yet read to the front of a chunk with room for `need` bytes. */
void cursor_chunk_renew(
	struct cursor *cursor, size_t need, const struct journal_segment *segment, bool swapped);

/* Reads until `need` bytes from the cursor on are there; how many there are: fewer at the end. May
 * move the chunk. */
ssize_t cursor_fill(struct cursor *cursor, size_t need);

/* 1 if a valid record is `ahead` bytes from the cursor: *ret (no reference) and the bytes it
 * takes. */
int cursor_record_at(struct cursor *cursor, size_t ahead, struct item *ret, size_t *ret_span);

#endif
