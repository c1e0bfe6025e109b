/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal reader: gives the records of a journal directory, a single segment file or a stream
 * (a follow pipe, standard input) in order of time, and says what is damaged or missing. Works on a
 * journal that is still being written. Owned by its caller; one thread. Never logs.
 */
#ifndef NFTTRACED_JOURNAL_READER_READER_H
#define NFTTRACED_JOURNAL_READER_READER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "journal/format/format.h"
#include "journal/reader/name-table.h"

/* Events that are held back at most to bring the rings into order of time. */
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
		struct journal_loss loss; /* JOURNAL_LOSS: in host order; also made up by the reader
					   * (LOSS_DAMAGED, and LOSS_RETENTION for missing leading
					   * segments) */
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

/* The same on a stream of journal bytes; takes over `fd`. */
int journal_reader_open_stream(int fd, struct journal_reader **ret, char **ret_reason);

/*
 * The next record: 1 and *ret, 0 when there is none (a directory that is still written may have
 * more later; a stream is at its end, or has none at the moment if it is non-blocking: -EAGAIN).
 * A damaged record or segment is given as a JOURNAL_LOSS entry with reason LOSS_DAMAGED and reading
 * goes on behind it. Missing segments that no record tells of are given as a LOSS_RETENTION of
 * unknown count where the journal ends. Events of different rings are merged by time within
 * JOURNAL_MERGE_WINDOW events. Dictionaries that are repeated (same bytes as before) are given
 * once; dictionaries of names are not given, they go to the name table, and so does what the wall clock
 * showed, as far as it was read ahead.
 */
int journal_reader_next(struct journal_reader *reader, struct journal_entry *ret);

/*
 * Reads ahead what a stream has, as far as the window has room, and feeds the name table with it; the
 * entry that was given last stays valid. 0: there is no more at its end; -EAGAIN: or at the moment;
 * 1: the window is full.
 */
int journal_reader_read_ahead(struct journal_reader *reader);

/* What journal bytes that are held back for the order of time may take; 32 MiB if this is not called. What is
 * beyond it is given before its time. */
void journal_reader_limit(struct journal_reader *reader, size_t bytes);

/*
 * A stream of a daemon that may be begun again: if it ends without the session's end it can be
 * continued. For a stream, before the first journal_reader_next.
 */
enum journal_stream {
	JOURNAL_STREAM_WHOLE, /* from the journal's beginning */
	JOURNAL_STREAM_PART,
};
void journal_reader_expect_more(struct journal_reader *reader, enum journal_stream stream);

/*
 * Where in the journal all is that was given, when journal_reader_next has no more: another stream may
 * begin there, and journal_reader_continue goes on with that one, whose `fd` it takes over; the
 * dictionaries that it repeats are not given again. False if it is not known yet.
 */
bool journal_reader_position(const struct journal_reader *reader, struct journal_position *ret);
void journal_reader_continue(struct journal_reader *reader, int fd);

/* True if all was given that was in the journal when the stream was continued. */
bool journal_reader_caught_up(const struct journal_reader *reader);

/* The names of what is in the events. It is the reader's, and fed as the reader goes on. */
struct name_table *journal_reader_names(struct journal_reader *reader);

/* Bytes in all that the reader knows of and bytes read, for a progress line. */
void journal_reader_progress(
	const struct journal_reader *reader, uint64_t *ret_read, uint64_t *ret_total);

/* Accepts NULL; returns NULL. */
struct journal_reader *journal_reader_free(struct journal_reader *reader);

#endif
