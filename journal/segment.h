/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One segment that is being written: a file that is allocated ahead of what is written, and a
 * window of it that is mapped. Allocated first, then mapped: a full disk is an error and never a
 * SIGBUS. Owned by the writer.
 */
#ifndef NFTTRACED_JOURNAL_SEGMENT_H
#define NFTTRACED_JOURNAL_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

/* A segment is allocated in steps that double from the first to the second: a small session takes
 * little room, a busy one few system calls. */
#define SEGMENT_STEP_MIN (64U << 10)
#define SEGMENT_STEP_MAX (1U << 20)

struct segment {
	int fd; /* -1: none */
	uint64_t end; /* bytes written: where the next record goes */
	uint64_t allocated; /* bytes of the file */
	uint8_t *window; /* the mapped part of the file, NULL: none */
	uint64_t window_at; /* file offset of window[0] */
	size_t window_size;
};

/* A segment that is not there: segment_close may be called on it. */
#define SEGMENT_NONE ((struct segment){ .fd = -1 })

/*
 * Creates an empty segment that has no name yet which a reader would know: it shows up with
 * segment_publish. One at a time for a directory. Negative errno.
 */
int segment_create(int dir_fd, struct segment *ret);

/* Gives the segment its name. */
int segment_publish(int dir_fd, uint64_t number);

/* Removes the file of a segment that was created and not published. */
void segment_discard(int dir_fd);

/* What segment_reserve does when the window is used up. */
int segment_grow(struct segment *segment, size_t bytes);

/*
 * Gives zeroed, mapped room for `bytes` at the segment's end. A system call only when the window is
 * used up. -ENOSPC, -EDQUOT, ...: nothing has changed.
 */
static inline int segment_reserve(struct segment *segment, size_t bytes, void **ret)
{
	if (segment->end + bytes > segment->window_at + segment->window_size) {
		int r = segment_grow(segment, bytes);

		if (r < 0)
			return r;
	}
	*ret = segment->window + (segment->end - segment->window_at);
	return 0;
}

/* Cuts the file to what was written and closes it. */
void segment_close(struct segment *segment);

#endif
