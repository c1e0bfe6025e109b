/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manager's pipeline: opened, closed and opened again as nf_tables comes and goes, and tended. */
#include "daemon/sessions/pipeline-state.h"
#include "daemon/sessions/index-job.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "daemon/base/log-sink.h"
#include "daemon/base/log.h"
#include "daemon/filter/filter.h"
#include "daemon/sessions/configured-sessions.h"
#include "daemon/sessions/resume.h"

#define TEND_USEC       (5 * G_USEC_PER_SEC)
#define OPEN_RETRY_USEC (100 * 1000) /* a module that was announced may not be ready yet */
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

static void submit(struct manager *manager, worker_function run, worker_function done)
{
	worker_submit_always(manager->worker, run, done, pipeline_job_new(manager));
}

static const char *pipeline_problem(const struct manager *manager)
{
	switch (manager->state) {
	case MANAGER_READY:
		return manager->warning;
	case MANAGER_WAITING:
		return manager->settings->allow_system_changes
			? "nf_tables is not loaded: starting a session loads it"
			: "nf_tables is not loaded, and AllowSystemChanges=no: run \"modprobe nf_tables\"";
	case MANAGER_FAILED:
		return manager->failed;
	}
	return NULL;
}

static const char *problems_join(
	const struct manager *manager, const char *misconfigured, const char *configured)
{
	const char *const problems[] = { pipeline_problem(manager), misconfigured, configured };

	g_string_truncate(manager->problem, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(problems); i++) {
		if (problems[i])
			g_string_append_printf(manager->problem, "%s%s",
				manager->problem->len ? "; " : "", problems[i]);
	}
	return manager->problem->str;
}

const char *manager_problem(const struct manager *manager)
{
	return problems_join(
		manager, manager->misconfigured, configured_sessions_problem(manager->configured));
}

const char *manager_problem_public(const struct manager *manager)
{
	return problems_join(manager, manager->misconfigured ? MISCONFIGURED_PUBLIC : NULL,
		configured_sessions_problem_public(manager->configured));
}

void manager_status_refresh(struct manager *manager, const char *warning)
{
	g_autofree char *before = g_strdup(manager_problem(manager)), *old = manager->warning;
	const struct engine_status was = manager->status;
	enum manager_state state = manager->state;

	manager->warning = g_strdup(warning);
	engine_status(manager->engine, &manager->status);
	if (manager->status.open)
		manager->state = MANAGER_READY;
	else if (manager->state == MANAGER_READY)
		manager->state = MANAGER_WAITING;

	manager_tend_refresh(manager);
	if (warning && g_strcmp0(warning, old) != 0)
		log_warning("%s", warning);
	if (was.open != manager->status.open)
		manager_sessions_refresh(manager);
	if (was.open == manager->status.open && was.armed == manager->status.armed &&
		was.attach == manager->status.attach && state == manager->state &&
		g_str_equal(before, manager_problem(manager)))
		return;
	if (manager->observer.status_changed)
		manager->observer.status_changed(manager->observer.context);
}

void manager_tend_refresh(struct manager *manager)
{
	/* A warning is to go when what it is about is well again. */
	bool wanted = manager->sessions->len > 0 || manager->warning;

	sd_event_source_set_enabled(manager->tend_timer, wanted ? SD_EVENT_ON : SD_EVENT_OFF);
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
		manager->state = MANAGER_WAITING;
		if (++manager->open_tries < OPEN_TRIES) {
			sd_event_source_set_time_relative(manager->open_timer, OPEN_RETRY_USEC);
			sd_event_source_set_enabled(manager->open_timer, SD_EVENT_ONESHOT);
		}
	} else if (job->result < 0) {
		log_error("nf_tables came, but: %s", job->failure.reason);
		g_free(manager->failed);
		manager->failed = g_strdup(job->failure.reason);
		manager->state = MANAGER_FAILED;
	} else {
		manager->open_tries = OPEN_TRIES;
		log_info("nf_tables is loaded");
	}
	manager_status_refresh(manager, job->warning);
	pipeline_job_free(job);
}

static int on_open_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	submit(userdata, run_open, done_open);
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

	log_notice("nf_tables was removed: waiting for it to come back");
	manager_status_refresh(job->manager, NULL);
	pipeline_job_free(job);
}

static void open_soon(struct manager *manager)
{
	manager->open_tries = 0;
	submit(manager, run_open, done_open);
}

void manager_module_changed(struct manager *manager, bool present)
{
	/* Jobs run in the order in which they come: what is true now may change before one runs. */
	if (present)
		open_soon(manager);
	else
		submit(manager, run_close, done_close);
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
		submit(manager, run_close, done_close);
		open_soon(manager);
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
		submit(manager, run_tend, done_tend);
	manager->tending = true;
	return 0;
}

static int on_attention(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) > 0)
		manager_attend(userdata);
	return 0;
}

