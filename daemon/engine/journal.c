/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Beginnings and ends of journals and the file of saved sessions: each is one job of the disk
 * thread, whose argument owns all that it needs, so that the worker can stop waiting for a disk
 * that does not answer. A job that was given up still runs when its turn comes; then a journal that
 * has begun is removed again, and one that has ended is closed.
 */
#include "daemon/engine/engine-private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/journals/state-errors.h"
#include "journal/base/amounts.h"
#include "journal/base/cleanup.h"
#include "journal/format/record.h"

static uint64_t sync_timeout(const struct engine *engine)
{
	return engine->settings->sync_timeout * G_USEC_PER_SEC;
}

struct journal_limits engine_journal_limits(
	const struct engine *engine, const struct session_options *options)
{
	uint64_t total = options->size ? options->size : engine->settings->journal_size;

	return (struct journal_limits){
		/* Small segments, because retention removes whole ones. */
		.segment_size = CLAMP(total / 4, 64 << 10, engine->settings->segment_size),
		.total_size = total,
	};
}

/* Beginning. */

struct beginning {
	struct state_directory *state;
	char *name, *command, *settings;
	struct journal_limits limits;
	/* The worker takes these over. */
	uint64_t id;
	char *path;
	int dir_fd;
	struct journal_writer *writer;
};

static void beginning_release(void *argument)
{
	struct beginning *beginning = argument;

	/* The worker has given up. */
	if (beginning->writer) {
		journal_writer_free(beginning->writer);
		state_directory_session_remove(beginning->state, beginning->id);
	}
	fd_close(&beginning->dir_fd);
	g_free(beginning->path);
	g_free(beginning->name);
	g_free(beginning->command);
	g_free(beginning->settings);
	g_free(beginning);
}

/* Syncs the head, so that a session that has started has a valid journal. */
static int begin_writer(struct beginning *beginning)
{
	g_autofree char *start =
		journal_start_new(beginning->id, beginning->name, beginning->command);
	struct journal_unstored ignored;
	int r = journal_writer_open(beginning->dir_fd, beginning->id, start, beginning->settings,
		&beginning->limits, &beginning->writer);

	if (r == 0) {
		r = journal_writer_sync(beginning->writer, &ignored);
		if (r < 0)
			beginning->writer = journal_writer_free(beginning->writer);
	}
	if (r < 0)
		state_directory_session_remove(beginning->state, beginning->id);
	return r;
}

static int run_begin(void *argument)
{
	struct beginning *beginning = argument;
	int r;

	/* The directory of the next id may exist already. */
	do {
		r = state_directory_next_id(beginning->state, &beginning->id);
		if (r == 0)
			r = state_directory_session_create(beginning->state, beginning->id,
				&beginning->dir_fd, &beginning->path);
	} while (r == -EEXIST);
	return r < 0 ? r : begin_writer(beginning);
}

int engine_journal_begin(struct engine *engine, const struct engine_request *request,
	char *settings, struct engine_session *session, struct journal_writer **ret)
{
	struct beginning *beginning = g_new0(struct beginning, 1);
	struct disk_job *job;
	int r;

	beginning->state = engine->state;
	beginning->name = g_strdup(request->options->name);
	beginning->command = g_strdup(request->command);
	beginning->settings = settings;
	beginning->limits = engine_journal_limits(engine, request->options);
	beginning->dir_fd = -1;
	r = disk_do(recorder_disk(engine->recorder), sync_timeout(engine), run_begin,
		beginning_release, beginning, &job);
	if (r == 0) {
		session->id = beginning->id;
		session->path = g_steal_pointer(&beginning->path);
		session->dir_fd = fd_steal(&beginning->dir_fd);
		*ret = g_steal_pointer(&beginning->writer);
	}
	disk_job_unref(job);
	return r;
}

/* Publishing. */

struct publishing {
	struct state_directory *state;
	GArray *ids; /* uint64_t */
};

static void publishing_release(void *argument)
{
	struct publishing *publishing = argument;

	g_array_unref(publishing->ids);
	g_free(publishing);
}

static int run_publish(void *argument)
{
	struct publishing *publishing = argument;
	int r = 0;

	for (guint i = 0; i < publishing->ids->len; i++) {
		int one = state_directory_session_publish(
			publishing->state, g_array_index(publishing->ids, uint64_t, i));

		r = r < 0 ? r : one;
	}
	return r < 0 ? r : state_directory_sync(publishing->state);
}

int engine_journals_publish(struct engine *engine, GArray *ids)
{
	struct publishing *publishing = g_new0(struct publishing, 1);

	publishing->state = engine->state;
	publishing->ids = g_array_ref(ids);
	return disk_do(recorder_disk(engine->recorder), sync_timeout(engine), run_publish,
		publishing_release, publishing, NULL);
}

/* Ending. */

enum closing_end {
	CLOSING_AWAITED,
	CLOSING_DONE,
	CLOSING_GIVEN_UP, /* the worker waits no longer */
};

struct engine_closing {
	uint64_t id;
	struct journal_writer *writer;
	struct dictionary_totals totals;
	struct recorder_stored
		stored; /* before it is closed, with the end that is still to be written */
	_Atomic enum closing_end end;
	int error; /* of the first sync */
	int end_error; /* of the record of the totals */
	struct disk_job *job; /* the worker's */
};

static void closing_release(void *argument)
{
	struct engine_closing *closing = argument;

	journal_writer_free(closing->writer);
	g_free(closing);
}

