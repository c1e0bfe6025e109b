/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests for journals on disk, on their way through the worker; see manager-archive.h. */
#include "manager-archive.h"

#include <errno.h>
#include <inttypes.h>

#include "log.h"
#include "manager-job.h"

struct archive_job {
	struct manager *manager;
	struct archive_request request;
	GArray *running; /* uint64_t: sessions that ran when it was asked for */
	archive_reply reply;
	void *context;
};

static void job_free(struct archive_job *job)
{
	g_clear_pointer(&job->request.journals, g_array_unref);
	failure_clear(&job->request.failure);
	g_array_unref(job->running);
	g_free(job);
}

static void fail_remove(struct failure *failure, uint64_t id, int error)
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
	int r = archive_remove(job->manager->store, request->id, job->running, &request->bytes);

	if (r < 0)
		fail_remove(&request->failure, request->id, r);
}

/* Leaves those in `journals` that went; the first that can't be removed is told. */
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
			r = archive_remove(job->manager->store, journal->id, job->running, &bytes);
		if (r < 0 && !request->failure.reason)
			fail_remove(&request->failure, journal->id, r);
		if (r < 0)
			continue;
		request->bytes += bytes;
		g_array_index(keep, bool, index) = true;
	}
	for (unsigned int i = all->len; i-- > 0;) {
		if (!g_array_index(keep, bool, i))
			g_array_remove_index(all, i);
	}
}

static void run(void *argument)
{
	struct archive_job *job = argument;

	if (job->request.action == ARCHIVE_REMOVE) {
		run_remove(job);
		return;
	}
	job->request.journals = archive_list(job->manager->store, job->running);
	if (!job->request.journals)
		failure_set(&job->request.failure, FAILURE_JOURNAL,
			"the journals can't be listed: %s", g_strerror(errno));
	else if (job->request.action != ARCHIVE_LIST)
		run_vacuum(job);
}

static void log_result(const struct archive_request *request)
{
	if (request->action == ARCHIVE_REMOVE && !request->failure.reason)
		log_info("removed the journal of session %" PRIu64 ": %" PRIu64 " bytes freed",
			request->id, request->bytes);
	if (request->action != ARCHIVE_VACUUM)
		return;
	if (request->failure.reason)
		log_warning("%s", request->failure.reason);
	if (request->journals && request->journals->len)
		log_info("removed %u journal%s of ended sessions: %" PRIu64 " bytes freed",
			request->journals->len, request->journals->len == 1 ? "" : "s",
			request->bytes);
}

static void done(void *argument)
{
	struct archive_job *job = argument;

	log_result(&job->request);
	job->reply(job->context, &job->request);
	job_free(job);
}

void manager_archive(struct manager *manager, const struct archive_request *request,
	archive_reply reply, void *context)
{
	struct archive_job *job = g_new0(struct archive_job, 1);

	job->manager = manager;
	job->request = *request;
	job->running = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	job->reply = reply;
	job->context = context;
	for (unsigned int i = 0; i < manager->sessions->len; i++) {
		const struct session *session = manager->sessions->pdata[i];

		if (session->state != SESSION_STARTING)
			g_array_append_val(job->running, session->id);
	}
	if (worker_submit(manager->worker, run, done, job) < 0) {
		failure_set(&job->request.failure, FAILURE_BUSY, TOO_BUSY);
		reply(context, &job->request);
		job_free(job);
	}
}