static int add_sources(struct manager *manager)
{
	int r;

	r = sd_event_add_io(manager->event, &manager->attention,
		recorder_attention_fd(manager->recorder), EPOLLIN, on_attention, manager);
	if (r >= 0)
		r = sd_event_add_time_relative(manager->event, &manager->tend_timer,
			CLOCK_MONOTONIC, TEND_USEC, 0, on_tend_timer, manager);
	if (r >= 0)
		r = sd_event_add_time_relative(manager->event, &manager->open_timer,
			CLOCK_MONOTONIC, OPEN_RETRY_USEC, 0, on_open_timer, manager);
	if (r >= 0)
		r = sd_event_source_set_enabled(manager->tend_timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_source_set_enabled(manager->open_timer, SD_EVENT_OFF);
	if (r >= 0)
		r = compiler_new(manager->event, &manager->compiler);
	if (r >= 0)
		r = worker_new(manager->event, "nfttraced-work", &manager->worker);
	if (r >= 0)
		r = worker_new(manager->event, "nfttraced-clean", &manager->janitor);
	if (r >= 0)
		r = manager_index_new(manager, &manager->index);
	return r;
}

static int read_drops(void *context, GPtrArray **ret_counters, struct drop_totals *ret_totals)
{
	return drops_read(context, ret_counters, ret_totals);
}

static int send_drops(const struct drop_message *message)
{
	return log_sink_send(
		(const struct iovec *)(const void *)message->fields->data, message->fields->len);
}

int manager_summary_refresh(struct manager *manager)
{
	const struct settings *settings = manager->settings;
	const struct drop_summary_settings summary = {
		.interval = settings->drop_summary
			? settings->drop_summary_interval * G_USEC_PER_SEC
			: 0,
		.rules = settings->drop_summary_rules,
	};

	return manager->summary ? drop_summary_set(manager->summary, &summary) : 0;
}

/* Before anything is counted: it tells of everything. */
static int summary_begin(struct manager *manager)
{
	const struct drop_summary_ends ends = {
		.read = read_drops,
		.context = engine_drops(manager->engine),
		.drops = engine_drops(manager->engine),
		.sends = log_is_journal,
		.send = send_drops,
	};
	int r = ends.context ? drop_summary_new(manager->event, &ends, &manager->summary) : 0;

	return r < 0 ? r : manager_summary_refresh(manager);
}

int manager_new(sd_event *event, const struct settings *settings, struct state_directory *state,
	struct recorder *recorder, struct manager **ret, struct failure *failure)
{
	struct manager *manager = g_new0(struct manager, 1);
	g_autoptr(GArray) requests = NULL;
	auto_saved_sessions *saved = NULL;
	int r;

	manager->event = sd_event_ref(event);
	manager->settings = settings_ref(settings);
	manager->recorder = recorder;
	manager->store = state;
	manager->sessions = g_ptr_array_new();
	manager->engine = engine_new(settings, state, recorder);
	manager->problem = g_string_new(NULL);
	manager->configured = configured_sessions_new(manager);
	manager->follow =
		follow_new(event, (unsigned int)settings->followers_max, settings->ring_size);
	manager->open_tries = OPEN_TRIES;

	r = add_sources(manager);
	if (r >= 0)
		r = manager_settings_begin(manager);
	if (r >= 0)
		r = summary_begin(manager);
	if (r < 0) {
		failure_set(failure, FAILURE_INTERNAL, "can't set up the event loop: %s",
			g_strerror(-r));
	} else {
		requests = engine_inherit(manager->engine, &saved);
		r = engine_open(manager->engine,
			settings->configured_sessions->len ? ENGINE_STARTS : ENGINE_RESTS, failure);
		if (r == -ENOENT) {
			manager->state = MANAGER_WAITING;
			failure_clear(failure);
			r = 0;
		}
	}
	/* What sessions that go on are called depends on it. */
	engine_status(manager->engine, &manager->status);
	if (r >= 0 && requests)
		manager_resume(manager, requests);
	if (r >= 0 && manager->summary && engine_went_on(manager->engine))
		drop_summary_resume(manager->summary);
	if (r < 0) {
		manager_free(manager);
		return r;
	}
	engine_status(manager->engine, &manager->status);
	manager->warning = engine_warning(manager->engine);
	manager_tend_refresh(manager);
	if (manager->warning)
		log_warning("%s", manager->warning);
	*ret = manager;
	return 0;
}

void manager_observe(struct manager *manager, const struct manager_observer *observer)
{
	manager->observer = *observer;
}

struct manager *manager_free(struct manager *manager)
{
	if (!manager)
		return NULL;
	manager_cancel(manager);
	worker_free(manager->worker);
	worker_free(manager->janitor);
	manager_index_free(manager->index);
	compiler_free(manager->compiler);
	sd_event_source_disable_unref(manager->attention);
	sd_event_source_disable_unref(manager->tend_timer);
	sd_event_source_disable_unref(manager->open_timer);
	sd_event_source_disable_unref(manager->handover_timer);
	configured_sessions_free(manager->configured);
	follow_free(manager->follow);
	/* Closed, it counts no more: nothing comes after the last summary. */
	if (manager->engine && !manager->leaving)
		engine_close(manager->engine);
	drop_summary_finish(manager->summary);
	drop_summary_free(manager->summary);
	if (manager->leaving)
		engine_leave(manager->engine);
	else
		engine_free(manager->engine);
	/* Some are left if the loop ended in another way than by manager_end. */
	for (unsigned int i = 0; i < manager->sessions->len; i++)
		session_free(manager->sessions->pdata[i]);
	g_ptr_array_unref(manager->sessions);
	g_free(manager->failed);
	g_free(manager->warning);
	g_free(manager->misconfigured);
	g_string_free(manager->problem, TRUE);
	settings_free(manager->settings);
	sd_event_unref(manager->event);
	g_free(manager);
	return NULL;
}
