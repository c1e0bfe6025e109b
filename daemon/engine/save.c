/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the engine leaves for the daemon after this one: the roster is written as sessions come and go. */
#include "daemon/engine/engine-private.h"

#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/journals/state-errors.h"
#include "daemon/pipeline/trace-rule.h"

GArray *engine_keep_begin(struct engine *engine)
{
	GArray *stored_fds = NULL;
	int r;

	/* Whoever begins us again gives us a store: by hand, nothing outlives us. */
	engine->store = fd_store_new(&stored_fds);
	if (!engine->store)
		return NULL;
	r = state_counted(ledger_open(state_dir(engine->state), &engine->ledger));
	if (r < 0) {
		log_warning("the ledger can't be mapped (%s): sessions end with this daemon",
			g_strerror(-r));
		return stored_fds;
	}
	engine->roster = roster_new();
	roster_boot(engine->roster->boot);
	return stored_fds;
}

void engine_keep_nothing(struct engine *engine)
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

static struct roster_session *session_find(const struct roster *roster, unsigned int bit)
{
	for (guint i = 0; i < roster->sessions->len; i++) {
		struct roster_session *session = roster->sessions->pdata[i];

		if (session->bit == bit)
			return session;
	}
	return NULL;
}

static struct roster_session *session_add(struct roster *roster, unsigned int bit)
{
	struct roster_session *session = roster_session_new();

	session->bit = bit;
	g_ptr_array_add(roster->sessions, session);
	return session;
}

static void session_begun(struct roster_session *session, const struct engine_request *request)
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

void engine_keep_session(struct engine *engine, const struct engine_request *request)
{
	struct roster_session *session;

	if (!engine->roster)
		return;
	session = session_find(engine->roster, request->bit);
	if (!session)
		session = session_add(engine->roster, request->bit);
	if (request->action != ENGINE_CHANGE)
		session_begun(session, request);
	session_options_clear(&session->options);
	session_options_copy(&session->options, request->options);
}

void engine_keep_without(struct engine *engine, unsigned int bit)
{
	struct roster_session *session;

	if (!engine->roster)
		return;
	session = session_find(engine->roster, bit);
	if (session)
		g_ptr_array_remove_fast(engine->roster->sessions, session);
}

static void session_intend(struct roster *roster, const struct engine_request *request)
{
	struct roster_session *session = session_find(roster, request->bit);

	if (!session)
		return;
	if (request->action == ENGINE_STOP) {
		session->change = ROSTER_STOPPING;
	} else if (request->action == ENGINE_CHANGE) {
		session->change = ROSTER_CHANGING;
		session_options_clear(&session->options);
		session_options_copy(&session->options, request->options);
	}
}

void engine_keep_intent(struct engine *engine, struct engine_request *const *requests, size_t count)
{
	auto_roster *intended = NULL;
	g_autofree char *text = NULL, *ignored = NULL;
	size_t size;

	if (!engine->roster || engine->inheriting)
		return;
	text = roster_text(engine->roster, &size);
	if (roster_parse(text, size, &intended, &ignored) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		session_intend(intended, requests[i]);
	engine_roster_save(engine, intended);
}

void engine_keep_undo(struct engine *engine)
{
	if (engine->roster && !engine->inheriting)
		engine_roster_save(engine, engine->roster);
}

/* What changes with the kernel side. */
static void roster_refresh(struct engine *engine)
{
	struct roster *roster = engine->roster;

	for (guint i = 0; i < roster->sessions->len; i++) {
		struct roster_session *session = roster->sessions->pdata[i];

		session->since = engine->plan.entries[session->bit].since;
		session->before = engine->sessions[session->bit];
	}
	for (unsigned int i = 0; i < EVENT_PROBES_MAX; i++)
		roster->probes[i] = engine->plan.probes[i];
	roster->traits = (struct pipeline_traits){ 0 };
	if (engine->pipeline)
		pipeline_traits_read(engine->pipeline, &roster->traits);
}

/* What the store shall have: while anything is attached, all of it. */
static GArray *stored_fds_wanted(const struct engine *engine)
{
	GArray *stored_fds = stored_fds_new();

	if (engine->pipeline)
		pipeline_keep(engine->pipeline, stored_fds);
	if (stored_fds->len)
		stored_fd_add(stored_fds, arming_socket(engine->arming), "arming", 0);
	return stored_fds;
}

int engine_keep(struct engine *engine)
{
	g_autoptr(GArray) stored_fds = NULL;
	int r;

	if (!engine->roster || engine->inheriting)
		return 0;
	/* The store has what the list tells of, at any time. */
	stored_fds = stored_fds_wanted(engine);
	fd_store_add(engine->store, stored_fds);
	roster_refresh(engine);
	r = engine_roster_save(engine, engine->roster);
	if (r < 0)
		log_warning(
			"what runs can't be written down (%s): after a restart, sessions go on as "
			"they were before",
			g_strerror(-r));
	fd_store_keep_only(engine->store, stored_fds);
	fd_store_settle(engine->store);
	return r;
}
