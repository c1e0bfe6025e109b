/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How journals of sessions begin and end: on the disk thread, each as one job that has what it needs for
 * itself, so that the worker may stop waiting for a disk that does not answer. What was given up is carried
 * out when the disk comes to it: a journal that began for nobody is removed, one that ended is closed.
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

static uint64_t patience(const struct engine *engine)
{
	return engine->settings->sync_timeout * G_USEC_PER_SEC;
}

struct journal_limits engine_journal_limits(
	const struct engine *engine, const struct session_options *options)
{
	uint64_t total = options->size ? options->size : engine->settings->journal_size;

	return (struct journal_limits){
		/* So that retention, which removes whole segments, leaves most of what is allowed. */
		.segment_size = CLAMP(total / 4, 64 << 10, engine->settings->segment_size),
		.total_size = total,
	};
}

/* Beginning. */

struct beginning {
	struct state_directory *state;
	char *name, *command, *settings;
	struct journal_limits limits;
	/* The result; the caller takes it over. */
	int result;
	uint64_t id;
	char *path;
	int dir_fd;
	struct journal_writer *writer;
};

static void beginning_release(void *argument)
{
	struct beginning *beginning = argument;

	/* Nobody has taken it. */
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

/* The head is on the disk before anybody is told that there is a journal. */
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

static void begin(void *argument)
{
	struct beginning *beginning = argument;
	int r;

	/* Somebody may have put a directory where the next one goes. */
	do {
		r = state_directory_next_id(beginning->state, &beginning->id);
		if (r == 0)
			r = state_directory_session_create(beginning->state, beginning->id,
				&beginning->dir_fd, &beginning->path);
	} while (r == -EEXIST);
	beginning->result = r < 0 ? r : begin_writer(beginning);
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
	r = disk_do(recorder_disk(engine->recorder), patience(engine), begin, beginning_release,
		beginning, &job);
	if (r == 0)
		r = beginning->result;
	if (r == 0) {
		session->id = beginning->id;
		session->path = g_steal_pointer(&beginning->path);
		session->dir_fd = fd_steal(&beginning->dir_fd);
		*ret = g_steal_pointer(&beginning->writer);
	}
	disk_job_unref(job);
	return r;
}

/* Becoming known. */

struct publishing {
	struct state_directory *state;
	GArray *ids; /* uint64_t */
	int result;
};

static void publishing_release(void *argument)
{
	struct publishing *publishing = argument;

	g_array_unref(publishing->ids);
	g_free(publishing);
}

static void publish(void *argument)
{
	struct publishing *publishing = argument;
	int r = 0;

	for (guint i = 0; i < publishing->ids->len; i++) {
		int one = state_directory_session_publish(
			publishing->state, g_array_index(publishing->ids, uint64_t, i));

		r = r < 0 ? r : one;
	}
	publishing->result = r < 0 ? r : state_directory_sync(publishing->state);
}

int engine_journals_publish(struct engine *engine, GArray *ids)
{
	struct publishing *publishing = g_new0(struct publishing, 1);
	struct disk_job *job;
	int r;

	publishing->state = engine->state;
	publishing->ids = g_array_ref(ids);
	r = disk_do(recorder_disk(engine->recorder), patience(engine), publish, publishing_release,
		publishing, &job);
	if (r == 0)
		r = publishing->result;
	disk_job_unref(job);
	return r;
}

/* Ending. */

enum closing_end {
	CLOSING_AWAITED,
	CLOSING_DONE,
	CLOSING_GIVEN_UP, /* nobody waits for it any more */
};

struct engine_closing {
	uint64_t id;
	struct journal_writer *writer;
	struct dictionary_totals totals;
	struct recorder_stored
		stored; /* before it is closed: its end, which it does not have yet, included */
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

/* What was journaled and did not come to the disk is lost. */
static void closing_lose(struct engine_closing *closing, const struct journal_unstored *unstored)
{
	struct journal_loss lost = unstored->lost;

	if (lost.count) {
		lost.reason = recorder_loss_reason(closing->error);
		totals_lose(&closing->totals, lost.reason, lost.count);
		journal_writer_append_loss(closing->writer, &lost);
	}
	for (unsigned int i = 0; i < LOSS_REASONS; i++) {
		if (unstored->losses[i].until)
			journal_writer_append_loss(closing->writer, &unstored->losses[i]);
	}
}

/* Who was told that it takes too long reads in the log what came of it. */
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

static void close_journal(void *argument)
{
	struct engine_closing *closing = argument;
	struct journal_unstored unstored;
	g_autofree char *json = NULL;
	int r;

	closing->error = journal_writer_sync(closing->writer, &unstored);
	if (closing->error < 0)
		closing_lose(closing, &unstored);
	json = dictionary_totals_new(&closing->totals);
	r = journal_writer_append_json(closing->writer, JOURNAL_END, json);
	closing->end_error = r < 0 ? r : journal_writer_sync(closing->writer, &unstored);
	closing->writer = journal_writer_free(closing->writer);
	if (atomic_exchange(&closing->end, CLOSING_DONE) == CLOSING_GIVEN_UP)
		closing_log(closing);
}

/* What is not on the disk yet: what was written, and the record of the totals, which is not. */
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
	closing->job = disk_submit(recorder_disk(engine->recorder), DISK_SOON, close_journal,
		closing_release, closing);
}

static void closing_given_up(struct engine_request *request, struct engine_closing *closing)
{
	bool whole = closing->stored.synced >= closing->totals.journaled;
	char size[AMOUNT_SIZE];

	request->stored = closing->stored;
	request->warning = g_strdup_printf(
		"the disk does not answer: %s of the journal are not known to be stored%s",
		amount_bytes(request->stored.unsynced, size),
		whole ? ", which is its end: all of its events are" : "");
}

static void closing_take(struct engine_request *request, const struct engine_closing *closing)
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
	int64_t end = g_get_monotonic_time() + (int64_t)patience(engine);

	for (size_t i = 0; i < count; i++) {
		struct engine_closing *closing = g_steal_pointer(&requests[i]->closing);
		struct disk_job *job;

		if (!closing)
			continue;
		job = closing->job;
		if (disk_await(recorder_disk(engine->recorder), job, end, patience(engine)) < 0 &&
			atomic_exchange(&closing->end, CLOSING_GIVEN_UP) != CLOSING_DONE)
			closing_given_up(requests[i], closing);
		else
			closing_take(requests[i], closing);
		disk_job_unref(job);
	}
}

/* The list of what runs. */

struct listing {
	int dir_fd;
	char *text;
	size_t size;
	int result;
};

static void listing_release(void *argument)
{
	struct listing *listing = argument;

	fd_close(&listing->dir_fd);
	g_free(listing->text);
	g_free(listing);
}

static void list_write(void *argument)
{
	struct listing *listing = argument;

	listing->result = saved_sessions_write(listing->dir_fd, listing->text, listing->size);
}

int engine_saved_sessions_write(struct engine *engine, const struct saved_sessions *saved)
{
	struct listing *listing = g_new0(struct listing, 1);
	struct disk_job *job;
	int r;

	listing->dir_fd = fcntl(state_directory_fd(engine->state), F_DUPFD_CLOEXEC, 0);
	listing->text = saved_sessions_text(saved, &listing->size);
	r = disk_do(recorder_disk(engine->recorder), patience(engine), list_write, listing_release,
		listing, &job);
	if (r == 0)
		r = listing->result;
	disk_job_unref(job);
	return state_counted(r);
}
