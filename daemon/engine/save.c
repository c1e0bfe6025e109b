/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's state for the next daemon: the saved sessions and the stored descriptors, brought up
 * to date whenever a session starts, changes or ends. On the worker.
 */
#include "daemon/engine/engine-private.h"

#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/journals/state-errors.h"
#include "daemon/pipeline/trace-rule.h"

GArray *engine_save_begin(struct engine *engine)
{
	GArray *stored_fds = NULL;
	int r;

	/* A daemon that was started by hand has no store, and leaves nothing. */
	engine->store = fd_store_new(&stored_fds);
	if (!engine->store)
		return NULL;
	r = state_counted(checkpoint_open(state_directory_fd(engine->state), &engine->checkpoint));
	if (r < 0) {
		log_warning(
			"the checkpoint file can't be mapped (%s): sessions end with this daemon",
			g_strerror(-r));
		return stored_fds;
	}
	engine->saved = saved_sessions_new();
	saved_sessions_boot_id(engine->saved->boot);
	return stored_fds;
}

void engine_store_empty(struct engine *engine)
{
	g_autoptr(GArray) none = stored_fds_new();

	if (!engine->store)
		return;
	fd_store_keep_only(engine->store, none);
	fd_store_settle(engine->store);
}

void engine_stored_fds_free(GArray *stored_fds)
{
	for (guint i = 0; stored_fds && i < stored_fds->len; i++)
		close(g_array_index(stored_fds, struct stored_fd, i).fd);
	if (stored_fds)
		g_array_unref(stored_fds);
}

static struct saved_session *session_find(const struct saved_sessions *saved, unsigned int bit)
{
	for (guint i = 0; i < saved->sessions->len; i++) {
		struct saved_session *session = saved->sessions->pdata[i];

		if (session->bit == bit)
			return session;
	}
	return NULL;
}

static struct saved_session *session_add(struct saved_sessions *saved, unsigned int bit)
{
	struct saved_session *session = saved_session_new();

	session->bit = bit;
	g_ptr_array_add(saved->sessions, session);
	return session;
}

static void session_set(struct saved_session *session, const struct engine_request *request)
{
	session->id = request->begun.id;
	session->started = request->begun.started;
	session->deadline = request->begun.deadline;
	session->owner = request->owner;
	g_free(session->command);
	session->command = g_strdup(request->command);
	g_free(session->caller);
	session->caller = g_strdup(request->caller);
}

void engine_saved_set(struct engine *engine, const struct engine_request *request)
{
	struct saved_session *session;

	if (!engine->saved)
		return;
	session = session_find(engine->saved, request->bit);
	if (!session)
		session = session_add(engine->saved, request->bit);
	if (request->action != ENGINE_CHANGE)
		session_set(session, request);
	session_options_clear(&session->options);
	session_options_copy(&session->options, request->options);
}

void engine_saved_remove(struct engine *engine, unsigned int bit)
{
	struct saved_session *session;

	if (!engine->saved)
		return;
	session = session_find(engine->saved, bit);
	if (session)
		g_ptr_array_remove_fast(engine->saved->sessions, session);
}

static void session_set_intent(struct saved_sessions *saved, const struct engine_request *request)
{
	struct saved_session *session = session_find(saved, request->bit);

	if (!session)
		return;
	if (request->action == ENGINE_STOP) {
		session->change = SAVED_STOPPING;
	} else if (request->action == ENGINE_CHANGE) {
		session->change = SAVED_CHANGING;
		session_options_clear(&session->options);
		session_options_copy(&session->options, request->options);
	}
}

void engine_save_intent(struct engine *engine, struct engine_request *const *requests, size_t count)
{
	auto_saved_sessions *intended = NULL;

	if (!engine->saved || engine->inheriting)
		return;
	intended = saved_sessions_copy(engine->saved);
	for (size_t i = 0; i < count; i++)
		session_set_intent(intended, requests[i]);
	engine_saved_sessions_write(engine, intended);
}

void engine_save_revert(struct engine *engine)
{
	if (engine->saved && !engine->inheriting)
		engine_saved_sessions_write(engine, engine->saved);
}

/* Copies what changes with the kernel side. */
static void saved_sessions_refresh(struct engine *engine)
{
	struct saved_sessions *saved = engine->saved;

	for (guint i = 0; i < saved->sessions->len; i++) {
		struct saved_session *session = saved->sessions->pdata[i];

		session->since = engine->plan.entries[session->bit].since;
		session->before = engine->sessions[session->bit];
	}
	for (unsigned int i = 0; i < EVENT_PROBES_MAX; i++)
		saved->probes[i] = engine->plan.probes[i];
	saved->traits = (struct pipeline_traits){ 0 };
	if (engine->pipeline)
		pipeline_traits_read(engine->pipeline, &saved->traits);
}

/* The descriptors that belong into the store: none if nothing is attached. */
static GArray *stored_fds_wanted(const struct engine *engine)
{
	GArray *stored_fds = stored_fds_new();

	if (engine->pipeline)
		pipeline_keep(engine->pipeline, stored_fds);
	if (stored_fds->len)
		stored_fd_add(stored_fds, arming_socket(engine->arming), "arming", 0);
	return stored_fds;
}

int engine_save(struct engine *engine)
{
	g_autoptr(GArray) stored_fds = NULL;
	int r;

	if (!engine->saved || engine->inheriting)
		return 0;
	/* In this order: the store always has every descriptor that the file needs. */
	stored_fds = stored_fds_wanted(engine);
	fd_store_add(engine->store, stored_fds);
	saved_sessions_refresh(engine);
	r = engine_saved_sessions_write(engine, engine->saved);
	if (r < 0)
		log_warning("the running sessions can't be saved (%s): after a restart they are "
			    "resumed as they were before",
			g_strerror(-r));
	fd_store_keep_only(engine->store, stored_fds);
	fd_store_settle(engine->store);
	return r;
}
