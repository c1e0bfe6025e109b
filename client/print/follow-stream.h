/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A follow stream: a pipe from the daemon with the records of a session, which are rendered as they
 * come and written out when there are no more at the moment, until the session ends or the user
 * presses Ctrl-C. If the daemon is restarted the stream is resumed (follow-reconnect.h). Owned by
 * the command that follows; one thread.
 */
#ifndef NFTTRACED_CLIENT_PRINT_FOLLOW_STREAM_H
#define NFTTRACED_CLIENT_PRINT_FOLLOW_STREAM_H

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "client/print/style.h"
#include "client/read/event-filter.h"
#include "client/read/journal-set.h"

/* The gap in the stream after it was resumed. */
struct follow_stream_gap {
	bool unreported; /* the daemon is back, and the gap was not reported yet */
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
	unsigned int unanswered; /* successive waits for a rule's text that failed */

	/* To resume when the daemon has gone before the session's end. */
	sd_bus *bus; /* a reference */
	char *object;
	bool from_start;
	bool final; /* do not resume: the session is being stopped */
	bool over; /* the session's end was read */
	bool away; /* the stream ended while there was no daemon */
	unsigned int empty_streams; /* successive streams without a record */
	struct follow_stream_gap gap;
	char *reason; /* of FOLLOW_STREAM_LOST, one sentence */
};

enum follow_stream_end {
	FOLLOW_STREAM_ENDED, /* the pipe is at its end */
	FOLLOW_STREAM_INTERRUPTED, /* a signal came */
	FOLLOW_STREAM_UNREAD, /* standard output's reader has gone */
	FOLLOW_STREAM_LOST, /* the stream can't be resumed: stream->reason */
};

/* Where a stream begins. */
struct follow_stream_from {
	bool start; /* at the journal's beginning; else now */
	const struct journal_position *after; /* or behind this position; NULL: none */
};

/* Blocks SIGINT and SIGTERM, so that follow_stream_run receives them. */
int follow_stream_catch_signals(struct follow_stream *stream);

/* Asks for the follow pipe of a session, from its journal's beginning or from now on. It is resumed
 * when the daemon is restarted. */
int follow_stream_open(struct follow_stream *stream, sd_bus *bus, const char *object,
	bool from_start, char **ret_reason);

/* Asks for the pipe only; the caller owns *ret_fd. */
int follow_stream_request(sd_bus *bus, const char *object, const struct follow_stream_from *from,
	int *ret_fd, char **ret_reason);

/* From now on the daemon is called on that bus, which may be the same. */
void follow_stream_use_bus(struct follow_stream *stream, sd_bus *bus);

/* A renderer with the names from the stream. If the form has the text of rules it waits a moment
 * for each, which comes after the event. renderer_free() it before the stream is closed. */
struct renderer *follow_stream_renderer_new(
	struct follow_stream *stream, struct output *output, const struct print_form *form);

/* Takes the records that come, for an output that is flushed when there are no more at the
 * moment. */
struct follow_stream_sink {
	void (*take)(void *context, const struct journal_set_record *record);
	void *context;
	struct output *output;
};

/* Waits a moment for the text of an event's rule, unless the last waits failed; NULL if it does not
 * come. `stream` is a struct follow_stream. */
const struct rule_name *follow_stream_await_rule(void *stream, const struct event *event);

/*
 * Hands records to `sink` until the stream ends: one of enum follow_stream_end, or negative errno.
 * `bus` (or NULL) is processed meanwhile.
 */
int follow_stream_pour(
	struct follow_stream *stream, const struct follow_stream_sink *sink, sd_bus *bus);

/* As follow_stream_pour, with a renderer. */
int follow_stream_run(struct follow_stream *stream, struct renderer *renderer, sd_bus *bus);

/* The reason why a stream failed that ended with `end`, as the functions above return it (g_free
 * it); NULL: it did not fail. */
char *follow_stream_failure(const struct follow_stream *stream, int end);

/* Accepts FOLLOW_STREAM_CLOSED. */
void follow_stream_close(struct follow_stream *stream);

#define FOLLOW_STREAM_CLOSED ((struct follow_stream){ .fd = -1, .signal_fd = -1 })
#define auto_stream          __attribute__((cleanup(follow_stream_close))) struct follow_stream

#endif
