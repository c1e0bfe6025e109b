/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager's sessions: starting, changing and stopping them. A job holds the session's pointer: a
 * session is freed only when its last job, the one that stops it, is done.
 */
#include "manager.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "log.h"
#include "manager-pipeline.h"

struct session_job {
	struct session *session;
	struct manager_call call;
	struct failure failure;
	struct engine_session begun;
	struct dictionary_books books;
	char *warning;

	/* What a change changes, the rest of `options` is as it is. */
	struct session_options options;
	bool verdicts, filter;
};

static struct session_job *session_job_new(struct session *session, struct manager_call call)
{
	struct session_job *job = g_new0(struct session_job, 1);

	job->session = session;
	job->call = call;
	return job;
}

static void session_job_free(struct session_job *job)
{
	session_options_clear(&job->options);
	failure_clear(&job->failure);
	g_free(job->warning);
	g_free(job);
}

static void reply(const struct manager_call *call, struct session *session,
	const struct dictionary_books *books, const struct failure *failure)
{
	if (call->reply)
		call->reply(call->context, session, books, failure);
}

static void refuse(const struct manager_call *call, enum failure_kind kind, const char *reason)
{
	auto_failure failure = { 0 };

	failure_set(&failure, kind, "%s", reason);
	reply(call, NULL, NULL, &failure);
}

#define ENDING   "nfttraced is ending"
#define TOO_BUSY "too many requests are waiting already: try again"

static void forget(struct session *session)
{
	struct manager *manager = session->manager;

	manager->bits &= ~(1ULL << session->bit);
	g_ptr_array_remove(manager->sessions, session);
	if (!manager->sessions->len)
		sd_event_source_set_enabled(manager->tend_timer, SD_EVENT_OFF);
	session_free(session);
	if (manager->ending && !manager->sessions->len)
		sd_event_exit(manager->event, 0);
}

static void set_state(struct session *session, enum session_state state)
{
	struct manager *manager = session->manager;

	if (session->state == state)
		return;
	session->state = state;
	if (manager->observer.session_changed)
		manager->observer.session_changed(manager->observer.context, session);
}

/* Running, stalled or waiting, whichever it is now. */
static void session_refresh(struct session *session)
{
	struct manager *manager = session->manager;
	enum session_state state = SESSION_RUNNING;

	if (session->state == SESSION_STARTING || session->state == SESSION_STOPPING)
		return;
	if (!manager->status.open)
		state = SESSION_WAITING;
	else if (data_stalled(manager->data, session->bit))
		state = SESSION_STALLED;

	if (state == SESSION_STALLED && session->state != SESSION_STALLED)
		log_warning("session %" PRIu64
			    ": the journal %s can't be written: events are lost and counted",
			session->id, session->path);
	else if (session->state == SESSION_STALLED && state != SESSION_STALLED)
		log_notice("session %" PRIu64 ": the journal goes on", session->id);
	set_state(session, state);
}

void manager_sessions_refresh(struct manager *manager)
{
	for (unsigned int i = 0; i < manager->sessions->len; i++)
		session_refresh(manager->sessions->pdata[i]);
}

/* Starting. */

static void run_start(void *argument)
{
	struct session_job *job = argument;
	struct session *session = job->session;

	/* Filters may take long, and there may be many: who is told to end must not see to all of them. */
	if (atomic_load(&session->manager->ending)) {
		failure_set(&job->failure, FAILURE_BUSY, ENDING);
		return;
	}
	/* Nobody changes a session that starts. */
	engine_session_start(session->manager->engine, session->bit, &session->options,
		session->owner, session->command, &job->begun, &job->failure);
	if (!job->failure.reason)
		job->warning = engine_warning(session->manager->engine);
}

static int on_duration(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct session *session = userdata;

	log_info("session %" PRIu64 " has its duration", session->id);
	manager_session_stop(session, (struct manager_call){ 0 });
	return 0;
}

static void begin(struct session *session, const struct engine_session *begun)
{
	struct manager *manager = session->manager;

	session->id = begun->id;
	session->path = begun->path;
	session->dir_fd = begun->dir_fd;
	session->started = g_get_real_time();
	session->state = SESSION_RUNNING;
	if (session->options.duration)
		sd_event_add_time_relative(manager->event, &session->timer, CLOCK_BOOTTIME,
			session->options.duration, 0, on_duration, session);
	sd_event_source_set_enabled(manager->tend_timer, SD_EVENT_ON);
	if (*session->options.name)
		log_info("session %" PRIu64 " (%s) records to %s", session->id,
			session->options.name, session->path);
	else
		log_info("session %" PRIu64 " records to %s", session->id, session->path);
	if (manager->observer.session_added)
		manager->observer.session_added(manager->observer.context, session);
}

