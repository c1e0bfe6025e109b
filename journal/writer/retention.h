/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The closed segments of a journal that is being written: their events, their bytes, and the
 * removal of the oldest. Owned by the writer.
 */
#ifndef NFTTRACED_JOURNAL_WRITER_RETENTION_H
#define NFTTRACED_JOURNAL_WRITER_RETENTION_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "journal/format/format.h"

/* The events of a segment. */
struct segment_totals {
	uint64_t number;
	uint64_t bytes;
	bool unread; /* written before the journal was opened: the members below are unknown yet */
	uint64_t events; /* in the segment */
	uint64_t removed; /* in segments removed earlier, as of the loss records in this one */
	uint64_t since; /* of the first of these events, ns, CLOCK_MONOTONIC; 0: none */
	uint64_t until; /* of the last */
};

struct retention {
	GQueue segments; /* struct segment_totals, the oldest first */
	uint64_t bytes; /* in these segments */
	uint64_t events; /* in those that are read */
	uint64_t removed; /* by retention, ever, as of the loss records in those that are read */
};

/* Counts an event at `time`. */
static inline void segment_totals_event(struct segment_totals *totals, uint64_t time)
{
	totals->events++;
	if (totals->since == 0)
		totals->since = time;
	totals->until = time;
}

/* Counts the events of `more`, which came after those in `totals`. */
void segment_totals_add(struct segment_totals *totals, const struct segment_totals *more);

/* Counts a loss record: those of retention are passed on when the segment is removed. */
void segment_totals_loss(struct segment_totals *totals, const struct journal_loss *loss);

/* Finds the segments in `dir_fd`. Their events are counted when they are removed, or by
 * retention_read. *ret_last is the highest number; 0: none. */
int retention_open(struct retention *retention, int dir_fd, uint64_t *ret_last);

/* Reads the segments that were not read yet: `events` and `removed` are complete then. */
void retention_read(struct retention *retention, int dir_fd);

/* The events in segment `number`, and their times; it is read if it was not yet. Count 0: it does
 * not exist. */
void retention_count(
	struct retention *retention, int dir_fd, uint64_t number, struct journal_loss *ret);

/* Records that `events` in segment `number` are lost: they do not count as removed with it. */
void retention_record_loss(struct retention *retention, uint64_t number, uint64_t events);

/* The number of the oldest segment; 0: none. */
uint64_t retention_first(const struct retention *retention);

/* Adds a segment that was closed. */
void retention_add(struct retention *retention, const struct segment_totals *totals);

/*
 * Removes the oldest segments until `bytes` (0: no limit) and `segments` (0: no limit) hold with
 * `coming` bytes and one segment more. Adds the removed events to *loss (reason LOSS_RETENTION;
 * count 0: none). A file that can't be removed stays and is counted. If the next one to be removed
 * is not read yet, the kernel is asked to read it ahead.
 */
void retention_trim(struct retention *retention, int dir_fd, uint64_t bytes, unsigned int segments,
	uint64_t coming, struct journal_loss *loss);

/* Frees its memory. Accepts a zeroed struct. */
void retention_clear(struct retention *retention);

#endif
