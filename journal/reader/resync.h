/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cursor's way over damage: what lies where no valid record is, and where the next one begins.
 * Only cursor.c and resync.c include this.
 */
#ifndef NFTTRACED_JOURNAL_READER_RESYNC_H
#define NFTTRACED_JOURNAL_READER_RESYNC_H

#include <sys/types.h>

#include "journal/reader/cursor.h"

/* The next record is looked for so far behind damage, bytes; more than the longest record, so that
 * nothing hides behind one. */
#define RESYNC_DISTANCE_MAX (2U << 20)

/* Bytes of candidates that are checksummed at most on the way. */
#define RESYNC_CHECKSUM_MAX (16U << 20)

/* There is a record after all, which was written in the meantime. */
#define CURSOR_RESYNCED 2

/* What cursor_next gives where there is no valid record: 0 at the end, 1 and a loss, or an
 * error; CURSOR_RESYNCED: try again. */
int cursor_resync(struct cursor *cursor, struct item *ret);

#endif
