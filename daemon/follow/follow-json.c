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
#define READER_MEMORY (1 << 20) /* bytes of journal that are held back for the order of time */
#define LINGER_MSEC \
	(60 * 1000) /* how long a reader may take for anything after the session's end */

/* Of the process: how many threads render. */
static pthread_mutex_t streams_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t streams_fewer = PTHREAD_COND_INITIALIZER;
static unsigned int streams;

/* What a thread owns. */
struct stream {
	int journal_fd; /* non-blocking */
	int out_fd; /* non-blocking */
	enum journal_stream kind;
	enum follow_json_form form;
	struct journal_position told; /* the place in the last line that told one */
};

static bool streams_enter(void)
{
	bool free;

	pthread_mutex_lock(&streams_lock);
	free = streams < FOLLOW_JSON_MAX;
	streams += free;
	pthread_mutex_unlock(&streams_lock);
	return free;
}

static void streams_leave(void)
{
	pthread_mutex_lock(&streams_lock);
	streams--;
	pthread_cond_broadcast(&streams_fewer);
	pthread_mutex_unlock(&streams_lock);
}

/* Waits for journal bytes, or their end. -EPIPE: nobody reads. */
static int journal_wait(const struct stream *stream)
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

/* Waits until the reader takes more: for ever while the session goes on, since what waits is the
 * journal. -ETIME: not within LINGER_MSEC of its end. */
static int out_wait(const struct stream *stream)
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
		/* POLLHUP is told again and again: it is not asked for any more. */
		if (n > 0) {
			fds[1].fd = -1;
			timeout = LINGER_MSEC;
		}
	}
}

static int out_write(const struct stream *stream, struct output *output)
{
	size_t done = 0;

	while (done < output->used) {
		ssize_t n = write(stream->out_fd, output->bytes + done, output->used - done);
		int r = 0;

		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN)
			r = out_wait(stream);
		else if (errno != EINTR)
			r = -errno;
		if (r < 0)
			return r;
	}
	output->used = 0;
	return 0;
}

/* Everything before this line is before that place, and everything behind it behind. */
static void place_tell(
	struct stream *stream, const struct journal_reader *reader, struct output *output)
{
	struct journal_position place;

	if (stream->form != FOLLOW_JSON_PLACES || !journal_reader_position(reader, &place) ||
		(place.segment == stream->told.segment && place.offset == stream->told.offset))
		return;
	stream->told = place;
	output_text(output, "{\"place\":{\"segment\":");
	output_number(output, place.segment);
	output_text(output, ",\"offset\":");
	output_number(output, place.offset);
	output_text(output, "}}\n");
}

static int stream_render(
	struct stream *stream, struct journal_reader *reader, struct renderer *renderer)
{
	struct journal_entry entry;
	int r;

	for (;;) {
		r = journal_reader_next(reader, &entry);
		if (r > 0)
			renderer_render(renderer, &entry);
		else if (r == -EAGAIN)
			place_tell(stream, reader, renderer->output);
		/* Nothing more at the moment, or enough gathered. */
		if (r <= 0 || renderer->output->used >= BATCH_SIZE) {
			int written = out_write(stream, renderer->output);

			if (written < 0)
				return written;
		}
		if (r == -EAGAIN)
			r = journal_wait(stream);
		else if (r == 0)
			return 0;
		if (r < 0)
			return r;
	}
}

static void stream_run(struct stream *stream)
{
	struct journal_reader *reader = NULL;
	g_autofree char *reason = NULL;
	auto_output output = { 0 };
	struct renderer *renderer;
	int reader_fd;

	/* Opening the reader takes bytes, and would wait for them. */
	if (journal_wait(stream) < 0)
		return;
	reader_fd = fcntl(stream->journal_fd, F_DUPFD_CLOEXEC, 0);
	if (reader_fd < 0 || journal_reader_open_stream(reader_fd, &reader, &reason) < 0)
		return;
	journal_reader_limit(reader, READER_MEMORY);
	journal_reader_expect_more(reader, stream->kind);
	output_open(&output, OUTPUT_MEMORY);
	renderer = json_new(&output, journal_reader_names(reader));
	stream_render(stream, reader, renderer);
	renderer_free(renderer);
	journal_reader_free(reader);
}

static void *stream_thread(void *argument)
{
	g_autofree struct stream *stream = argument;

	stream_run(stream);
	fd_close(&stream->journal_fd);
	fd_close(&stream->out_fd);
	streams_leave();
	return NULL;
}

static int thread_start(struct stream *stream)
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

/* The pipe that the reader gets. */
static int pipe_open(int *ret_read, int *ret_write)
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

	r = pipe_open(&read_fd, &write_fd);
	if (r == 0 && fcntl(*fd, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	if (r < 0)
		return r;
	if (!streams_enter())
		return -EUSERS;
	*stream = (struct stream){
		.journal_fd = *fd,
		.out_fd = write_fd,
		.kind = kind,
		.form = form,
	};
	r = thread_start(stream);
	if (r < 0) {
		streams_leave();
		return r;
	}
	/* The thread's now. */
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
	while (streams > 0 && pthread_cond_timedwait(&streams_fewer, &streams_lock, &deadline) == 0)
		continue;
	pthread_mutex_unlock(&streams_lock);
}
