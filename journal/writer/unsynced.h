/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of a journal that are not known to be on the disk: for each segment the number of
 * bytes, their events, and their loss records. Owned by the writer. Bytes handed to a sync are kept
 * apart from bytes written meanwhile: if the sync fails the former are lost, and the latter wait
 * for the next sync.
 */
#ifndef NFTTRACED_JOURNAL_WRITER_UNSYNCED_H
#define NFTTRACED_JOURNAL_WRITER_UNSYNCED_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "journal/format/format.h"
#include "journal/writer/retention.h"
#include "journal/writer/sync.h"

/* The records that a failed sync lost. */
struct journal_unstored {
	struct journal_loss lost; /* events and their times; the caller sets the reason */
	/* Losses whose records were lost with them, by reason: they must be written again. `until`
	 * 0: none. */
	struct journal_loss losses[LOSS_REASONS];
};

/* A part of a segment. */
struct unsynced_part {
	uint64_t bytes;
	struct journal_unstored what;
};

struct unsynced {
	/* Of struct unsynced_segment, the oldest first; the last one is being written. */
	GQueue segments;
	unsigned int open; /* number of the others whose descriptors are kept */
	bool names; /* names in the directory changed since a sync of them began */
	uint64_t bytes, events; /* sums */
	uint64_t since; /* ns, CLOCK_MONOTONIC: when the oldest of them were written; 0: none */
	uint64_t began; /* as `since`, of bytes written after a sync began */
	struct journal_sync *flying; /* under way; NULL: none */
};

/* Adds a new segment with `bytes` in it: the one being written. */
void unsynced_open(struct unsynced *unsynced, uint64_t number, uint64_t bytes);

/* The segment being written is complete: takes over its descriptor. */
void unsynced_close(struct unsynced *unsynced, int fd);

/* Adds a segment from before the journal was opened, whose events are unknown. */
void unsynced_add(struct unsynced *unsynced, uint64_t number, uint64_t bytes);

/* Counts bytes that were written, with `totals` of the events among them, or NULL. */
void unsynced_write(struct unsynced *unsynced, uint64_t bytes, const struct segment_totals *totals);

/* Counts a loss record among them. */
void unsynced_add_loss(struct unsynced *unsynced, const struct journal_loss *loss);

/* Forgets segments before `number`, which were removed. */
void unsynced_forget(struct unsynced *unsynced, uint64_t number);

/* Returns a sync of all unsynced bytes; `fd` is of the segment being written. NULL: nothing to
 * sync, a sync is under way, or no descriptors are left. The caller owns the reference. */
struct journal_sync *unsynced_sync(struct unsynced *unsynced, int dir_fd, int fd);

/* The result of a sync. */
struct unsynced_outcome {
	int error; /* negative errno; 0: all of it is on the disk */
	struct journal_unstored unstored;
	bool current; /* the segment being written failed */
	uint64_t current_events; /* of it */
};

/* Evaluates the sync, which was run. The totals of closed segments in `retention` have no lost
 * events afterwards; unknown ones are read there. */
void unsynced_end(struct unsynced *unsynced, struct retention *retention, int dir_fd,
	struct unsynced_outcome *ret);

/* Adds a loss to `waiting`, which has one for each reason. */
void journal_loss_merge(struct journal_loss *waiting, const struct journal_loss *loss);

/* Closes all descriptors. Accepts a zeroed struct, which is the initial state. */
void unsynced_clear(struct unsynced *unsynced);

#endif
