/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs of sessions; see session-job.h. */
#include "daemon/sessions/session-job.h"

#include <stdatomic.h>

#include "daemon/sessions/manager-private.h"

struct session_job *session_job_new(struct session *session, enum engine_action action,
	struct manager_call call, session_job_done done)
{
	struct session_job *job = g_new0(struct session_job, 1);

	job->session = session;
	job->call = call;
	job->done = done;
	job->request = (struct engine_request){
		.action = action,
		.bit = session->bit,
		.id = session->id,
		.options = &session->options,
		.owner = session->owner,
		.command = session->command,
		.end = session->end,
	};
	return job;
}

void session_job_free(struct session_job *job)
{
	session_options_clear(&job->options);
	failure_clear(&job->request.failure);
	filter_free(job->request.filter);
	g_free(job->request.warning);
	g_free(job->warning);
	g_free(job);
}

static void job_fail(struct session_job *job, enum failure_kind kind, const char *reason)
{
	failure_set(&job->request.failure, kind, "%s", reason);
	job->done(job);
}

static void on_compiled(void *context, struct filter *filter, const struct failure *failure)
{
	struct session_job *job = context;

	job->compilation = NULL;
	job->request.filter = filter;
	if (failure)
		job_fail(job, failure->kind, failure->reason);
	else if (session_job_queue(job) < 0)
		job_fail(job, FAILURE_BUSY, TOO_BUSY);
}

void session_job_compile(struct session_job *job, const char *expression)
{
	const struct session *session = job->session;
	uid_t owner = session->options.configured ? COMPILER_CONFIGURATION : session->owner;

	job->compilation =
		compiler_submit(session->manager->compiler, expression, owner, on_compiled, job);
}

void session_job_cancel(struct session_job *job, enum failure_kind kind, const char *reason)
{
	if (!job->compilation)
		return;
	compilation_cancel(g_steal_pointer(&job->compilation));
	job_fail(job, kind, reason);
}

/* Takes jobs from the front as long as each is of another session; returns how many. */
static size_t take_requests(struct session_job *const *jobs, size_t count, GPtrArray *ret_requests)
{
	uint64_t bits = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		struct session_job *job = jobs[i];

		if (bits & 1ULL << job->request.bit)
			break;
		bits |= 1ULL << job->request.bit;
		/* Starts may be many: the end of the daemon does not wait for them. */
		if (job->request.action == ENGINE_START &&
			atomic_load(&job->session->manager->ending))
			failure_set(&job->request.failure, FAILURE_BUSY, ENDING);
		else
			g_ptr_array_add(ret_requests, &job->request);
	}
	return i;
}

/* On the worker's thread. Until a job is done, the control thread does not change the members of
 * the session that the job reads. */
static void run_jobs(void *const *jobs, size_t count)
{
	struct session_job *const *all = (struct session_job *const *)jobs;
	struct engine *engine = all[0]->session->manager->engine;
	g_autofree char *warning = NULL;
	size_t from = 0;

	while (from < count) {
		g_autoptr(GPtrArray) requests = g_ptr_array_new();

		from += take_requests(all + from, count - from, requests);
		engine_run(engine, (struct engine_request *const *)requests->pdata, requests->len);
	}
	warning = engine_warning(engine);
	for (size_t i = 0; i < count; i++) {
		if (all[i]->request.action == ENGINE_START)
			all[i]->warning = g_strdup(warning);
	}
}

static void finish_job(void *argument)
{
	struct session_job *job = argument;

	job->done(job);
}

int session_job_queue(struct session_job *job)
{
	job->request.caller = job->session->caller_name;
	return worker_submit_batch(job->session->manager->worker, run_jobs, finish_job, job);
}

void session_job_queue_stop(struct session_job *job)
{
	job->request.caller = job->session->caller_name;
	worker_submit_batch_always(job->session->manager->worker, run_jobs, finish_job, job);
}
