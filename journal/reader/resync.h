/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a cursor skips damage: how much is damaged, and where the next record begins. Only cursor.c
 * and resync.c include this.
 */
#ifndef NFTTRACED_JOURNAL_READER_RESYNC_H
#define NFTTRACED_JOURNAL_READER_RESYNC_H

#include <sys/types.h>

#include "journal/reader/cursor.h"

/* Bytes behind damage in which the next record is searched; more than the longest record. */
#define RESYNC_DISTANCE_MAX (2U << 20)

/* At most this many bytes of candidates are checksummed in a search. */
#define RESYNC_CHECKSUM_MAX (16U << 20)

/* A record is there, which was written in the meantime. */
#define CURSOR_RESYNCED 2

/* The result of cursor_next where there is no valid record: 0 at the end, 1 and a loss, or an
 * error. CURSOR_RESYNCED: try again. */
int cursor_resync(struct cursor *cursor, struct item *ret);

#endif
