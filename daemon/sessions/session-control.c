/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting, changing and stopping the manager's sessions; see session-control.h. */
#include "daemon/sessions/session-control.h"

#include <errno.h>
#include <inttypes.h>

#include "daemon/base/log.h"
#include "daemon/sessions/manager-private.h"
#include "daemon/sessions/quota-job.h"
#include "daemon/sessions/session-job.h"
#include "daemon/sessions/user-limits.h"

static void send_reply(const struct manager_call *call, struct session *session,
	const struct dictionary_totals *totals, const struct failure *failure)
{
	if (call->reply)
		call->reply(call->context, session, totals, failure);
}

static void refuse_call(const struct manager_call *call, enum failure_kind kind, const char *reason)
{
	auto_failure failure = { 0 };

	failure_set(&failure, kind, "%s", reason);
	send_reply(call, NULL, NULL, &failure);
}

#define STOPPING "the session is being stopped"

static void session_forget(struct session *session)
{
	struct manager *manager = session->manager;

	g_ptr_array_remove(manager->sessions, session);
	manager_tend_refresh(manager);
	session_free(session);
	if (!manager->ending)
		manager_quota_check(manager);
	if (manager->ending && !manager->sessions->len)
		sd_event_exit(manager->event, 0);
}

/* Refreshes its state, and stops it if it has reached its limit of events. */
static void session_attend(struct session *session)
{
	session_refresh(session);
	if (session->state == SESSION_STARTING || session->state == SESSION_STOPPING ||
		!recorder_limit_reached(session->manager->recorder, session->bit))
		return;
	log_info("session %" PRIu64 " reached its limit of events", session->id);
	manager_session_stop(session, SESSION_END_LIMIT, (struct manager_call){ 0 });
}

/* Starting. */

static int on_duration(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct session *session = userdata;

	log_info("session %" PRIu64 " reached its duration", session->id);
	manager_session_stop(session, SESSION_END_DURATION, (struct manager_call){ 0 });
	return 0;
}

static void session_begin(struct session *session, const struct engine_session *begun)
{
	struct manager *manager = session->manager;

	session->id = begun->id;
	session->path = begun->path;
	session->dir_fd = begun->dir_fd;
	session->started = begun->started;
	session->deadline = begun->deadline;
	session->state = SESSION_RUNNING;
	if (session->deadline)
		sd_event_add_time(manager->event, &session->timer, CLOCK_BOOTTIME,
			session->deadline, 0, on_duration, session);
	manager_tend_refresh(manager);
}

static void session_announce(struct session *session, const char *what)
{
	struct manager *manager = session->manager;

	if (*session->options.name)
		log_info("session %" PRIu64 " (%s) %s %s", session->id, session->options.name, what,
			session->path);
	else
		log_info("session %" PRIu64 " %s %s", session->id, what, session->path);
	if (manager->observer.session_added)
		manager->observer.session_added(manager->observer.context, session);
}

static void done_start(struct session_job *job)
{
	struct session *session = job->session;
	struct manager *manager = session->manager;
	const struct failure *failure = &job->request.failure;

	session->job = NULL;
	manager_status_refresh(
		manager, failure->reason && !job->warning ? manager->warning : job->warning);
	if (failure->reason) {
		send_reply(&job->call, NULL, NULL, failure);
		session_forget(session);
	} else {
		session_begin(session, &job->request.begun);
		session_announce(session, "records to");
		send_reply(&job->call, session, NULL, NULL);
		if (session->stop_wanted)
			manager_session_stop(session, session->end, (struct manager_call){ 0 });
		/* It has been recording for a while: events may have reached the limit already. */
		session_attend(session);
	}
	session_job_free(job);
}

/* Names are unique per user. A user does not learn of the names of others. */
static bool name_is_taken(struct manager *manager, const char *name, uid_t owner)
{
	for (unsigned int i = 0; *name && i < manager->sessions->len; i++) {
		const struct session *session = manager->sessions->pdata[i];

		if (session->owner == owner && g_str_equal(session->options.name, name))
			return true;
	}
	return false;
}

static int check_start(struct manager *manager, struct session_options *options, uid_t owner,
	struct failure *failure)
{
	int r = session_options_check(options, failure);

