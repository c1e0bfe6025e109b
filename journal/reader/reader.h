/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal reader: returns the records of a journal directory, a single segment file or a stream
 * (a follow pipe, standard input) in order of time. Damaged and missing records are returned as
 * losses, so that a reader never fails because of them. Works on a journal that is still being
 * written; needs no lock and no daemon. Inside, a series (series.h) opens segment after segment, a
 * cursor (cursor.h) reads one of them record by record and over damage (resync.h), and merge.h
 * brings the rings into order. Owned by its caller; one thread. Never logs.
 */
#ifndef NFTTRACED_JOURNAL_READER_READER_H
#define NFTTRACED_JOURNAL_READER_READER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "journal/format/format.h"
#include "journal/reader/name-table.h"

/* At most this many events are held back to bring the rings into order of time. */
#define JOURNAL_MERGE_WINDOW 4096

struct journal_reader;

/* One record. The pointers are valid until the next call of journal_reader_next. */
struct journal_entry {
	enum journal_type type;
	const void *data; /* payload */
	uint32_t size;
	uint16_t ring;
	uint32_t position;
	uint32_t byte_order; /* as in the segment header: compare with JOURNAL_BYTE_ORDER */
	const struct journal_segment *segment; /* of the segment the record is from */
	union {
		struct journal_loss
			loss; /* JOURNAL_LOSS: in host order; also added by the reader */
		struct journal_clock clock; /* JOURNAL_CLOCK: in host order */
	};
};

/*
 * Opens `path` (a directory with segments, or one segment file; relative to `dir_fd`, AT_FDCWD for
 * the working directory). *ret_reason gets one sentence for a person when it fails (g_free it):
 * -ENOENT, -EBADMSG (not a journal), -EPROTONOSUPPORT (a newer format), ...
 */
int journal_reader_open(
	int dir_fd, const char *path, struct journal_reader **ret, char **ret_reason);

/* Opens a stream of journal bytes; takes over `fd`. Failures as of journal_reader_open. */
int journal_reader_open_stream(int fd, struct journal_reader **ret, char **ret_reason);

/*
 * The next record: 1 and *ret, 0 when there is none (a directory that is still written may have
 * more later; a stream is at its end, or has none at the moment if it is non-blocking: -EAGAIN). A
 * damaged record or segment is returned as a JOURNAL_LOSS entry with reason LOSS_DAMAGED, and
 * reading resumes behind it. Missing segments that no record mentions are returned as a
 * LOSS_RETENTION of unknown count where the journal ends. Events of different rings are merged by
 * time within JOURNAL_MERGE_WINDOW events. Repeated dictionaries (same bytes as before) are
 * returned once. Dictionaries of names are not returned: they go to the name table, as do moves of
 * the wall clock that were read ahead.
 */
int journal_reader_next(struct journal_reader *reader, struct journal_entry *ret);

/*
 * Reads ahead in a stream, as far as the window has room, and fills the name table; the last entry
 * stays valid. 0: the stream is at its end; -EAGAIN: it has no more at the moment; 1: the window is
 * full.
 */
int journal_reader_read_ahead(struct journal_reader *reader);

/* Limits the memory for records that are held back for the order of time; 32 MiB by default. Beyond
 * it records are returned too early. */
void journal_reader_limit(struct journal_reader *reader, size_t bytes);

/*
 * The stream is of a daemon that may be restarted: if it ends before the session does it can be
 * continued. For streams, before the first journal_reader_next.
 */
enum journal_stream {
	JOURNAL_STREAM_WHOLE, /* from the journal's beginning */
	JOURNAL_STREAM_PART,
};
void journal_reader_expect_more(struct journal_reader *reader, enum journal_stream stream);

/*
 * The position in the journal behind all records returned, once journal_reader_next has no more:
 * another stream may begin there. False if unknown yet. journal_reader_continue resumes with that
 * stream, whose `fd` it takes over; the dictionaries that it repeats are not returned again.
 */
bool journal_reader_position(const struct journal_reader *reader, struct journal_position *ret);
void journal_reader_continue(struct journal_reader *reader, int fd);

/* True if all records were returned that were in the journal when the stream was continued. */
bool journal_reader_caught_up(const struct journal_reader *reader);

/* The names for the numbers in events. Owned by the reader, which fills it as it reads. */
struct name_table *journal_reader_names(struct journal_reader *reader);

/* Bytes read, and all bytes that the reader knows of, for a progress line. */
void journal_reader_progress(
	const struct journal_reader *reader, uint64_t *ret_read, uint64_t *ret_total);

/* Accepts NULL; returns NULL. */
struct journal_reader *journal_reader_free(struct journal_reader *reader);

#endif
