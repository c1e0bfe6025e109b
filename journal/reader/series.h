/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The segments of a journal directory one after another, also while they are written and removed.
 * Owned by the reader.
 */
#ifndef NFTTRACED_JOURNAL_READER_SERIES_H
#define NFTTRACED_JOURNAL_READER_SERIES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "journal/reader/cursor.h"

struct series {
	int dir_fd; /* -1: a single file, which is opened already */
	struct chunk_pool *pool;
	GArray *numbers; /* uint64_t: the segments when the directory was read last */
	uint64_t number; /* of the segment that is open, or was last; 0: none yet */
	struct cursor cursor;
	bool complete; /* the open segment was known to have a successor before it was read on */
	bool missing; /* segments before or between do not exist */
	bool retention; /* a record had what retention removed */
	uint64_t passed; /* bytes of the segments before the open one */
	uint64_t total; /* bytes of all */
};

#define SERIES_NONE ((struct series){ .dir_fd = -1, .cursor = CURSOR_NONE })

/*
 * Opens the directory `fd`, which it takes over, also on failure. -ENODATA: no segment in it;
 * -EBADMSG: none of them is one; -EPROTONOSUPPORT: the last one is newer, *ret_version.
 */
int series_open(struct series *series, struct chunk_pool *pool, int fd, unsigned int *ret_version);

/* Opens one segment file in the same way. */
int series_open_file(
	struct series *series, struct chunk_pool *pool, int fd, unsigned int *ret_version);

/* Opens the directory or file of `other` again, from the beginning. Close it also after a
 * failure. */
int series_open_again(struct series *series, struct chunk_pool *pool, const struct series *other);

/* As cursor_next, over all segments. */
int series_next(struct series *series, struct item *ret);

/* Closes everything. Accepts SERIES_NONE. */
void series_close(struct series *series);

#endif
