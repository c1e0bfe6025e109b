/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The closed segments of a journal that is being written: what is in each, how much there is in
 * all, and which of them have to go. Owned by the writer.
 */
#ifndef NFTTRACED_JOURNAL_WRITER_RETENTION_H
#define NFTTRACED_JOURNAL_WRITER_RETENTION_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "journal/format/format.h"

/* What the totals need to know of a segment. */
struct segment_totals {
	uint64_t number;
	uint64_t bytes;
	bool unread; /* written before the journal was opened: what follows is not known yet */
	uint64_t events; /* in the segment */
	uint64_t removed; /* in segments removed earlier, as loss records in this one say */
	uint64_t since; /* of the first of these events, ns, CLOCK_MONOTONIC; 0: none */
	uint64_t until; /* of the last */
};

struct retention {
	GQueue segments; /* struct segment_totals, the oldest first */
	uint64_t bytes; /* in these segments */
	uint64_t events; /* in those that are read */
	uint64_t removed; /* by retention, ever, as far as those that are read tell */
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

/* Counts a loss record: retention's are passed on when the segment goes. */
void segment_totals_loss(struct segment_totals *totals, const struct journal_loss *loss);

/* Finds the segments that are in `dir_fd` already; what is in one is read when it goes, or by
 * retention_read. *ret_last is the highest number; 0: none. */
int retention_open(struct retention *retention, int dir_fd, uint64_t *ret_last);

/* Reads those that were not read yet: `events` and `removed` are complete then. */
void retention_read(struct retention *retention, int dir_fd);

/* The events in segment `number`, and their times, which is read if it was not yet. Count 0: it is not there. */
void retention_count(
	struct retention *retention, int dir_fd, uint64_t number, struct journal_loss *ret);

/* Of the events in segment `number` that many are lost: they do not count as removed with it. */
void retention_lose(struct retention *retention, uint64_t number, uint64_t events);

/* The number of the oldest segment; 0: there is none. */
uint64_t retention_first(const struct retention *retention);

/* Takes in a segment that has been closed. */
void retention_add(struct retention *retention, const struct segment_totals *totals);

/*
 * Removes the oldest segments until `bytes` (0: no limit) and `segments` (0: no limit) hold with
 * `coming` bytes and one segment more. Adds what went to *loss (reason LOSS_RETENTION; count 0 if
 * nothing has). A file that can't be removed stays and is counted. If the next one that will have to go is
 * not read yet, the kernel is told to have it at hand.
 */
void retention_trim(struct retention *retention, int dir_fd, uint64_t bytes, unsigned int segments,
	uint64_t coming, struct journal_loss *loss);

/* Frees what it holds. Accepts a zeroed struct. */
void retention_clear(struct retention *retention);

#endif
