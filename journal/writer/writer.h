/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal writer: appends records to one session's directory, rotates segments and removes the
 * oldest beyond the limits. Events are staged in memory and appended together by a flush; a segment
 * (segment.h) is the file being written, retention (retention.h) has the closed ones, and
 * unsynced.h the bytes that are not yet on the disk. A failed write loses events, which the caller
 * records as a loss; what is in the journal stays whole. Owned by one thread at a time (the
 * daemon's recorder thread while events flow). Never logs; errors are negative errno.
 */
#ifndef NFTTRACED_JOURNAL_WRITER_WRITER_H
#define NFTTRACED_JOURNAL_WRITER_WRITER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "journal/format/format.h"
#include "journal/writer/unsynced.h"

/* After a failed write events are refused for this long with the same error, without a system call.
 * Other records are always written. */
#define JOURNAL_RETRY_MS 100

/* Bytes of events that are written at once; an event with its header is not longer. */
#define JOURNAL_STAGE_SIZE (64U << 10)

struct journal_writer;

struct journal_limits {
	uint64_t segment_size; /* bytes at which a new segment begins; raised to 64 KiB, lowered to
				* a quarter of total_size */
	uint64_t total_size; /* bytes of all segments; the oldest are removed; 0: no limit */
	unsigned int segments; /* at most; 0: no limit */
};

struct journal_totals {
	uint64_t events; /* in the journal now, or once in it and removed by retention */
	uint64_t removed; /* of these: removed by retention */
	uint64_t bytes; /* on disk now */
	uint32_t segments; /* on disk now */
};

/*
 * Begins (or continues, after the last segment there) a journal in the directory `dir_fd`, which
 * the writer duplicates. Segments that exist are not read. `start` is the JSON text of the
 * JOURNAL_START record, `settings` that of the first JOURNAL_SETTINGS. Files are created with mode
 * 0644: the directory above keeps others out.
 */
int journal_writer_open(int dir_fd, uint64_t session, const char *start, const char *settings,
	const struct journal_limits *limits, struct journal_writer **ret);

/*
 * Takes one event as the ring carried it. Copies; allocates nothing; a system call only when
 * JOURNAL_STAGE_SIZE bytes or a segment are full. The next journal_writer_flush writes it, or
 * reports its loss. Negative: it was not taken, -ENOSPC, -EDQUOT, -EIO ... because of an earlier
 * failure (see JOURNAL_RETRY_MS), -EINVAL because it is not an event.
 */
int journal_writer_append_event(struct journal_writer *writer, uint16_t ring, uint32_t position,
	const void *event, uint32_t size);

/* The record of the last event taken, with its payload. Valid until the writer is used again. */
const struct journal_record *journal_writer_last(const struct journal_writer *writer);

/* Takes an event whose record another writer made. */
int journal_writer_append_record(
	struct journal_writer *writer, const struct journal_record *record);

/*
 * Writes the events that were taken: when this returns they are in the journal and survive the
 * death of the process. Negative: some were lost since the last flush; *ret_lost has their number
 * and times, the caller sets its reason. The journal stays whole all the same, and a later call
 * resumes.
 */
int journal_writer_flush(struct journal_writer *writer, struct journal_loss *ret_lost);

/* Writes a JSON dictionary record (JOURNAL_SETTINGS, JOURNAL_END). Settings are remembered and
 * repeated at the head of later segments. */
int journal_writer_append_json(
	struct journal_writer *writer, enum journal_type type, const char *json);

/* Write a move of the clock, and a loss. */
int journal_writer_append_clock(struct journal_writer *writer, const struct journal_clock *clock);
int journal_writer_append_loss(struct journal_writer *writer, const struct journal_loss *loss);

/* The number of the segment that is being written. */
uint64_t journal_writer_segment(const struct journal_writer *writer);

/* Where that segment ends: the bytes written so far. */
uint64_t journal_writer_end(const struct journal_writer *writer);

/*
 * Syncing to the disk. Written records survive the death of the process; synced ones survive that
 * of the machine. The writer's owner begins and ends a sync; a thread that may wait runs it.
 *
 * journal_writer_sync_begin returns a sync of all that was written and not synced yet; the caller
 * runs and unrefs it. NULL: nothing to sync, one is under way, or no descriptors are left: try
 * again later. journal_writer_sync_end returns its error or 0, and the records it lost. After an
 * error the next record begins a new segment, so that none follows records that may be lost.
 */
struct journal_sync *journal_writer_sync_begin(struct journal_writer *writer);
int journal_writer_sync_end(struct journal_writer *writer, struct journal_unstored *ret);

/* True if a sync is under way and was run, so that journal_writer_sync_end must be called. */
bool journal_writer_sync_is_due(const struct journal_writer *writer);

/* Begins a sync, runs it and ends it: waits for the disk. A sync under way is ended first.
 * Negative: the first error. */
int journal_writer_sync(struct journal_writer *writer, struct journal_unstored *ret);

/* Bytes that were written and are not known to be on the disk. */
struct journal_waiting {
	uint64_t bytes;
	uint64_t events; /* among them; without those from before the journal was continued */
	uint64_t since; /* ns, CLOCK_MONOTONIC: when the oldest of them was written; 0: none */
	uint64_t fresh; /* as `since`, of bytes that are in no sync under way */
};
void journal_writer_waiting(const struct journal_writer *writer, struct journal_waiting *ret);

/* The totals of the journal, without events that were taken and not yet written. Reads, once, the
 * segments from before a journal was continued. */
void journal_writer_totals(struct journal_writer *writer, struct journal_totals *ret);

/* Writes the events that were taken and closes the last segment. Accepts NULL; returns NULL. */
struct journal_writer *journal_writer_free(struct journal_writer *writer);

#endif