/* Counts events that did not reach the disk as lost. */
static void closing_record_loss(
	struct engine_closing *closing, const struct journal_unstored *unstored)
{
	struct journal_loss lost = unstored->lost;

	if (lost.count) {
		lost.reason = recorder_loss_reason(closing->error);
		totals_record_loss(&closing->totals, lost.reason, lost.count);
		journal_writer_append_loss(closing->writer, &lost);
	}
	for (unsigned int i = 0; i < LOSS_REASONS; i++) {
		if (unstored->losses[i].until)
			journal_writer_append_loss(closing->writer, &unstored->losses[i]);
	}
}

/* Logs the result, because the reply to the stop said only that the disk does not answer. */
static void closing_log(const struct engine_closing *closing)
{
	if (closing->error < 0)
		log_error("session %" PRIu64
			  ": its journal could not be stored: %s: journaled %" PRIu64
			  ", lost %" PRIu64,
			closing->id, g_strerror(-closing->error), closing->totals.journaled,
			closing->totals.lost);
	else if (closing->end_error < 0)
		log_error("session %" PRIu64 ": the end of its journal could not be stored: %s",
			closing->id, g_strerror(-closing->end_error));
	else
		log_notice("session %" PRIu64 ": all of its journal is on the disk", closing->id);
}

static int run_close(void *argument)
{
	struct engine_closing *closing = argument;
	struct journal_unstored unstored;
	g_autofree char *json = NULL;
	int r;

	closing->error = journal_writer_sync(closing->writer, &unstored);
	if (closing->error < 0)
		closing_record_loss(closing, &unstored);
	json = dictionary_totals_new(&closing->totals);
	r = journal_writer_append_json(closing->writer, JOURNAL_END, json);
	closing->end_error = r < 0 ? r : journal_writer_sync(closing->writer, &unstored);
	closing->writer = journal_writer_free(closing->writer);
	if (atomic_exchange(&closing->end, CLOSING_DONE) == CLOSING_GIVEN_UP)
		closing_log(closing);
	return 0;
}

/* Measures how much is not on the disk yet: the bytes written, and the record of the totals. */
static void closing_measure(struct engine_closing *closing)
{
	g_autofree char *json = dictionary_totals_new(&closing->totals);
	struct journal_waiting waiting;

	journal_writer_waiting(closing->writer, &waiting);
	closing->stored.unsynced = waiting.bytes + journal_record_span((uint32_t)strlen(json));
}

void engine_journal_end(
	struct engine *engine, struct engine_request *request, struct journal_writer *writer)
{
	struct engine_closing *closing = g_new0(struct engine_closing, 1);

	closing->id = request->id;
	closing->writer = writer;
	closing->totals = request->totals;
	recorder_stored(engine->recorder, request->bit, &closing->stored);
	closing_measure(closing);
	request->closing = closing;
	closing->job = disk_submit(
		recorder_disk(engine->recorder), DISK_SOON, run_close, closing_release, closing);
}

static void closing_give_up(struct engine_request *request, struct engine_closing *closing)
{
	bool whole = closing->stored.synced >= closing->totals.journaled;
	char size[AMOUNT_SIZE];

	request->stored = closing->stored;
	request->warning = g_strdup_printf(
		"the disk does not answer: %s of the journal are not known to be stored%s",
		amount_bytes(request->stored.unsynced, size),
		whole ? ", which is its end: all of its events are" : "");
}

static void closing_finish(struct engine_request *request, const struct engine_closing *closing)
{
	request->totals = closing->totals;
	request->stored = (struct recorder_stored){
		.synced = closing->totals.journaled,
		.error = closing->error < 0 ? closing->error : closing->end_error,
	};
	if (closing->error < 0)
		request->warning = g_strdup_printf(
			"the journal could not be stored: %s", g_strerror(-closing->error));
	else if (closing->end_error < 0)
		request->warning =
			g_strdup_printf("the totals could not be written into the journal: %s",
				g_strerror(-closing->end_error));
}

void engine_journals_await(
	struct engine *engine, struct engine_request *const *requests, size_t count)
{
	int64_t end = g_get_monotonic_time() + (int64_t)sync_timeout(engine);

	for (size_t i = 0; i < count; i++) {
		struct engine_closing *closing = g_steal_pointer(&requests[i]->closing);
		struct disk_job *job;

		if (!closing)
			continue;
		job = closing->job;
		if (disk_await(recorder_disk(engine->recorder), job, end, sync_timeout(engine)) <
				0 &&
			atomic_exchange(&closing->end, CLOSING_GIVEN_UP) != CLOSING_DONE)
			closing_give_up(requests[i], closing);
		else
			closing_finish(requests[i], closing);
		disk_job_unref(job);
	}
}

/* The file of saved sessions. */

struct saving {
	int dir_fd;
	char *text;
	size_t size;
};

static void saving_release(void *argument)
{
	struct saving *saving = argument;

	fd_close(&saving->dir_fd);
	g_free(saving->text);
	g_free(saving);
}

static int run_save(void *argument)
{
	struct saving *saving = argument;

	return saved_sessions_write(saving->dir_fd, saving->text, saving->size);
}

int engine_saved_sessions_write(struct engine *engine, const struct saved_sessions *saved)
{
	struct saving *saving = g_new0(struct saving, 1);

	saving->dir_fd = fcntl(state_directory_fd(engine->state), F_DUPFD_CLOEXEC, 0);
	saving->text = saved_sessions_text(saved, &saving->size);
	return state_counted(disk_do(recorder_disk(engine->recorder), sync_timeout(engine),
		run_save, saving_release, saving, NULL));
}