	if (r < 0)
		return r;
	if (manager->ending) {
		failure_set(failure, FAILURE_BUSY, ENDING);
		return -ESHUTDOWN;
	}
	if (name_is_taken(manager, options->name, owner)) {
		failure_set(failure, FAILURE_INVALID_OPTION,
			"Name: a session with the name \"%s\" is running", options->name);
		return -EEXIST;
	}
	if (manager->sessions->len >= manager->settings->sessions_max) {
		failure_set(failure, FAILURE_TOO_MANY_SESSIONS,
			"limit of %u sessions reached (MaxSessions=): stop one of them",
			manager->sessions->len);
		return -EUSERS;
	}
	return user_limits_start(manager->settings, manager->sessions, owner, options, failure);
}

/* The lowest bit that no session has. One is free, because check_start limits the number of
 * sessions. */
static unsigned int find_free_bit(const struct manager *manager)
{
	uint64_t taken = 0;

	for (unsigned int i = 0; i < manager->sessions->len; i++)
		taken |= 1ULL << ((const struct session *)manager->sessions->pdata[i])->bit;
	return __builtin_ctzll(~taken);
}

struct session *manager_session_start(struct manager *manager, struct session_options *options,
	uid_t owner, const char *command, struct manager_call call)
{
	auto_failure failure = { 0 };
	struct session *session;

	if (check_start(manager, options, owner, &failure) < 0) {
		send_reply(&call, NULL, NULL, &failure);
		return NULL;
	}
	session = session_new(manager, options, owner, command);
	manager->users_seen = manager->users_seen || owner != 0;
	session->bit = find_free_bit(manager);
	g_ptr_array_add(manager->sessions, session);
	session->job = session_job_new(session, ENGINE_START, call, done_start);
	session_job_compile(session->job, session->options.filter);
	return session;
}

void manager_session_take(
	struct manager *manager, struct engine_session *begun, struct saved_session *resumed)
{
	struct session *session =
		session_new(manager, &resumed->options, resumed->owner, resumed->command);

	manager->users_seen = manager->users_seen || resumed->owner != 0;
	session->bit = resumed->bit;
	session->caller_name = g_steal_pointer(&resumed->caller);
	g_ptr_array_add(manager->sessions, session);
	session_begin(session, begun);
	session_announce(session, "resumed in");
}

/* Stopping. */

static void reply_stop(struct session *session, const struct dictionary_totals *totals,
	const struct failure *failure)
{
	g_autoptr(GArray) replies = g_steal_pointer(&session->stop_replies);

	session->stop_replies = g_array_new(FALSE, FALSE, sizeof(struct manager_call));
	for (unsigned int i = 0; i < replies->len; i++)
		send_reply(
			&g_array_index(replies, struct manager_call, i), session, totals, failure);
}

static void log_totals(const struct session *session, const struct dictionary_totals *totals)
{
	uint64_t disk = totals->lost_by[LOSS_DISK_FULL] + totals->lost_by[LOSS_DISK_ERROR];
	g_autofree char *reasons = disk
		? g_strdup_printf(" (%s %" PRIu64 ", %s %" PRIu64 ")",
			  loss_reason_name(LOSS_DISK_FULL), totals->lost_by[LOSS_DISK_FULL],
			  loss_reason_name(LOSS_DISK_ERROR), totals->lost_by[LOSS_DISK_ERROR])
		: NULL;

	const char *why = session_end_text(session->end);

	log_message(totals->pending || disk ? LOG_WARNING : LOG_INFO,
		"session %" PRIu64 " ended%s%s%s: matched %" PRIu64 " = journaled %" PRIu64
		" + lost %" PRIu64 "%s + suppressed %" PRIu64 " + pending %" PRIu64,
		session->id, why ? " (" : "", why ? why : "", why ? ")" : "", totals->matched,
		totals->journaled, totals->lost, reasons ? reasons : "", totals->suppressed,
		totals->pending);
}

