/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A follow pipe: rendered as events come, written out whenever there are no more at the moment, until
 * the session ends or somebody presses Ctrl-C. Owned by the command that follows.
 */
#ifndef NFTTRACED_CLIENT_PRINT_FOLLOW_STREAM_H
#define NFTTRACED_CLIENT_PRINT_FOLLOW_STREAM_H

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "client/read/event-filter.h"
#include "client/read/journal-set.h"
#include "client/text/text.h"

/* What is missing since the stream was gone on with. */
struct follow_stream_gap {
	bool untold; /* the daemon is back, and nobody was told */
	bool uncounted; /* events are missing, and their number is unknown */
	uint64_t missing; /* events */
	int64_t away; /* us without a daemon */
	int64_t unseen; /* us of which nothing was recorded */
};

struct follow_stream {
	struct journal_set *journals; /* of the reader only */
	struct journal_reader *reader; /* theirs */
	const struct event_filter *filter; /* which events are wanted; NULL: all */
	int fd; /* the reader's, to wait on */
	int signal_fd; /* SIGINT and SIGTERM */
	unsigned int
		unanswered; /* waits for a rule's text, one after the other, that were in vain */

	/* How it goes on when the daemon has gone without the session's end. */
	sd_bus *bus; /* a reference */
	char *object;
	bool from_start;
	bool final; /* it does not: the session is being stopped */
	bool over; /* the session's end was read */
	bool away; /* the stream ended while there was no daemon */
	unsigned int vain; /* streams, one after the other, without a record */
	struct follow_stream_gap gap;
	char *reason; /* of FOLLOW_STREAM_LOST, one sentence */
};

enum follow_stream_end {
	FOLLOW_STREAM_ENDED, /* the pipe is at its end */
	FOLLOW_STREAM_INTERRUPTED, /* a signal came */
	FOLLOW_STREAM_UNREAD, /* standard output's reader has gone */
	FOLLOW_STREAM_LOST, /* the daemon has gone, and the stream can't be gone on with: stream->reason */
};

/* Where a stream begins. */
struct follow_stream_from {
	bool start; /* with the journal's beginning; else from now on */
	const struct journal_position *after; /* or there; NULL: not so */
};

/* Takes SIGINT and SIGTERM away from the program, so that follow_stream_run sees them. */
int follow_stream_catch_signals(struct follow_stream *stream);

/* Asks for the follow pipe of a session, from its journal's beginning or from now on. It is gone on with
 * when the daemon is begun again. */
int follow_stream_open(struct follow_stream *stream, sd_bus *bus, const char *object,
	bool from_start, char **ret_reason);

/* The pipe alone; *ret_fd is the caller's. */
int follow_stream_request(sd_bus *bus, const char *object, const struct follow_stream_from *from,
	int *ret_fd, char **ret_reason);

/* From now on the daemon is asked on that bus, which may be the same. */
void follow_stream_use_bus(struct follow_stream *stream, sd_bus *bus);

/* Has `text` show names from the stream, and wait a moment for the text of a rule where it shows them:
 * it comes after the event. */
void follow_stream_use_names(
	struct follow_stream *stream, struct text *text, enum text_rules rules);

/* Who takes the records that come, and where that goes: it is written out when there are no more at the
 * moment. */
struct follow_stream_sink {
	void (*take)(void *context, const struct journal_set_record *record);
	void *context;
	struct output *output;
};

/* Waits a moment for the text of an event's rule, if there is a point in it; NULL if it does not come.
 * `stream` is a struct follow_stream. */
const struct rule_name *follow_stream_await_rule(void *stream, const struct event *event);

/*
 * Hands over records until one of enum follow_stream_end, which it returns, or negative errno. `bus` (or NULL)
 * is served meanwhile.
 */
int follow_stream_pour(
	struct follow_stream *stream, const struct follow_stream_sink *sink, sd_bus *bus);

/*
 * Renders until one of enum follow_stream_end, which it returns, or negative errno. `bus` (or NULL) is
 * served meanwhile.
 */
int follow_stream_run(struct follow_stream *stream, struct text *text, sd_bus *bus);

/* Why a stream that ended with `end`, as the functions above return it, failed; NULL: it did not. g_free
 * it. */
char *follow_stream_failure(const struct follow_stream *stream, int end);

/* Accepts FOLLOW_STREAM_CLOSED. */
void follow_stream_close(struct follow_stream *stream);

#define FOLLOW_STREAM_CLOSED ((struct follow_stream){ .fd = -1, .signal_fd = -1 })
#define auto_stream          __attribute__((cleanup(follow_stream_close))) struct follow_stream

#endif