static void done_start(void *argument)
{
	struct session_job *job = argument;
	struct session *session = job->session;
	struct manager *manager = session->manager;

	manager_status_refresh(manager, job->failure.reason ? manager->warning : job->warning);
	if (job->failure.reason) {
		reply(&job->call, NULL, NULL, &job->failure);
		forget(session);
	} else {
		begin(session, &job->begun);
		reply(&job->call, session, NULL, NULL);
		session_refresh(session);
		if (session->stop_wanted)
			manager_session_stop(session, (struct manager_call){ 0 });
	}
	session_job_free(job);
}

static bool name_is_taken(struct manager *manager, const char *name)
{
	for (unsigned int i = 0; *name && i < manager->sessions->len; i++) {
		const struct session *session = manager->sessions->pdata[i];

		if (g_str_equal(session->options.name, name))
			return true;
	}
	return false;
}

static int check_start(
	struct manager *manager, const struct session_options *options, struct failure *failure)
{
	int r = session_options_check(options, failure);

	if (r < 0)
		return r;
	if (manager->ending) {
		failure_set(failure, FAILURE_BUSY, ENDING);
		return -ESHUTDOWN;
	}
	if (name_is_taken(manager, options->name)) {
		failure_set(failure, FAILURE_INVALID_OPTION,
			"Name: a session with the name \"%s\" is running", options->name);
		return -EEXIST;
	}
	if (manager->sessions->len >= manager->settings->sessions_max) {
		failure_set(failure, FAILURE_TOO_MANY_SESSIONS,
			"there are %u sessions, as many as are allowed: stop one of them",
			manager->sessions->len);
		return -EUSERS;
	}
	return 0;
}

struct session *manager_session_start(struct manager *manager, struct session_options *options,
	uid_t owner, const char *command, struct manager_call call)
{
	auto_failure failure = { 0 };
	struct session *session;
	struct session_job *job;

	if (check_start(manager, options, &failure) < 0) {
		reply(&call, NULL, NULL, &failure);
		return NULL;
	}
	session = session_new(manager, options, owner, command);
	session->bit = __builtin_ctzll(~manager->bits);
	job = session_job_new(session, call);
	if (worker_submit(manager->worker, run_start, done_start, job) < 0) {
		session_job_free(job);
		session_free(session);
		refuse(&call, FAILURE_BUSY, TOO_BUSY);
		return NULL;
	}
	manager->bits |= 1ULL << session->bit;
	g_ptr_array_add(manager->sessions, session);
	return session;
}

/* Stopping. */

static void run_stop(void *argument)
{
	struct session_job *job = argument;

	engine_session_stop(job->session->manager->engine, job->session->bit, &job->books,
		&job->warning, &job->failure);
}

static void reply_stop(struct session *session, const struct dictionary_books *books,
	const struct failure *failure)
{
	g_autoptr(GArray) replies = g_steal_pointer(&session->stop_replies);

	session->stop_replies = g_array_new(FALSE, FALSE, sizeof(struct manager_call));
	for (unsigned int i = 0; i < replies->len; i++)
		reply(&g_array_index(replies, struct manager_call, i), session, books, failure);
}

static void log_books(const struct session *session, const struct dictionary_books *books)
{
	log_message(books->pending ? LOG_WARNING : LOG_INFO,
		"session %" PRIu64 " ended: matched %" PRIu64 " = journaled %" PRIu64
		" + lost %" PRIu64 " + suppressed %" PRIu64 " + pending %" PRIu64,
		session->id, books->matched, books->journaled, books->lost, books->suppressed,
		books->pending);
}

