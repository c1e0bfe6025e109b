/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Following a session's pipe; see follow-stream.h. */
#include "client/print/follow-stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client/bus/daemon-bus.h"
#include "client/print/follow-reconnect.h"
#include "journal/base/cleanup.h"

/* The text of a rule is awaited this long, and no more after this many failures. */
#define AWAIT_MSEC 300
#define AWAIT_MAX  3

int follow_stream_catch_signals(struct follow_stream *stream)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	stream->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return stream->signal_fd < 0 ? -errno : 0;
}

/* Waits for the journal's first bytes, or a signal: opening the reader would wait without one. */
static int wait_for_first(const struct follow_stream *stream, int fd)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = stream->signal_fd, .events = POLLIN },
	};

	while (poll(fds, G_N_ELEMENTS(fds), -1) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return fds[0].revents ? 0 : -EINTR;
}

int follow_stream_open(struct follow_stream *stream, sd_bus *bus, const char *object,
	bool from_start, char **ret_reason)
{
	const struct follow_stream_from from = { .start = from_start };
	auto_fd fd = -1;
	int r = follow_stream_request(bus, object, &from, &fd, ret_reason);

	if (r < 0)
		return r;
	if (fcntl(fd, F_SETFL, O_RDONLY | O_NONBLOCK) < 0) {
		*ret_reason = g_strdup_printf("the stream can't be read: %s", g_strerror(errno));
		return -EIO;
	}
	r = wait_for_first(stream, fd);
	if (r < 0) {
		*ret_reason = g_strdup("interrupted");
		return r;
	}
	stream->fd = fd_steal(&fd);
	r = journal_reader_open_stream(stream->fd, &stream->reader, ret_reason);
	if (r < 0)
		return r;
	journal_reader_expect_more(
		stream->reader, from_start ? JOURNAL_STREAM_WHOLE : JOURNAL_STREAM_PART);
	stream->journals = journal_set_new(stream->reader);
	stream->object = g_strdup(object);
	stream->from_start = from_start;
	follow_stream_use_bus(stream, bus);
	return 0;
}

void follow_stream_close(struct follow_stream *stream)
{
	stream->journals = journal_set_free(stream->journals);
	stream->reader = NULL;
	stream->fd = -1;
	fd_close(&stream->signal_fd);
	stream->bus = sd_bus_unref(stream->bus);
	g_clear_pointer(&stream->object, g_free);
	g_clear_pointer(&stream->reason, g_free);
}

/* False when waiting ends: a signal, or the time is up. */
static bool wait_for_bytes(const struct follow_stream *stream, int64_t until)
{
	struct pollfd fds[] = {
		{ .fd = stream->fd, .events = POLLIN },
		{ .fd = stream->signal_fd, .events = POLLIN },
	};
	int64_t left = (until - g_get_monotonic_time()) / 1000;

	return left > 0 && poll(fds, G_N_ELEMENTS(fds), (int)left) > 0 && !fds[1].revents;
}

/* The text rendered so far is shown meanwhile. */
const struct rule_name *follow_stream_await_rule(void *context, const struct event *event)
{
	int64_t until = g_get_monotonic_time() + AWAIT_MSEC * 1000;
	struct follow_stream *stream = context;

	if (stream->unanswered >= AWAIT_MAX)
		return NULL;
	for (;;) {
		int r = journal_reader_read_ahead(stream->reader);
		const struct rule_name *rule =
			name_table_rule(journal_reader_names(stream->reader), event);

		if (rule) {
			stream->unanswered = 0;
			return rule;
		}
		if (r != -EAGAIN || !wait_for_bytes(stream, until))
			break;
	}
	stream->unanswered++;
	return NULL;
}

struct renderer *follow_stream_renderer_new(
	struct follow_stream *stream, struct output *output, const struct print_form *form)
{
	struct renderer *renderer =
		print_renderer_new(form, output, journal_reader_names(stream->reader));

	if (form->text.rules == TEXT_RULES_ON) {
		renderer->await = follow_stream_await_rule;
		renderer->await_context = stream;
	}
	return renderer;
}

