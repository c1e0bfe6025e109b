/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name writer's thread; see name-writer.h. It owns all of the state but the requests, which the
 * worker makes under the lock, and waits for.
 */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bpf/shared/event.h"
#include "daemon/names/names-private.h"
#include "journal/base/cleanup.h"

#define BEGIN_USEC (500 * 1000) /* a starting session waits for the rulesets to be read */
#define END_USEC   (2 * G_USEC_PER_SEC) /* a stopping session waits for its names */

static void session_begin(struct name_writer *writer, unsigned int bit, struct request *request)
{
	request->begun = true;
	session_names_reset(&writer->names[bit], recorder_generation(writer->recorder, bit));
	if (!writer->sessions)
		start_watching(writer);
	writer->sessions |= 1ULL << bit;
	if (request->reasons == NAME_WRITER_REASONS_WRITE) {
		writer->reasons |= 1ULL << bit;
		ask_reasons(writer, bit);
	}
}

static gboolean is_of_session(gpointer key, gpointer value, gpointer context)
{
	const struct question *question = value;

	return question->request.generation == ((const struct session_names *)context)->generation;
}

/* Gives up the open questions of a session. */
static void give_up_session(struct name_writer *writer, struct session_names *names)
{
	GHashTableIter iter;
	gpointer question;
	GList *link = writer->waiting.head;

	g_hash_table_iter_init(&iter, writer->asked);
	while (g_hash_table_iter_next(&iter, NULL, &question))
		if (is_of_session(NULL, question, names))
			give_up_question(writer, question);
	g_hash_table_foreach_remove(writer->asked, is_of_session, names);
	while (link) {
		GList *next = link->next;

		if (is_of_session(NULL, link->data, names)) {
			give_up_question(writer, link->data);
			g_free(link->data);
			g_queue_delete_link(&writer->waiting, link);
		}
		link = next;
	}
}

/* Moves the lost names of a session to the count that any thread may read. */
static void count_lost(struct name_writer *writer, struct session_names *names)
{
	atomic_fetch_add(&writer->lost, names->lost);
	names->lost = 0;
}

static void session_end(struct name_writer *writer, unsigned int bit)
{
	session_names_reset(&writer->names[bit], 0);
	count_lost(writer, &writer->names[bit]);
	writer->sessions &= ~(1ULL << bit);
	writer->reasons &= ~(1ULL << bit);
}

/* True: the request is done. */
static bool handle_request(struct name_writer *writer, unsigned int bit, struct request *request)
{
	struct session_names *names = &writer->names[bit];
	bool late = g_get_monotonic_time() >= request->deadline;

	if (request->kind == REQUEST_BEGIN) {
		if (!request->begun)
			session_begin(writer, bit, request);
		return writer->watched || !resolver_runs() || late;
	}
	if (!late &&
		(name_requests_read(writer->wanted) < request->written || names->asked > 0 ||
			!session_names_is_written(names)))
		return false;
	if (names->asked > 0)
		give_up_session(writer, names);
	session_names_write(names, writer->recorder, bit);
	session_end(writer, bit);
	return true;
}

static void handle_requests(struct name_writer *writer)
{
	g_mutex_lock(&writer->lock);
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		struct request *request = &writer->requests[bit];

		if (request->kind != REQUEST_NONE && handle_request(writer, bit, request)) {
			request->kind = REQUEST_NONE;
			g_cond_broadcast(&writer->done);
		}
	}
	g_mutex_unlock(&writer->lock);
}

/* When something is due next, us. */
static int64_t find_deadline(struct name_writer *writer)
{
	int64_t next = resolver_runs() ? resolver_check_due(writer) : writer->revive_due;

	next = MIN(next, watching_deadline(writer));
	if (writer->drops_due > g_get_monotonic_time())
		next = MIN(next, writer->drops_due);
	g_mutex_lock(&writer->lock);
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		if (writer->requests[bit].kind != REQUEST_NONE)
			next = MIN(next, writer->requests[bit].deadline);
		if (!session_names_is_written(&writer->names[bit]))
			next = MIN(next, writer->names[bit].retry);
	}
	g_mutex_unlock(&writer->lock);
	return next;
}

static bool await_work(struct name_writer *writer)
{
	struct pollfd fds[] = {
		{ .fd = writer->wake_fd, .events = POLLIN },
		{ .fd = name_requests_fd(writer->wanted), .events = POLLIN },
		{ .fd = resolver_runs() ? resolver_fd() : -1, .events = POLLIN },
		{ .fd = writer->drops_due > g_get_monotonic_time() ? -1 : drops_fd(writer->drops),
			.events = POLLIN },
	};
	int64_t next = find_deadline(writer), left = next - g_get_monotonic_time();
	uint64_t count;
	bool ending;

	poll(fds, G_N_ELEMENTS(fds), next == NEVER ? -1 : (int)MAX(0, (left + 999) / 1000));
	if (read(writer->wake_fd, &count, sizeof(count)) < 0)
		g_assert(errno == EAGAIN);
	if (fds[3].revents)
		take_drop_requests(writer);
	g_mutex_lock(&writer->lock);
	ending = writer->ending;
	g_mutex_unlock(&writer->lock);
	return !ending;
}

