/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests for the journals on disk; see archive-job.h. */
#include "daemon/sessions/archive-job.h"

#include <errno.h>
#include <inttypes.h>

#include "daemon/base/log.h"
#include "daemon/sessions/index-job.h"
#include "daemon/sessions/manager-private.h"
#include "daemon/sessions/session-job.h"
#include "journal/base/amounts.h"

struct archive_job {
	struct manager *manager;
	struct archive_request request;
	GArray *running; /* uint64_t: the running sessions, for the janitor; NULL: not needed */
	archive_reply reply;
	void *context;
};

static void job_free(struct archive_job *job)
{
	g_clear_pointer(&job->request.journals, g_array_unref);
	failure_clear(&job->request.failure);
	g_free(job->request.query.name);
	g_clear_pointer(&job->running, g_array_unref);
	g_free(job);
}

static void set_remove_failure(struct failure *failure, uint64_t id, int error)
{
	switch (-error) {
	case ENOENT:
	case ENOTDIR:
		failure_set(failure, FAILURE_NO_SUCH_SESSION,
			"there is no journal of a session %" PRIu64, id);
		break;
	case EBUSY:
		failure_set(failure, FAILURE_INVALID_OPTION,
			"session %" PRIu64 " is running: stop it before its journal is removed",
			id);
		break;
	case ENOTEMPTY:
		failure_set(failure, FAILURE_JOURNAL,
			"the journal of session %" PRIu64
			" has a folder in it that is not nfttraced's: remove that first",
			id);
		break;
	default:
		failure_set(failure, FAILURE_JOURNAL,
			"the journal of session %" PRIu64 " can't be removed: %s", id,
			g_strerror(-error));
	}
}

static void run_remove(struct archive_job *job)
{
	struct archive_request *request = &job->request;
	int r = archive_remove(
		job->manager->state_directory, request->id, job->running, &request->bytes);

	/* So that a power failure does not bring the journal back. */
	if (r == 0)
		r = state_directory_sync(job->manager->state_directory);
	if (r < 0)
		set_remove_failure(&request->failure, request->id, r);
}

static GArray *journals_select(const GArray *all, const GArray *chosen)
{
	GArray *journals = g_array_new(FALSE, FALSE, sizeof(struct archive_journal));

	g_array_set_clear_func(journals, archive_journal_clear);
	for (unsigned int i = 0; i < all->len; i++) {
		struct archive_journal copy = g_array_index(all, struct archive_journal, i);

		if (!g_array_index(chosen, bool, i))
			continue;
		copy.name = g_strdup(copy.name);
		g_array_append_val(journals, copy);
	}
	return journals;
}

/* Leaves in `journals` those that were removed, or would be; the first failure is kept. */
static void run_vacuum(struct archive_job *job)
{
	struct archive_request *request = &job->request;
	GArray *all = request->journals;
	g_autoptr(GArray) chosen = archive_choose(all, &request->limits, g_get_real_time());
	g_autoptr(GArray) keep = g_array_new(FALSE, TRUE, sizeof(bool));

	g_array_set_size(keep, all->len);
	for (unsigned int i = 0; i < chosen->len; i++) {
		unsigned int index = g_array_index(chosen, unsigned int, i);
		const struct archive_journal *journal =
			&g_array_index(all, struct archive_journal, index);
		uint64_t bytes = journal->bytes;
		int r = 0;

		if (request->action == ARCHIVE_VACUUM)
			r = archive_remove(
				job->manager->state_directory, journal->id, job->running, &bytes);
		if (r < 0 && !request->failure.reason)
			set_remove_failure(&request->failure, journal->id, r);
		if (r < 0)
			continue;
		request->bytes += bytes;
		g_array_index(keep, bool, index) = true;
	}
	if (request->action == ARCHIVE_VACUUM && !request->failure.reason) {
		int r = state_directory_sync(job->manager->state_directory);

		if (r < 0)
			failure_set(&request->failure, FAILURE_JOURNAL,
				"the removal of journals could not be stored: %s", g_strerror(-r));
	}
	request->journals = journals_select(all, keep);
	g_array_unref(all);
}

/* On the janitor's thread. */
static void archive_job_run(void *argument)
{
	struct archive_job *job = argument;

	if (job->request.action == ARCHIVE_REMOVE)
		run_remove(job);
	else
		run_vacuum(job);
}

static void log_result(const struct archive_request *request)
{
	char size[AMOUNT_SIZE];

	amount_bytes(request->bytes, size);
	if (request->action == ARCHIVE_REMOVE && !request->failure.reason)
		log_info("removed the journal of session %" PRIu64 ": %s freed", request->id, size);
	if (request->action != ARCHIVE_VACUUM)
		return;
	if (request->failure.reason)
		log_warning("%s", request->failure.reason);
	if (request->journals && request->journals->len)
		log_info("removed %u journal%s of ended sessions: %s freed", request->journals->len,
			request->journals->len == 1 ? "" : "s", size);
}

static void index_forget(const struct archive_job *job)
{
	const struct archive_request *request = &job->request;
	struct manager_index *index = job->manager->index;

	if (request->action == ARCHIVE_REMOVE && !request->failure.reason)
		manager_index_forget(index, request->id);
	for (unsigned int i = 0; request->action == ARCHIVE_VACUUM && request->journals &&
		i < request->journals->len;
		i++)
		manager_index_forget(
			index, g_array_index(request->journals, struct archive_journal, i).id);
}

static void job_reply(struct archive_job *job)
{
	job->reply(job->context, &job->request);
	job_free(job);
}

static void archive_job_done(void *argument)
{
	struct archive_job *job = argument;

	log_result(&job->request);
	index_forget(job);
	job_reply(job);
}

static void job_submit(struct archive_job *job)
{
	job->running = manager_running_ids(job->manager);
	if (worker_submit(job->manager->janitor, archive_job_run, archive_job_done, job) == 0)
		return;
	g_clear_pointer(&job->request.journals, g_array_unref);
	failure_set(&job->request.failure, FAILURE_BUSY, TOO_BUSY);
	job_reply(job);
}

static void on_index(void *context, int error)
{
	struct archive_job *job = context;
	struct archive_request *request = &job->request;

	if (error < 0) {
		failure_set(&request->failure, FAILURE_JOURNAL, "the journals can't be listed: %s",
			error == -ESHUTDOWN ? ENDING : g_strerror(-error));
		job_reply(job);
		return;
	}
	request->journals = journal_index_query(
		manager_index_journals(job->manager->index), &request->query, &request->more);
	if (request->action == ARCHIVE_VACUUM) {
		job_submit(job);
		return;
	}
	if (request->action == ARCHIVE_PREVIEW)
		run_vacuum(job);
	job_reply(job);
}

void manager_archive(struct manager *manager, const struct archive_request *request,
	archive_reply answer, void *context)
{
	struct archive_job *job = g_new0(struct archive_job, 1);

	job->manager = manager;
	job->request = *request;
	job->reply = answer;
	job->context = context;
	if (request->action == ARCHIVE_REMOVE)
		job_submit(job);
	else
		manager_index_await(manager->index,
			request->query.running ? INDEX_RUNNING : INDEX_ALL, request->query.owner,
			on_index, job);
}
