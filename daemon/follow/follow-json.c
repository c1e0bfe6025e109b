/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Follow streams as JSON, each rendered by a thread of its own; see follow-json.h. */
#include "daemon/follow/follow-json.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "journal/base/cleanup.h"
#include "journal/json/event-json.h"

#define BATCH_SIZE    (64 << 10) /* bytes of JSON that are gathered before they are written */
#define READER_MEMORY (1 << 20) /* bytes of journal that are kept back to order events by time */
#define LINGER_MSEC   (60 * 1000) /* for a reader to take anything after the session's end */

/* Number of threads that render, in this process. */
static pthread_mutex_t streams_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stream_ended = PTHREAD_COND_INITIALIZER;
static unsigned int streams;

/* Owned by its thread. */
struct stream {
	int journal_fd; /* non-blocking */
	int out_fd; /* non-blocking */
	enum journal_stream kind;
	enum follow_json_form form;
	struct journal_position reported; /* the last one that was written */
};

static bool count_stream(void)
{
	bool free;

	pthread_mutex_lock(&streams_lock);
	free = streams < FOLLOW_JSON_MAX;
	streams += free;
	pthread_mutex_unlock(&streams_lock);
	return free;
}

static void discount_stream(void)
{
	pthread_mutex_lock(&streams_lock);
	streams--;
	pthread_cond_broadcast(&stream_ended);
	pthread_mutex_unlock(&streams_lock);
}

/* Waits for bytes of the journal, or their end. -EPIPE: the reader closed its pipe. */
static int wait_for_journal(const struct stream *stream)
{
	struct pollfd fds[] = {
		{ .fd = stream->journal_fd, .events = POLLIN },
		{ .fd = stream->out_fd }, /* only POLLERR: the reading end is closed */
	};

	while (poll(fds, G_N_ELEMENTS(fds), -1) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return fds[1].revents ? -EPIPE : 0;
}

/* Waits until the reader takes more: without limit while the session runs, since unsent events are
 * in the journal. -ETIME: it did not within LINGER_MSEC of the session's end. */
static int wait_for_reader(const struct stream *stream)
{
	struct pollfd fds[] = {
		{ .fd = stream->out_fd, .events = POLLOUT },
		{ .fd = stream->journal_fd }, /* only POLLHUP: the writing end is closed */
	};
	int timeout = -1, n;

	for (;;) {
		n = poll(fds, G_N_ELEMENTS(fds), timeout);
		if (n == 0)
			return -ETIME;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && fds[0].revents)
			return fds[0].revents & POLLERR ? -EPIPE : 0;
		/* poll would report POLLHUP again at once. */
		if (n > 0) {
			fds[1].fd = -1;
			timeout = LINGER_MSEC;
		}
	}
}

static int write_output(const struct stream *stream, struct output *output)
{
	size_t done = 0;

	while (done < output->used) {
		ssize_t n = write(stream->out_fd, output->bytes + done, output->used - done);
		int r = 0;

		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN)
			r = wait_for_reader(stream);
		else if (errno != EINTR)
			r = -errno;
		if (r < 0)
			return r;
	}
	output->used = 0;
	return 0;
}

/* Writes a line with the stream's position, if that has changed: all earlier lines are of events
 * before it. */
static void write_position(
	struct stream *stream, const struct journal_reader *reader, struct output *output)
{
	struct journal_position position;

	if (stream->form != FOLLOW_JSON_PLACES || !journal_reader_position(reader, &position) ||
		(position.segment == stream->reported.segment &&
			position.offset == stream->reported.offset))
		return;
	stream->reported = position;
	output_text(output, "{\"place\":{\"segment\":");
	output_number(output, position.segment);
	output_text(output, ",\"offset\":");
	output_number(output, position.offset);
	output_text(output, "}}\n");
}

static int render_stream(
	struct stream *stream, struct journal_reader *reader, struct renderer *renderer)
{
	struct journal_entry entry;
	int r;

	for (;;) {
		r = journal_reader_next(reader, &entry);
		if (r > 0)
			renderer_render(renderer, &entry);
		else if (r == -EAGAIN)
			write_position(stream, reader, renderer->output);
		/* There is nothing more at the moment, or enough was rendered. */
		if (r <= 0 || renderer->output->used >= BATCH_SIZE) {
			int written = write_output(stream, renderer->output);

			if (written < 0)
				return written;
		}
		if (r == -EAGAIN)
			r = wait_for_journal(stream);
		else if (r == 0)
			return 0;
		if (r < 0)
			return r;
	}
}

static void run_stream(struct stream *stream)
{
	struct journal_reader *reader = NULL;
	g_autofree char *reason = NULL;
	auto_output output = { 0 };
	struct renderer *renderer;
	int reader_fd;

	/* Opening the reader needs the first bytes. */
	if (wait_for_journal(stream) < 0)
		return;
	reader_fd = fcntl(stream->journal_fd, F_DUPFD_CLOEXEC, 0);
	if (reader_fd < 0 || journal_reader_open_stream(reader_fd, &reader, &reason) < 0)
		return;
	journal_reader_limit(reader, READER_MEMORY);
	journal_reader_expect_more(reader, stream->kind);
	output_open(&output, OUTPUT_MEMORY);
	renderer = json_new(&output, journal_reader_names(reader));
	render_stream(stream, reader, renderer);
	renderer_free(renderer);
	journal_reader_free(reader);
}

static void *stream_thread(void *argument)
{
	g_autofree struct stream *stream = argument;

	run_stream(stream);
	fd_close(&stream->journal_fd);
	fd_close(&stream->out_fd);
	discount_stream();
	return NULL;
}

static int start_thread(struct stream *stream)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int r;

	r = pthread_attr_init(&attributes);
	if (r != 0)
		return -r;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&thread, &attributes, stream_thread, stream);
	pthread_attr_destroy(&attributes);
	return -r;
}

/* Opens the pipe for the reader. */
static int open_pipe(int *ret_read, int *ret_write)
{
	auto_fd read_fd = -1, write_fd = -1;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	read_fd = fds[0];
	write_fd = fds[1];
	if (fcntl(write_fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	*ret_read = fd_steal(&read_fd);
	*ret_write = fd_steal(&write_fd);
	return 0;
}

int follow_json(int *fd, enum journal_stream kind, enum follow_json_form form)
{
	g_autofree struct stream *stream = g_new(struct stream, 1);
	auto_fd read_fd = -1, write_fd = -1;
	int r;

	r = open_pipe(&read_fd, &write_fd);
	if (r == 0 && fcntl(*fd, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	if (r < 0)
		return r;
	if (!count_stream())
		return -EUSERS;
	*stream = (struct stream){
		.journal_fd = *fd,
		.out_fd = write_fd,
		.kind = kind,
		.form = form,
	};
	r = start_thread(stream);
	if (r < 0) {
		discount_stream();
		return r;
	}
	/* The thread owns them now. */
	g_steal_pointer(&stream);
	fd_steal(&write_fd);
	*fd = fd_steal(&read_fd);
	return 0;
}

void follow_json_drain(uint64_t usec)
{
	gint64 until = g_get_real_time() + (gint64)usec;
	const struct timespec deadline = {
		.tv_sec = until / G_USEC_PER_SEC,
		.tv_nsec = until % G_USEC_PER_SEC * 1000,
	};

	pthread_mutex_lock(&streams_lock);
	while (streams > 0 && pthread_cond_timedwait(&stream_ended, &streams_lock, &deadline) == 0)
		continue;
	pthread_mutex_unlock(&streams_lock);
}
