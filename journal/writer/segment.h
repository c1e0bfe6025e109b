/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One segment that is being written: a file to which only whole records are appended, with a lock
 * that shows readers that it is being written. Nothing is mapped or allocated ahead: a full disk is
 * an error of write(2), and written records survive the death of the writer. Owned by the writer.
 */
#ifndef NFTTRACED_JOURNAL_WRITER_SEGMENT_H
#define NFTTRACED_JOURNAL_WRITER_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

struct segment {
	int fd; /* -1: none */
	uint64_t end; /* bytes of the file: where the next record goes */
};

/* No segment; segment_close accepts it. */
#define SEGMENT_NONE ((struct segment){ .fd = -1 })

/*
 * Creates a segment that begins with `size` bytes of `head`, a journal_segment and records. Readers
 * do not see it before segment_publish. One at a time for each directory. Negative errno: nothing
 * is left of it.
 */
int segment_create(int dir_fd, const void *head, size_t size, struct segment *ret);

/* Gives the segment its name. */
int segment_publish(int dir_fd, uint64_t number);

/* Removes the file of a segment that was created and not published. */
void segment_discard(int dir_fd);

/*
 * Appends `size` bytes of whole records. -ENOSPC, -EDQUOT, ...: not all of them, and no part of a
 * record. *ret_appended is always set, to the number of bytes appended.
 */
int segment_append(struct segment *segment, const void *records, size_t size, size_t *ret_appended);

/* Closes it. Accepts SEGMENT_NONE. */
void segment_close(struct segment *segment);

#endif
