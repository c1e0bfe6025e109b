/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manager's pipeline: opened and closed as nf_tables is loaded and removed, and tended. */
#include "daemon/sessions/pipeline-state.h"

#include <errno.h>

#include "daemon/base/log.h"
#include "daemon/filter/filter.h"
#include "daemon/sessions/manager-private.h"
#include "daemon/sessions/quota-job.h"

#define TEND_USEC       (5 * G_USEC_PER_SEC)
#define OPEN_RETRY_USEC (100 * 1000) /* an announced module may not be ready yet */
#define OPEN_TRIES      50

struct pipeline_job {
	struct manager *manager;
	int result;
	bool stale;
	struct failure failure;
	char *warning;
};

static struct pipeline_job *pipeline_job_new(struct manager *manager)
{
	struct pipeline_job *job = g_new0(struct pipeline_job, 1);

	job->manager = manager;
	return job;
}

static void pipeline_job_free(struct pipeline_job *job)
{
	failure_clear(&job->failure);
	g_free(job->warning);
	g_free(job);
}

static void submit_job(struct manager *manager, worker_function run, worker_function done)
{
	worker_submit_always(manager->worker, run, done, pipeline_job_new(manager));
}

static void run_open(void *argument)
{
	struct pipeline_job *job = argument;

	job->result = engine_open(job->manager->engine, ENGINE_RESTS, &job->failure);
	job->warning = engine_warning(job->manager->engine);
}

static void done_open(void *argument)
{
	struct pipeline_job *job = argument;
	struct manager *manager = job->manager;

	if (job->result == -ENOENT) {
		manager_set_problem(manager, PROBLEM_PIPELINE, NULL, NULL);
		if (++manager->open_tries < OPEN_TRIES) {
			sd_event_source_set_time_relative(manager->open_timer, OPEN_RETRY_USEC);
			sd_event_source_set_enabled(manager->open_timer, SD_EVENT_ONESHOT);
		}
	} else if (job->result < 0) {
		log_error(
			"nf_tables was loaded, but recording can't start: %s", job->failure.reason);
		manager_set_problem(
			manager, PROBLEM_PIPELINE, job->failure.reason, job->failure.reason);
	} else {
		manager->open_tries = OPEN_TRIES;
		log_info("nf_tables is loaded");
	}
	manager_status_refresh(manager, job->warning);
	pipeline_job_free(job);
}

static int on_open_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	submit_job(userdata, run_open, done_open);
	return 0;
}

static void run_close(void *argument)
{
	struct pipeline_job *job = argument;

	engine_close(job->manager->engine);
}

static void done_close(void *argument)
{
	struct pipeline_job *job = argument;

	log_notice("nf_tables was removed: waiting until it is loaded again");
	manager_status_refresh(job->manager, NULL);
	pipeline_job_free(job);
}

static void submit_open(struct manager *manager)
{
	manager->open_tries = 0;
	submit_job(manager, run_open, done_open);
}

void manager_module_changed(struct manager *manager, bool present)
{
	/* Jobs run in order, and the module may have changed again before one runs. */
	if (present)
		submit_open(manager);
	else
		submit_job(manager, run_close, done_close);
}

static void run_tend(void *argument)
{
	struct pipeline_job *job = argument;

	job->stale = engine_tend(job->manager->engine);
	job->warning = engine_warning(job->manager->engine);
}

static void done_tend(void *argument)
{
	struct pipeline_job *job = argument;
	struct manager *manager = job->manager;

	manager->tending = false;
	manager_status_refresh(manager, job->warning);
	if (job->stale) {
		submit_job(manager, run_close, done_close);
		submit_open(manager);
	}
	pipeline_job_free(job);
}

static int on_tend_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *manager = userdata;

	manager_quota_tend(manager);
	filter_compiler_tend();
	sd_event_source_set_time_relative(source, TEND_USEC);
	sd_event_source_set_enabled(source, SD_EVENT_ON);
	if (!manager->tending)
		submit_job(manager, run_tend, done_tend);
	manager->tending = true;
	return 0;
}

int manager_pipeline_begin(struct manager *manager)
{
	int r;

	manager->open_tries = OPEN_TRIES;
	r = sd_event_add_time_relative(manager->event, &manager->tend_timer, CLOCK_MONOTONIC,
		TEND_USEC, 0, on_tend_timer, manager);
	if (r >= 0)
		r = sd_event_add_time_relative(manager->event, &manager->open_timer,
			CLOCK_MONOTONIC, OPEN_RETRY_USEC, 0, on_open_timer, manager);
	if (r >= 0)
		r = sd_event_source_set_enabled(manager->tend_timer, SD_EVENT_OFF);
	return r < 0 ? r : sd_event_source_set_enabled(manager->open_timer, SD_EVENT_OFF);
}
