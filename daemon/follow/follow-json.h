/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follow streams as lines of JSON: a thread for each stream reads the journal's pipe, renders, and
 * writes into the reader's pipe. A stream ends with the journal's pipe, or when the reader closes
 * its pipe; a reader that does not read the rest within a minute of the end loses it. Started and
 * counted on the control thread.
 */
#ifndef NFTTRACED_DAEMON_FOLLOW_FOLLOW_JSON_H
#define NFTTRACED_DAEMON_FOLLOW_FOLLOW_JSON_H

#include <stdint.h>

#include "journal/reader/reader.h"

/* Streams of all sessions that are rendered at a time. */
#define FOLLOW_JSON_MAX 64

/* Bytes of memory that a stream takes at most, about: two chunks of journal and the events that are
 * being ordered by time, in its reader, and the pipe. */
#define FOLLOW_JSON_BYTES (3U << 20)

enum follow_json_form {
	FOLLOW_JSON_LINES,
	FOLLOW_JSON_PLACES, /* and, after the last one so far, the stream's position */
};

/*
 * Takes over *fd, the reading end of a follow stream, and replaces it by that of a pipe with the
 * same events as JSON. -EUSERS: there are FOLLOW_JSON_MAX. On failure *fd is not changed.
 */
int follow_json(int *fd, enum journal_stream stream, enum follow_json_form form);

/* Waits until all streams have ended, but no longer than `usec`. */
void follow_json_drain(uint64_t usec);

#endif
