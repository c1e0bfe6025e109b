/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's sessions: begun, changed and ended, each step undone when a later one fails. */
#include "engine-private.h"

#include <errno.h>

#include "../journal/cleanup.h"

static int filter_make(const char *expression, struct filter **ret, struct failure *failure)
{
	g_autofree char *reason = NULL;
	int r;

	*ret = NULL;
	if (!*expression)
		return 0;
	r = filter_new(expression, ret, &reason);
	if (r < 0)
		failure_set(failure,
			r == -E2BIG ? FAILURE_FILTER_TOO_COMPLEX : FAILURE_INVALID_FILTER, "%s",
			reason ? reason : g_strerror(-r));
	return r;
}

static char *settings_json(const struct session_options *options, uid_t owner)
{
	g_auto(GStrv) verdicts = verdicts_names(options->verdicts);
	struct dictionary_settings settings = {
		.name = options->name,
		.verdicts = verdicts,
		.filter = options->filter,
		.track = options->track,
		.limit = options->limit,
		.rate = options->rate,
		.size = options->size,
		.duration = options->duration,
		.owner = owner,
	};

	return dictionary_settings_new(&settings);
}

static void engine_session_clear(struct engine_session *session)
{
	g_clear_pointer(&session->path, g_free);
	fd_close(&session->dir_fd);
}

static int journal_begin(struct engine *engine, const struct session_options *options, uid_t owner,
	const char *command, struct engine_session *session, struct journal_writer **ret,
	struct failure *failure)
{
	uint64_t total = options->size ? options->size : engine->settings->journal_size;
	g_autofree char *start = NULL, *settings = settings_json(options, owner);
	const struct journal_limits limits = {
		/* So that retention, which removes whole segments, leaves most of what is allowed. */
		.segment_size = CLAMP(total / 4, 64 << 10, engine->settings->segment_size),
		.total_size = total,
	};
	int r;

	*session = (struct engine_session){ .dir_fd = -1 };
	r = state_next_id(engine->state, &session->id);
	if (r == 0)
		r = state_session_create(
			engine->state, session->id, &session->dir_fd, &session->path);
	if (r == 0) {
		start = journal_start_new(session->id, options->name, command);
		r = journal_writer_open(
			session->dir_fd, session->id, start, settings, &limits, ret);
		if (r < 0)
			state_session_remove(engine->state, session->id);
	}
	if (r < 0) {
		failure_set(failure, FAILURE_JOURNAL, "can't begin a journal in %s: %s",
			engine->settings->state_directory, g_strerror(-r));
		engine_session_clear(session);
	}
	return r;
}

static void reset_counts(struct engine *engine, unsigned int bit)
{
	g_mutex_lock(&engine->lock);
	engine->sessions[bit] = (struct session_stats){ 0 };
	pipeline_session_reset(engine->pipeline, bit);
	g_mutex_unlock(&engine->lock);
}

int engine_session_start(struct engine *engine, unsigned int bit,
	const struct session_options *options, uid_t owner, const char *command,
	struct engine_session *ret, struct failure *failure)
{
	struct plan plan = engine->plan;
	struct plan_entry *entry = &plan.entries[bit];
	struct engine_session session = { .dir_fd = -1 };
	struct journal_writer *writer = NULL;
	struct matcher *matcher = NULL;
	auto_filter *filter = NULL;
	int r;

	r = filter_make(options->filter, &filter, failure);
	if (r == 0)
		r = engine_require(engine, failure);
	if (r < 0)
		return r;
	/* Opening it may have moved the other sessions to a new epoch. */
	plan = engine->plan;
	*entry = (struct plan_entry){
		.used = true,
		.track = options->track,
		.verdicts = options->verdicts,
		.rate = options->rate,
		.since = pipeline_next_epoch(engine->pipeline),
		.filter = filter,
	};
	r = engine_build(engine, &plan, &matcher, failure);
	if (r == 0)
		r = journal_begin(engine, options, owner, command, &session, &writer, failure);
	if (r < 0) {
		matcher_free(matcher);
		return r;
	}
	reset_counts(engine, bit);
	data_add(engine->data, bit, writer, options->limit);

	/* The key last: from then on the first call is already seen by the session. */
	r = engine_swap(engine, &plan, matcher, failure);
	matcher_free(matcher);
	if (r == 0) {
		r = engine_arm(engine, failure);
		if (r < 0) {
			auto_failure ignored = { 0 };

			engine_apply(engine, &engine->plan, &ignored);
		}
	}
	if (r < 0) {
		journal_writer_free(data_remove(engine->data, bit));
		state_session_remove(engine->state, session.id);
		engine_session_clear(&session);
		return r;
	}
	engine->plan = plan;
	g_steal_pointer(&filter);
	*ret = session;
	return 0;
}

int engine_session_change(struct engine *engine, unsigned int bit,
	const struct session_options *options, uid_t owner, char **ret_warning,
	struct failure *failure)
{
	struct plan plan = engine->plan;
	struct plan_entry *entry = &plan.entries[bit];
	g_autofree char *json = NULL;
	auto_filter *filter = NULL;
	int r;

	r = filter_make(options->filter, &filter, failure);
	if (r < 0)
		return r;
	if (g_strcmp0(filter ? filter->expression : NULL,
		    entry->filter ? entry->filter->expression : NULL) != 0 &&
		engine->pipeline)
		entry->since = pipeline_next_epoch(engine->pipeline);
	entry->filter = filter;
	entry->verdicts = options->verdicts;

	if (engine->pipeline) {
		r = engine_apply(engine, &plan, failure);
		if (r < 0)
			return r;
	}
	filter_free(engine->plan.entries[bit].filter);
	engine->plan = plan;
	g_steal_pointer(&filter);

	json = settings_json(options, owner);
	r = data_append_settings(engine->data, bit, json);
	if (r < 0)
		*ret_warning = g_strdup_printf(
			"the change is in force, but could not be noted in the journal: %s",
			g_strerror(-r));
	return 0;
}

static void journal_end(
	struct journal_writer *writer, const struct dictionary_books *books, char **ret_warning)
{
	g_autofree char *json = dictionary_books_new(books);
	int r = journal_writer_append_json(writer, JOURNAL_END, json);

	if (r < 0)
		*ret_warning = g_strdup_printf(
			"the books could not be written into the journal: %s", g_strerror(-r));
	journal_writer_free(writer);
}

int engine_session_stop(struct engine *engine, unsigned int bit, struct dictionary_books *ret,
	char **ret_warning, struct failure *failure)
{
	struct plan plan = engine->plan;
	struct journal_writer *writer;
	int r;

	plan.entries[bit] = (struct plan_entry){ 0 };
	if (engine->pipeline) {
		/* The key first: what is not asked for any more shall cost nothing. */
		if (plan_is_empty(&plan))
			engine_disarm(engine);
		r = engine_apply(engine, &plan, failure);
		if (r < 0) {
			auto_failure ignored = { 0 };

			engine_arm(engine, &ignored);
			return r;
		}
	}
	filter_free(engine->plan.entries[bit].filter);
	engine->plan = plan;

	writer = data_remove(engine->data, bit);
	engine_books(engine, bit, ret);
	journal_end(writer, ret, ret_warning);
	return 0;
}
