/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a journal is not known to be on the disk: of each segment that has such bytes how many, which
 * events are among them, and which losses they tell of. Owned by the writer. What is handed to a sync is
 * kept apart from what is written meanwhile: if the sync fails, the first is lost and the second waits
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

/* What a sync that failed has cost. */
struct journal_unstored {
	struct journal_loss lost; /* events and their times; the reason is the caller's to say */
	/* Losses whose records went with them, by reason: to be written again; `until` 0: none. */
	struct journal_loss losses[LOSS_REASONS];
};

/* A part of a segment. */
struct unsynced_part {
	uint64_t bytes;
	struct journal_unstored what;
};

struct unsynced {
	GQueue segments; /* struct unsynced_segment, the oldest first; the last is the one being written */
	unsigned int open; /* of the others, those whose descriptors are kept */
	bool names; /* names in the directory changed since a sync of them began */
	uint64_t bytes, events; /* sums */
	uint64_t since; /* ns, CLOCK_MONOTONIC: when the oldest of them were written; 0: none are */
	uint64_t began; /* the same of those that were written since a sync began */
	struct journal_sync *flying; /* handed out; NULL: none */
};

/* A segment is begun, with `bytes` in it: it is the one being written. */
void unsynced_open(struct unsynced *unsynced, uint64_t number, uint64_t bytes);

/* The one being written is not written any more: takes over its descriptor. */
void unsynced_close(struct unsynced *unsynced, int fd);

/* A segment that was there before the journal was opened. What is in it is not known. */
void unsynced_found(struct unsynced *unsynced, uint64_t number, uint64_t bytes);

/* Bytes were written, with `totals` of the events among them, or NULL. */
void unsynced_write(struct unsynced *unsynced, uint64_t bytes, const struct segment_totals *totals);

/* A loss record was among them. */
void unsynced_loss(struct unsynced *unsynced, const struct journal_loss *loss);

/* Segments before `number` are removed. */
void unsynced_forget(struct unsynced *unsynced, uint64_t number);

/* Hands out what there is; `fd` is that of the segment being written. NULL: there is nothing, a sync is
 * on its way, or there are no descriptors. The reference is the caller's. */
struct journal_sync *unsynced_sync(struct unsynced *unsynced, int dir_fd, int fd);

/* What came of a sync. */
struct unsynced_outcome {
	int error; /* negative errno; 0: all of it is on the disk */
	struct journal_unstored unstored;
	bool current; /* the segment being written is among what failed */
	uint64_t current_events; /* of it */
};

/* The sync that was handed out was run. The closed segments' totals in `retention` have no lost events
 * afterwards; what is not known of one is read there. */
void unsynced_end(struct unsynced *unsynced, struct retention *retention, int dir_fd,
	struct unsynced_outcome *ret);

/* Adds a loss to `waiting`, one by reason. */
void journal_loss_merge(struct journal_loss *waiting, const struct journal_loss *loss);

/* Closes what it has. Accepts a zeroed struct, which is how it begins. */
void unsynced_clear(struct unsynced *unsynced);

#endif