static void done_stop(void *argument)
{
	struct session_job *job = argument;
	struct session *session = job->session;
	struct manager *manager = session->manager;

	/* What was missing for the last session is nobody's problem any more. */
	manager_status_refresh(manager, manager->sessions->len > 1 ? manager->warning : NULL);
	/* When the daemon ends the kernel side goes altogether: what can't be stopped by itself goes then. */
	if (job->failure.reason && !manager->ending) {
		log_error("session %" PRIu64 " can't be stopped: %s", session->id,
			job->failure.reason);
		session->state = SESSION_RUNNING;
		session_refresh(session);
		if (manager->observer.session_changed)
			manager->observer.session_changed(manager->observer.context, session);
		reply_stop(session, NULL, &job->failure);
	} else {
		if (job->warning)
			log_warning("session %" PRIu64 ": %s", session->id, job->warning);
		if (!job->failure.reason)
			log_books(session, &job->books);
		follow_end(manager->follow, session->id);
		reply_stop(session, &job->books, job->failure.reason ? &job->failure : NULL);
		if (manager->observer.session_removed)
			manager->observer.session_removed(manager->observer.context, session);
		forget(session);
	}
	session_job_free(job);
}

void manager_session_stop(struct session *session, struct manager_call call)
{
	struct manager *manager = session->manager;
	struct session_job *job;

	if (session->state == SESSION_STARTING) {
		session->stop_wanted = true;
		return;
	}
	if (session->state == SESSION_STOPPING) {
		g_array_append_val(session->stop_replies, call);
		return;
	}
	job = session_job_new(session, (struct manager_call){ 0 });
	if (worker_submit(manager->worker, run_stop, done_stop, job) < 0) {
		session_job_free(job);
		refuse(&call, FAILURE_BUSY, TOO_BUSY);
		return;
	}
	g_array_append_val(session->stop_replies, call);
	sd_event_source_set_enabled(session->timer, SD_EVENT_OFF);
	set_state(session, SESSION_STOPPING);
}

/* Changing. */

static void run_change(void *argument)
{
	struct session_job *job = argument;
	const struct session *session = job->session;

	engine_session_change(session->manager->engine, session->bit, &job->options, session->owner,
		&job->warning, &job->failure);
}

static void done_change(void *argument)
{
	struct session_job *job = argument;
	struct session *session = job->session;

	manager_status_refresh(session->manager, session->manager->warning);
	if (job->failure.reason) {
		reply(&job->call, session, NULL, &job->failure);
	} else {
		if (job->verdicts)
			session->options.verdicts = job->options.verdicts;
		if (job->filter) {
			g_free(session->options.filter);
			session->options.filter = g_steal_pointer(&job->options.filter);
		}
		if (job->warning)
			log_warning("session %" PRIu64 ": %s", session->id, job->warning);
		reply(&job->call, session, NULL, NULL);
	}
	session->changing = false;
	session_job_free(job);
}

void manager_session_change(struct session *session, const uint32_t *verdicts, const char *filter,
	struct manager_call call)
{
	struct session_job *job;

	if (session->state == SESSION_STOPPING) {
		refuse(&call, FAILURE_NO_SUCH_SESSION, "the session is being stopped");
		return;
	}
	if (session->changing) {
		refuse(&call, FAILURE_BUSY,
			"the session is being changed: try again when that is done");
		return;
	}
	job = session_job_new(session, call);
	job->options = session->options;
	job->options.name = g_strdup(session->options.name);
	job->options.filter = g_strdup(filter ? filter : session->options.filter);
	job->filter = filter;
	job->verdicts = verdicts;
	if (verdicts)
		job->options.verdicts = *verdicts;
	if (worker_submit(session->manager->worker, run_change, done_change, job) < 0) {
		session_job_free(job);
		refuse(&call, FAILURE_BUSY, TOO_BUSY);
		return;
	}
	session->changing = true;
}

/* All of them. */

struct session *manager_session_find(struct manager *manager, uint64_t id)
{
	for (unsigned int i = 0; i < manager->sessions->len; i++) {
		struct session *session = manager->sessions->pdata[i];

		if (session->state != SESSION_STARTING && session->id == id)
			return session;
	}
	return NULL;
}

void manager_attend(struct manager *manager)
{
	for (unsigned int i = 0; i < manager->sessions->len; i++) {
		struct session *session = manager->sessions->pdata[i];

		if (session->state == SESSION_STARTING || session->state == SESSION_STOPPING)
			continue;
		session_refresh(session);
		if (data_limit_reached(manager->data, session->bit)) {
			log_info("session %" PRIu64 " has its limit of events", session->id);
			manager_session_stop(session, (struct manager_call){ 0 });
		}
	}
}

void manager_end(struct manager *manager)
{
	atomic_store(&manager->ending, true);
	if (!manager->sessions->len)
		sd_event_exit(manager->event, 0);
	for (unsigned int i = 0; i < manager->sessions->len; i++)
		manager_session_stop(manager->sessions->pdata[i], (struct manager_call){ 0 });
}
