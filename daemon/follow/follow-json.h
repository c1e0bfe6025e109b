/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A follow stream as lines of JSON: between the journal's pipe and the reader's stands a thread that
 * renders. It lives until the journal's pipe is at its end or the reader has gone, and a reader who
 * does not take the rest after that end loses it. Started and counted by the control thread.
 */
#ifndef NFTTRACED_DAEMON_FOLLOW_FOLLOW_JSON_H
#define NFTTRACED_DAEMON_FOLLOW_FOLLOW_JSON_H

#include <stdint.h>

#include "journal/reader/reader.h"

/* Streams that are rendered at once, of all sessions. */
#define FOLLOW_JSON_MAX 64

/* Bytes of memory that a stream takes at most, about: its reader's two pieces of journal and order of time,
 * and the pipe. */
#define FOLLOW_JSON_BYTES (3U << 20)

enum follow_json_form {
	FOLLOW_JSON_LINES,
	FOLLOW_JSON_PLACES, /* and when there are no more at the moment, one with the stream's place */
};

/*
 * Takes over *fd, the reading end of a follow stream, and puts the reading end of a pipe with the same
 * as JSON into its place. -EUSERS: there are FOLLOW_JSON_MAX. *fd is left alone on failure.
 */
int follow_json(int *fd, enum journal_stream stream, enum follow_json_form form);

/* Waits until all streams have ended, at most so long. */
void follow_json_drain(uint64_t usec);

#endif
