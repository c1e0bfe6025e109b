/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resuming a follow stream after a restart of the daemon; see follow-reconnect.h. */
#include "client/print/follow-reconnect.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client/bus/daemon-bus.h"
#include "client/bus/daemon-wait.h"
#include "client/bus/remote.h"
#include "client/bus/sessions.h"
#include "journal/base/amounts.h"
#include "journal/base/cleanup.h"
#include "journal/base/clock.h"

/* The daemon must be back within this time. */
#define AWAY_SEC 60

/* Gives up after this many successive streams without a record. */
#define EMPTY_STREAMS_MAX 5

static int stream_set_lost(struct follow_stream *stream, char *reason)
{
	g_free(stream->reason);
	stream->reason = reason;
	return FOLLOW_STREAM_LOST;
}

/* A failure on another host shows only in the pipe; the program there prints the reason. */
static bool ends_at_once(int fd)
{
	struct pollfd pipe = { .fd = fd, .events = POLLIN };

	if (!remote_host())
		return false;
	while (poll(&pipe, 1, AWAY_SEC * 1000) < 0 && errno == EINTR)
		continue;
	return !(pipe.revents & POLLIN);
}

/* The daemon on another host may have ended unnoticed: a call detects that before the program there
 * is started. */
static int session_probe(struct follow_stream *stream, sd_bus *bus, char **ret_reason)
{
	auto_bus_message *reply = NULL;

	if (!remote_host())
		return 0;
	return bus_properties(bus, stream->object, BUS_SESSION_INTERFACE, &reply, ret_reason);
}

/* -EAGAIN: the stream ended at once. */
static int rest_request(struct follow_stream *stream, sd_bus *bus, int *ret_fd, char **ret_reason)
{
	struct journal_position position;
	struct follow_stream_from from = { .start = stream->from_start };
	auto_fd fd = -1;
	int r;

	if (journal_reader_position(stream->reader, &position))
		from = (struct follow_stream_from){ .after = &position };
	r = session_probe(stream, bus, ret_reason);
	if (r >= 0)
		r = follow_stream_request(bus, stream->object, &from, &fd, ret_reason);
	if (r < 0)
		return r;
	r = fcntl(fd, F_SETFL, O_RDONLY | O_NONBLOCK) < 0 ? -EIO : 0;
	if (r == 0 && ends_at_once(fd))
		r = -EAGAIN;
	if (r < 0)
		*ret_reason = g_strdup("can't resume the stream");
	else
		*ret_fd = fd_steal(&fd);
	return r;
}

static void stream_resume(struct follow_stream *stream, int fd, int64_t since)
{
	journal_set_continue(stream->journals, fd);
	stream->fd = fd;
	stream->gap.unreported = true;
	stream->gap.away += g_get_monotonic_time() - since;
	stream->empty_streams++;
}

/* Asks once; `ret_error` is of a call that was answered. */
static bool resume_try(
	struct follow_stream *stream, struct daemon_wait *wait, int64_t since, int *ret_error)
{
	g_autofree char *reason = NULL;
	int fd, r = rest_request(stream, wait->bus, &fd, &reason);

	*ret_error = 0;
	if (r >= 0) {
		stream_resume(stream, fd, since);
		return true;
	}
	if (bus_is_absence(r)) {
		daemon_wait_missed(wait);
		return false;
	}
	if (r == -EAGAIN && ++stream->empty_streams < EMPTY_STREAMS_MAX) {
		daemon_wait_repeat(wait);
		return false;
	}
	*ret_error = r;
	if (r == -ESRCH) {
		g_free(reason);
		reason = g_strdup("the session has ended while nfttraced was away: "
				  "'nfttracectl show' prints what it has recorded");
	}
	stream_set_lost(stream, g_steal_pointer(&reason));
	return false;
}

/* Ctrl-C also ends ssh, and with it the pipe. */
static bool is_interrupted(const struct follow_stream *stream)
{
	struct signalfd_siginfo signal;

	return read(stream->signal_fd, &signal, sizeof(signal)) > 0;
}

bool follow_stream_resume(struct follow_stream *stream, int output_fd, int *ret_end)
{
	auto_daemon_wait wait = { 0 };
	int64_t since = g_get_monotonic_time();
	int error = 0;

	*ret_end = FOLLOW_STREAM_INTERRUPTED;
	if (is_interrupted(stream))
		return false;
	*ret_end = FOLLOW_STREAM_LOST;
	if (stream->empty_streams >= EMPTY_STREAMS_MAX) {
		stream_set_lost(stream,
			g_strdup("the stream ended repeatedly before the session did: "
				 "'systemctl status nfttraced' may say why"));
		return false;
	}
	stream->away = true;
	daemon_wait_begin(&wait, stream->bus);
	while (!error) {
		switch (daemon_wait_run(
			&wait, since + AWAY_SEC * G_USEC_PER_SEC, stream->signal_fd, output_fd)) {
		case DAEMON_PRESENT:
			if (!resume_try(stream, &wait, since, &error))
				break;
			stream->away = false;
			follow_stream_use_bus(stream, wait.bus);
			return true;
		case DAEMON_LATE:
			error = stream_set_lost(stream,
				g_strdup_printf("nfttraced went away and did not come back within "
						"%d s: 'systemctl status nfttraced' may say why",
					AWAY_SEC));
			break;
		case DAEMON_SIGNAL:
			is_interrupted(stream);
			*ret_end = FOLLOW_STREAM_INTERRUPTED;
			return false;
		case DAEMON_UNREAD:
			*ret_end = FOLLOW_STREAM_UNREAD;
			return false;
		}
	}
	return false;
}

void follow_stream_count_gap(struct follow_stream *stream, const struct journal_entry *entry)
{
	struct follow_stream_gap *gap = &stream->gap;

	stream->empty_streams = 0;
	if (!gap->unreported || entry->type != JOURNAL_LOSS)
		return;
	gap->missing += entry->loss.count;
	gap->uncounted = gap->uncounted || entry->loss.count == 0;
	if (entry->loss.until > entry->loss.since && entry->loss.since > 0)
		gap->unseen += (int64_t)((entry->loss.until - entry->loss.since) / NSEC_PER_USEC);
}

static char *gap_text(const struct follow_stream_gap *gap)
{
	char unseen[AMOUNT_SIZE];

	if (!gap->missing && !gap->uncounted)
		return g_strdup("nothing is missing");
	if (!gap->uncounted)
		return g_strdup_printf("%" PRIu64 " %s missing", gap->missing,
			gap->missing == 1 ? "event is" : "events are");
	return g_strdup_printf("events of %s are missing, their number is unknown",
		amount_duration((uint64_t)gap->unseen, unseen));
}

void follow_stream_report_gap(struct follow_stream *stream, bool last)
{
	g_autofree char *missing = NULL;
	char away[AMOUNT_SIZE];

	if (!stream->gap.unreported || !(last || journal_reader_caught_up(stream->reader)))
		return;
	missing = gap_text(&stream->gap);
	fprintf(stderr, "nfttracectl: nfttraced is back after %s: %s\n",
		amount_duration((uint64_t)stream->gap.away, away), missing);
	stream->gap = (struct follow_stream_gap){ 0 };
}
