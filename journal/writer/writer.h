/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal writer: appends records to one session's directory, rotates segments and removes the
 * oldest beyond the limits. Owned by one thread at a time (the daemon's recorder thread while events
 * flow). Never logs; errors are negative errno.
 */
#ifndef NFTTRACED_JOURNAL_WRITER_WRITER_H
#define NFTTRACED_JOURNAL_WRITER_WRITER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "journal/format/format.h"
#include "journal/writer/unsynced.h"

/* After a failed write an event is not tried again for so long: the same error is returned at
 * once, without a system call. Other records are always tried. */
#define JOURNAL_RETRY_MS 100

/* Bytes of events that are written at once; an event with its header is no longer than that. */
#define JOURNAL_STAGE_SIZE (64U << 10)

struct journal_writer;

struct journal_limits {
	uint64_t segment_size; /* bytes at which a new segment begins; raised to 64 KiB, lowered to
				* a quarter of total_size */
	uint64_t
		total_size; /* bytes of all segments together; the oldest are removed; 0: no limit */
	unsigned int segments; /* how many are kept; 0: no limit */
};

struct journal_totals {
	uint64_t events; /* in the journal now, or once in it and removed by retention */
	uint64_t removed; /* of these: removed by retention */
	uint64_t bytes; /* on disk now */
	uint32_t segments; /* on disk now */
};

/*
 * Begins (or continues, after the last segment there) a journal in the directory `dir_fd`, which
 * the writer duplicates. What is there already is not read, however much it is. `start` is the JSON text of the JOURNAL_START record, `settings` that of
 * the first JOURNAL_SETTINGS. Files are created with mode 0644: the directory above keeps others out.
 */
int journal_writer_open(int dir_fd, uint64_t session, const char *start, const char *settings,
	const struct journal_limits *limits, struct journal_writer **ret);

/*
 * Takes one event as the ring carried it. Copies; allocates nothing; a system call only when
 * JOURNAL_STAGE_SIZE bytes or a segment are full. It is in the journal after the next
 * journal_writer_flush, or was lost, which that tells. Negative: it was not taken, -ENOSPC, -EDQUOT,
 * -EIO ... because of what happened to others before (see JOURNAL_RETRY_MS), -EINVAL because it is
 * no event.
 */
int journal_writer_append_event(struct journal_writer *writer, uint16_t ring, uint32_t position,
	const void *event, uint32_t size);

/* The record of the event that was taken last, payload and all, until the writer is used again. */
const struct journal_record *journal_writer_last(const struct journal_writer *writer);

/* Takes an event whose record another writer made. */
int journal_writer_append_record(
	struct journal_writer *writer, const struct journal_record *record);

/*
 * Writes the events that were taken: when this returns they are in the journal and survive the
 * death of the process. Negative: some were lost since the last flush; *ret_lost has how many, and
 * their times; its reason is the caller's to say. What is in the journal is whole all the same, and
 * a later call goes on.
 */
int journal_writer_flush(struct journal_writer *writer, struct journal_loss *ret_lost);

/* Writes a JSON dictionary record (JOURNAL_SETTINGS, JOURNAL_END). Settings are remembered and
 * repeated at the head of later segments. */
int journal_writer_append_json(
	struct journal_writer *writer, enum journal_type type, const char *json);

/* Writes a loss record. */
int journal_writer_append_clock(struct journal_writer *writer, const struct journal_clock *clock);
int journal_writer_append_loss(struct journal_writer *writer, const struct journal_loss *loss);

/* The number of the segment that is being written. */
uint64_t journal_writer_segment(const struct journal_writer *writer);

/* Where that segment ends: what was written so far. */
uint64_t journal_writer_end(const struct journal_writer *writer);

/*
 * The way to the disk. What was written survives the death of the process; what was synced survives that
 * of the machine. A sync is begun and ended by the writer's owner, and run by a thread that may wait.
 *
 * journal_writer_sync_begin hands out what was written and not synced yet; the caller runs it and unrefs
 * it. NULL: there is nothing, or one is on its way, or there are no descriptors for it: try again later.
 * journal_writer_sync_end, when that is done, gives the error, or 0, and what it costs. After an error the
 * next record begins a new segment, so that nothing is built on what may not be there.
 */
struct journal_sync *journal_writer_sync_begin(struct journal_writer *writer);
int journal_writer_sync_end(struct journal_writer *writer, struct journal_unstored *ret);

/* A sync is on its way: true if it was run, so that journal_writer_sync_end is due. */
bool journal_writer_sync_is_due(const struct journal_writer *writer);

/* Both, and what lies between: waits for the disk. What was on its way is ended first. Negative: the first
 * error. */
int journal_writer_sync(struct journal_writer *writer, struct journal_unstored *ret);

/* What was written and is not known to be on the disk. */
struct journal_waiting {
	uint64_t bytes;
	uint64_t events; /* among them; of a journal that was continued not those that were there */
	uint64_t since; /* ns, CLOCK_MONOTONIC: when the oldest of them was written; 0: none is */
	uint64_t fresh; /* the same for what no sync is on its way for */
};
void journal_writer_waiting(const struct journal_writer *writer, struct journal_waiting *ret);

/* What the journal has, as of now; without events that were taken and not yet written. Of a journal that
 * was continued it reads, once, all that was there. */
void journal_writer_totals(struct journal_writer *writer, struct journal_totals *ret);

/* Writes the events that were taken and closes the last segment. Accepts NULL; returns NULL. */
struct journal_writer *journal_writer_free(struct journal_writer *writer);

#endif