static void done_stop(struct session_job *job)
{
	struct session *session = job->session;
	struct manager *manager = session->manager;
	const struct failure *failure = &job->request.failure;

	/* A warning concerns sessions and drop counters: it goes with the last of them. */
	manager_status_refresh(manager,
		manager->sessions->len > 1 || engine_drops(manager->engine) ? manager->warning
									    : NULL);
	/* When the daemon ends, a session that can't be stopped ends with the kernel side. */
	if (failure->reason && !manager->ending) {
		log_error("session %" PRIu64 " can't be stopped: %s", session->id, failure->reason);
		session->state = SESSION_RUNNING;
		session_refresh(session);
		if (manager->observer.session_changed)
			manager->observer.session_changed(manager->observer.context, session);
		reply_stop(session, NULL, failure);
	} else {
		if (job->request.warning)
			log_warning("session %" PRIu64 ": %s", session->id, job->request.warning);
		if (!failure->reason)
			log_totals(session, &job->request.totals);
		session->stored = job->request.stored;
		follow_end(manager->follow, session->id);
		reply_stop(session, &job->request.totals, failure->reason ? failure : NULL);
		if (manager->observer.session_removed)
			manager->observer.session_removed(manager->observer.context, session);
		session_forget(session);
	}
	session_job_free(job);
}

void manager_session_stop(struct session *session, enum session_end end, struct manager_call call)
{
	struct session_job *job;

	if (session->state == SESSION_STARTING) {
		if (!session->stop_wanted)
			session->end = end;
		session->stop_wanted = true;
		session_job_cancel(session->job, FAILURE_BUSY, "the caller has left");
		return;
	}
	if (session->state == SESSION_STOPPING) {
		g_array_append_val(session->stop_replies, call);
		return;
	}
	session->end = end;
	job = session_job_new(session, ENGINE_STOP, (struct manager_call){ 0 }, done_stop);
	session_job_queue_stop(job);
	if (session->job)
		session_job_cancel(session->job, FAILURE_NO_SUCH_SESSION, STOPPING);
	g_array_append_val(session->stop_replies, call);
	sd_event_source_set_enabled(session->timer, SD_EVENT_OFF);
	session_set_state(session, SESSION_STOPPING);
}

/* Changing. */

static void done_change(struct session_job *job)
{
	struct session *session = job->session;

	session->job = NULL;
	manager_status_refresh(session->manager, session->manager->warning);
	if (job->request.failure.reason) {
		send_reply(&job->call, session, NULL, &job->request.failure);
	} else {
		session->options.verdicts = job->options.verdicts;
		g_free(session->options.filter);
		session->options.filter = g_steal_pointer(&job->options.filter);
		if (job->request.warning)
			log_warning("session %" PRIu64 ": %s", session->id, job->request.warning);
		send_reply(&job->call, session, NULL, NULL);
	}
	session_job_free(job);
}

void manager_session_change(struct session *session, const uint32_t *verdicts, const char *filter,
	struct manager_call call)
{
	struct manager *manager = session->manager;
	auto_failure failure = { 0 };
	struct session_job *job;

	if (session->state == SESSION_STOPPING) {
		refuse_call(&call, FAILURE_NO_SUCH_SESSION, STOPPING);
		return;
	}
	if (user_limits_job(manager->settings, manager->sessions, session->owner, &failure) < 0) {
		send_reply(&call, NULL, NULL, &failure);
		return;
	}
	if (session->job) {
		refuse_call(&call, FAILURE_BUSY,
			"the session is being changed: try again when that is done");
		return;
	}
	job = session_job_new(session, ENGINE_CHANGE, call, done_change);
	session_options_copy(&job->options, &session->options);
	if (filter) {
		g_free(job->options.filter);
		job->options.filter = g_strdup(filter);
	}
	if (verdicts)
		job->options.verdicts = *verdicts;
	job->request.options = &job->options;
	job->request.new_filter = filter != NULL;
	if (filter) {
		session_job_compile(job, filter);
	} else if (session_job_queue(job) < 0) {
		session_job_free(job);
		refuse_call(&call, FAILURE_BUSY, TOO_BUSY);
		return;
	}
	session->job = job;
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
	for (unsigned int i = 0; i < manager->sessions->len; i++)
		session_attend(manager->sessions->pdata[i]);
}

void manager_cancel(struct manager *manager)
{
	/* From the end: this removes sessions that are starting. */
	for (unsigned int i = manager->sessions->len; i-- > 0;) {
		struct session *session = manager->sessions->pdata[i];

		if (session->job)
			session_job_cancel(session->job, FAILURE_BUSY, ENDING);
	}
}
