/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status of the manager and of its sessions; see status.h. */
#include "daemon/sessions/status.h"

#include <inttypes.h>

#include "daemon/base/log.h"
#include "daemon/sessions/manager-private.h"

static void report_status(struct manager *manager)
{
	if (manager->observer.status_changed)
		manager->observer.status_changed(manager->observer.context);
}

static enum manager_state state_of(const struct manager *manager)
{
	if (manager->status.open)
		return MANAGER_READY;
	return manager->problems[PROBLEM_PIPELINE].text ? MANAGER_FAILED : MANAGER_WAITING;
}

void manager_status(const struct manager *manager, struct manager_status *ret)
{
	*ret = (struct manager_status){
		.state = state_of(manager),
		.engine = manager->status,
		.unclaimed = recorder_unclaimed(manager->recorder),
		.segments_removed = manager->quota_segments,
		.journals_removed = manager->quota_journals,
		.summaries_unsent = drop_summary_unsent(manager->summary),
	};
}

GArray *manager_running_ids(const struct manager *manager)
{
	GArray *running = g_array_new(FALSE, FALSE, sizeof(uint64_t));

	for (unsigned int i = 0; i < manager->sessions->len; i++) {
		const struct session *session = manager->sessions->pdata[i];

		if (session->state != SESSION_STARTING)
			g_array_append_val(running, session->id);
	}
	return running;
}

uint64_t manager_unsynced(const struct manager *manager)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < manager->sessions->len; i++) {
		const struct session *session = manager->sessions->pdata[i];
		struct recorder_stored stored;

		if (session->state == SESSION_STARTING)
			continue;
		engine_stored(manager->engine, session->bit, &stored);
		sum += stored.unsynced;
	}
	return sum;
}

static const char *waiting_text(const struct manager *manager)
{
	return manager->settings->allow_system_changes
		? "nf_tables is not loaded: starting a session loads it"
		: "nf_tables is not loaded, and AllowSystemChanges=no: run \"modprobe nf_tables\"";
}

static void append_problem(GString *all, const char *text)
{
	if (text)
		g_string_append_printf(all, "%s%s", all->len ? "; " : "", text);
}

enum audience {
	ROOT,
	EVERYBODY,
};

static const char *problem_for(const struct manager *manager, enum audience audience)
{
	enum manager_state state = state_of(manager);

	g_string_truncate(manager->problem, 0);
	append_problem(manager->problem, state == MANAGER_READY ? manager->warning : NULL);
	append_problem(manager->problem, state == MANAGER_WAITING ? waiting_text(manager) : NULL);
	for (size_t i = 0; i < PROBLEM_SOURCES; i++) {
		const struct problem *problem = &manager->problems[i];

		append_problem(
			manager->problem, audience == ROOT ? problem->text : problem->public_text);
	}
	return manager->problem->str;
}

const char *manager_problem(const struct manager *manager)
{
	return problem_for(manager, ROOT);
}

const char *manager_problem_public(const struct manager *manager)
{
	return problem_for(manager, EVERYBODY);
}

static bool problem_replace(struct problem *problem, const char *text, const char *public_text)
{
	if (g_strcmp0(text, problem->text) == 0)
		return false;
	g_free(problem->text);
	problem->text = g_strdup(text);
	g_free(problem->public_text);
	problem->public_text = text ? g_strdup(public_text) : NULL;
	return true;
}

void manager_set_problem(struct manager *manager, enum problem_source source, const char *text,
	const char *public_text)
{
	if (problem_replace(&manager->problems[source], text, public_text))
		report_status(manager);
}

static void refresh_sessions(struct manager *manager)
{
	for (unsigned int i = 0; i < manager->sessions->len; i++)
		session_refresh(manager->sessions->pdata[i]);
}

void manager_status_refresh(struct manager *manager, const char *warning)
{
	g_autofree char *before = g_strdup(manager_problem(manager)), *old = manager->warning;
	const struct engine_status was = manager->status;
	enum manager_state state = state_of(manager);

	manager->warning = g_strdup(warning);
	engine_status(manager->engine, &manager->status);
	if (manager->status.open)
		problem_replace(&manager->problems[PROBLEM_PIPELINE], NULL, NULL);

	manager_tend_refresh(manager);
	if (warning && g_strcmp0(warning, old) != 0)
		log_warning("%s", warning);
	if (was.open != manager->status.open)
		refresh_sessions(manager);
	if (was.open != manager->status.open || was.armed != manager->status.armed ||
		was.attach != manager->status.attach || state != state_of(manager) ||
		!g_str_equal(before, manager_problem(manager)))
		report_status(manager);
}

void manager_tend_refresh(struct manager *manager)
{
	/* A warning goes when its cause is gone, which only the tending finds out. */
	bool wanted = manager->sessions->len > 0 || manager->warning;

	sd_event_source_set_enabled(manager->tend_timer, wanted ? SD_EVENT_ON : SD_EVENT_OFF);
}

void session_set_state(struct session *session, enum session_state state)
{
	struct manager *manager = session->manager;

	if (session->state == state)
		return;
	session->state = state;
	if (manager->observer.session_changed)
		manager->observer.session_changed(manager->observer.context, session);
}

static void log_stall(const struct session *session)
{
	struct recorder_stored stored;

	engine_stored(session->manager->engine, session->bit, &stored);
	log_warning("session %" PRIu64
		    ": the journal %s can't be stored (%s): events are lost and counted",
		session->id, session->path, g_strerror(-stored.error));
}

void session_refresh(struct session *session)
{
	struct manager *manager = session->manager;
	enum session_state state = SESSION_RUNNING;

	if (session->state == SESSION_STARTING || session->state == SESSION_STOPPING)
		return;
	if (!manager->status.open)
		state = SESSION_WAITING;
	else if (recorder_stalled(manager->recorder, session->bit))
		state = SESSION_STALLED;

	if (state == SESSION_STALLED && session->state != SESSION_STALLED)
		log_stall(session);
	else if (session->state == SESSION_STALLED && state != SESSION_STALLED)
		log_notice("session %" PRIu64 ": the journal is written again", session->id);
	session_set_state(session, state);
}