/* Hands over all records available: 1 at the pipe's end, 0 if more may come. */
static int available_pour(struct follow_stream *stream, const struct follow_stream_sink *sink)
{
	struct name_table *name_table = journal_reader_names(stream->reader);
	struct journal_set_record record;
	int r = -EAGAIN;

	while (sink->output->error == 0 && (r = journal_set_next(stream->journals, &record)) > 0) {
		stream->over = stream->over || record.entry.type == JOURNAL_END;
		follow_stream_count_gap(stream, &record.entry);
		if (event_filter_record(stream->filter, name_table, &record))
			sink->take(sink->context, &record);
	}
	output_flush(sink->output);
	if (r > 0)
		return 1;
	follow_stream_report_gap(stream, r == 0 && (stream->over || stream->final));
	if (r == -EAGAIN)
		return 0;
	return r < 0 ? r : 1;
}

enum waited {
	WAIT_PIPE,
	WAIT_SIGNAL,
	WAIT_OUTPUT,
	WAIT_BUS,
	WAIT_COUNT,
};

static int bus_process(sd_bus *bus)
{
	int r;

	while ((r = sd_bus_process(bus, NULL)) > 0)
		continue;
	return r;
}

/* Waits for the pipe (0) or for the stream's end (1 and *ret_end). */
static int wait_for_more(struct follow_stream *stream, const struct follow_stream_sink *sink,
	sd_bus *bus, int *ret_end)
{
	struct pollfd fds[WAIT_COUNT] = {
		[WAIT_PIPE] = { .fd = stream->fd, .events = POLLIN },
		[WAIT_SIGNAL] = { .fd = stream->signal_fd, .events = POLLIN },
		/* No events asked for: only POLLERR, when a pipe's reader closes it. */
		[WAIT_OUTPUT] = { .fd = sink->output->fd },
		[WAIT_BUS] = { .fd = bus ? sd_bus_get_fd(bus) : -1, .events = POLLIN },
	};
	struct signalfd_siginfo signal;
	int r;

	if (poll(fds, WAIT_COUNT, -1) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[WAIT_OUTPUT].revents & POLLERR) {
		*ret_end = FOLLOW_STREAM_UNREAD;
		return 1;
	}
	if (read(stream->signal_fd, &signal, sizeof(signal)) > 0) {
		*ret_end = FOLLOW_STREAM_INTERRUPTED;
		return 1;
	}
	if (fds[WAIT_BUS].revents) {
		r = bus_process(bus);
		/* The daemon has gone: the pipe is read to its end. */
		return r == -ENOTCONN || r == -ECONNRESET ? 0 : r;
	}
	return 0;
}

int follow_stream_pour(
	struct follow_stream *stream, const struct follow_stream_sink *sink, sd_bus *bus)
{
	int end = FOLLOW_STREAM_ENDED;
	int r = bus ? bus_process(bus) : 0;

	while (r >= 0) {
		r = available_pour(stream, sink);
		if (r < 0)
			break;
		if (sink->output->error != 0)
			return FOLLOW_STREAM_UNREAD;
		if (r > 0 && (stream->over || stream->final))
			return FOLLOW_STREAM_ENDED;
		if (r > 0 && !follow_stream_resume(stream, sink->output->fd, &end))
			return end;
		if (r > 0)
			continue;
		r = wait_for_more(stream, sink, bus, &end);
		if (r > 0)
			return end;
	}
	return r;
}

char *follow_stream_failure(const struct follow_stream *stream, int end)
{
	if (end == FOLLOW_STREAM_LOST)
		return g_strdup(stream->reason);
	if (end < 0)
		return g_strdup_printf("the stream can't be read further: %s", g_strerror(-end));
	return NULL;
}

static void render(void *renderer, const struct journal_set_record *record)
{
	renderer_render(renderer, &record->entry);
}

int follow_stream_run(struct follow_stream *stream, struct renderer *renderer, sd_bus *bus)
{
	const struct follow_stream_sink sink = {
		.take = render, .context = renderer, .output = renderer->output
	};

	return follow_stream_pour(stream, &sink, bus);
}