static void *name_writer_main(void *context)
{
	struct name_writer *writer = context;

	pthread_setname_np(pthread_self(), "nfttraced-write");
	while (await_work(writer)) {
		resolver_restart(writer);
		take_name_requests(writer);
		ask_waiting(writer);
		take_answers(writer);
		/* After its answers were read, so that this thread's delay is not taken for its. */
		resolver_check(writer);
		for (uint64_t bits = writer->sessions; bits; bits &= bits - 1) {
			unsigned int bit = (unsigned int)__builtin_ctzll(bits);

			session_names_write(&writer->names[bit], writer->recorder, bit);
			count_lost(writer, &writer->names[bit]);
		}
		handle_requests(writer);
		if (watching_deadline(writer) <= g_get_monotonic_time())
			stop_watching(writer);
	}
	return NULL;
}

int name_writer_new(struct recorder *recorder, struct drops *drops, enum name_writer_ids ids,
	struct name_writer **ret)
{
	struct name_writer *writer = g_new0(struct name_writer, 1);
	int r;

	writer->recorder = recorder;
	writer->wanted = recorder_name_requests(recorder);
	writer->drops = drops;
	writer->ids = ids;
	writer->started_at = g_get_monotonic_time();
	writer->revive_due = writer->started_at + RESTART_USEC;
	writer->texts_size = RULE_TEXTS_BYTES_MAX;
	g_mutex_init(&writer->counts_lock);
	writer->text = g_malloc(RESOLVER_TEXT_MAX);
	writer->asked = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	g_queue_init(&writer->waiting);
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		session_names_init(&writer->names[bit]);
	g_mutex_init(&writer->lock);
	g_cond_init(&writer->done);
	writer->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = writer->wake_fd < 0 ? -errno
				: -pthread_create(&writer->thread, NULL, name_writer_main, writer);
	if (r < 0) {
		name_writer_free(writer);
		return r;
	}
	writer->started = true;
	*ret = writer;
	return 0;
}

static void run_request(struct name_writer *writer, unsigned int bit, enum request_kind kind,
	enum name_writer_reasons reasons)
{
	struct request *request = &writer->requests[bit];

	g_mutex_lock(&writer->lock);
	*request = (struct request){
		.kind = kind,
		.reasons = reasons,
		.written = name_requests_written(writer->wanted),
		.deadline =
			g_get_monotonic_time() + (kind == REQUEST_BEGIN ? BEGIN_USEC : END_USEC),
	};
	eventfd_write(writer->wake_fd, 1);
	while (request->kind != REQUEST_NONE)
		g_cond_wait(&writer->done, &writer->lock);
	g_mutex_unlock(&writer->lock);
}

void name_writer_allow_ids(struct name_writer *writer, enum name_writer_ids ids)
{
	if (writer)
		writer->ids = ids;
}

void name_writer_begin(
	struct name_writer *writer, unsigned int bit, enum name_writer_reasons reasons)
{
	if (writer)
		run_request(writer, bit, REQUEST_BEGIN, reasons);
}

void name_writer_end(struct name_writer *writer, unsigned int bit)
{
	if (!writer)
		return;
	/* Then all events of the session have requested their names. */
	recorder_settle(writer->recorder);
	run_request(writer, bit, REQUEST_END, NAME_WRITER_REASONS_NONE);
}

void name_writer_set_texts_size(struct name_writer *writer, uint64_t bytes)
{
	if (writer)
		writer->texts_size = bytes;
}

uint64_t name_writer_lost(const struct name_writer *writer)
{
	return writer ? atomic_load(&writer->lost) : 0;
}

struct name_writer *name_writer_free(struct name_writer *writer)
{
	if (!writer)
		return NULL;
	if (writer->started) {
		g_mutex_lock(&writer->lock);
		writer->ending = true;
		g_mutex_unlock(&writer->lock);
		eventfd_write(writer->wake_fd, 1);
		pthread_join(writer->thread, NULL);
	}
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		session_names_clear(&writer->names[bit]);
	g_queue_clear_full(&writer->waiting, g_free);
	g_hash_table_unref(writer->asked);
	fd_close(&writer->wake_fd);
	g_cond_clear(&writer->done);
	g_mutex_clear(&writer->lock);
	g_mutex_clear(&writer->counts_lock);
	g_free(writer->text);
	g_free(writer);
	return NULL;
}
