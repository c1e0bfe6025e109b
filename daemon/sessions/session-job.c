/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs of sessions: compiled, queued, run together. */
#include "daemon/sessions/session-job.h"

#include <stdatomic.h>

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

static void fail(struct session_job *job, enum failure_kind kind, const char *reason)
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
		fail(job, failure->kind, failure->reason);
	else if (session_job_queue(job) < 0)
		fail(job, FAILURE_BUSY, TOO_BUSY);
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
	fail(job, kind, reason);
}

/* Takes those from the front that have a bit each, and says how many there were. */
static size_t take(struct session_job *const *jobs, size_t count, GPtrArray *ret_requests)
{
	uint64_t bits = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		struct session_job *job = jobs[i];

		if (bits & 1ULL << job->request.bit)
			break;
		bits |= 1ULL << job->request.bit;
		/* There may be many: who is told to end must not see to all of them. */
		if (job->request.action == ENGINE_START &&
			atomic_load(&job->session->manager->ending))
			failure_set(&job->request.failure, FAILURE_BUSY, ENDING);
		else
			g_ptr_array_add(ret_requests, &job->request);
	}
	return i;
}

/* On the worker's thread. Nobody else changes what the jobs of a session look at. */
static void run(void *const *jobs, size_t count)
{
	struct session_job *const *all = (struct session_job *const *)jobs;
	struct engine *engine = all[0]->session->manager->engine;
	g_autofree char *warning = NULL;
	size_t from = 0;

	while (from < count) {
		g_autoptr(GPtrArray) requests = g_ptr_array_new();

		from += take(all + from, count - from, requests);
		engine_run(engine, (struct engine_request *const *)requests->pdata, requests->len);
	}
	warning = engine_warning(engine);
	for (size_t i = 0; i < count; i++) {
		if (all[i]->request.action == ENGINE_START)
			all[i]->warning = g_strdup(warning);
	}
}

static void done(void *argument)
{
	struct session_job *job = argument;

	job->done(job);
}

int session_job_queue(struct session_job *job)
{
	job->request.caller = job->session->caller_name;
	return worker_submit_batch(job->session->manager->worker, run, done, job);
}

void session_job_queue_stop(struct session_job *job)
{
	job->request.caller = job->session->caller_name;
	worker_submit_batch_always(job->session->manager->worker, run, done, job);
}
