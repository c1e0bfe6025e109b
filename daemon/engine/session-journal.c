/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The changes that a request makes to the journal and the totals of its session. On the worker. */
#include "daemon/engine/engine-private.h"

#include <errno.h>

#include "journal/base/cleanup.h"
#include "journal/base/clock.h"
#include "journal/format/section-names.h"

/* The text of a JOURNAL_SETTINGS record (g_free it). */
static char *settings_text(const struct plan *plan, unsigned int bit,
	const struct session_options *options, uid_t owner)
{
	g_autoptr(GArray) probes = engine_probes_describe(plan, bit);
	g_auto(GStrv) verdicts = verdicts_names(options->verdicts);
	g_auto(GStrv) sections = section_names(options->sections);
	struct dictionary_settings settings = {
		.name = options->name,
		.verdicts = verdicts,
		.sections = sections,
		.filter = options->filter,
		.track = options->track,
		.limit = options->limit,
		.rate = options->rate,
		.burst = options->burst,
		.size = options->size,
		.duration = options->duration,
		.owner = owner,
		.probes = (struct dictionary_probe *)(void *)probes->data,
		.probe_count = probes->len,
		.stack = plan->entries[bit].stacks & 1u << EVENT_PROBE_NFT,
	};

	return dictionary_settings_new(&settings);
}

void engine_session_clear(struct engine_session *session)
{
	g_clear_pointer(&session->path, g_free);
	fd_close(&session->dir_fd);
}

struct checkpoint_slot *engine_checkpoint_slot(struct engine *engine, unsigned int bit)
{
	return engine->checkpoint ? checkpoint_slot(engine->checkpoint, bit) : NULL;
}

/* The journal of a session that starts. */
static int journal_begin(struct engine *engine, const struct plan *plan,
	const struct engine_request *request, struct engine_session *session,
	struct journal_writer **ret, struct failure *failure)
{
	const struct session_options *options = request->options;
	char *settings = settings_text(plan, request->bit, options, request->owner);
	int r;

	*session = (struct engine_session){
		.dir_fd = -1,
		.started = (uint64_t)g_get_real_time(),
	};
	if (options->duration)
		session->deadline = clock_ns(CLOCK_BOOTTIME) / NSEC_PER_USEC + options->duration;
	r = engine_journal_begin(engine, request, settings, session, ret);
	if (r == -ETIMEDOUT)
		failure_set(failure, FAILURE_JOURNAL,
			"can't begin a journal in %s: the disk does not answer",
			engine->settings->state_directory);
	else if (r < 0)
		failure_set(failure, FAILURE_JOURNAL, "can't begin a journal in %s: %s",
			engine->settings->state_directory, g_strerror(-r));
	return r;
}

void engine_session_names(struct engine *engine, const struct engine_request *request)
{
	name_writer_begin(engine->writer, request->bit,
		request->options->sections & 1U << EVENT_SECTION_DROP ? NAME_WRITER_REASONS_WRITE
								      : NAME_WRITER_REASONS_NONE);
}

int engine_session_begin(struct engine *engine, const struct plan *plan,
	struct engine_request *request, struct failure *failure)
{
	struct recorder_session session = {
		.limit = request->options->limit,
		.checkpoint = engine_checkpoint_slot(engine, request->bit),
	};
	int r = journal_begin(engine, plan, request, &request->begun, &session.writer, failure);

	if (r < 0)
		return r;
	session.id = request->begun.id;
	engine_session_stats_reset(engine, request->bit);
	recorder_add(engine->recorder, request->bit, &session);
	engine_session_names(engine, request);
	return 0;
}

void engine_session_undo(struct engine *engine, struct engine_request *request)
{
	if (request->begun.dir_fd < 0)
		return;
	name_writer_end(engine->writer, request->bit);
	journal_writer_free(recorder_remove(engine->recorder, request->bit));
	state_directory_session_remove(engine->state, request->begun.id);
	engine_session_clear(&request->begun);
}

void engine_session_changed(struct engine *engine, struct engine_request *request)
{
	g_autofree char *json =
		settings_text(&engine->plan, request->bit, request->options, request->owner);
	int r = recorder_append_settings(engine->recorder, request->bit, json);

	if (r < 0)
		request->warning = g_strdup_printf(
			"the change is in force, but could not be recorded in the journal: %s",
			g_strerror(-r));
}

void engine_session_ended(struct engine *engine, struct engine_request *request)
{
	struct journal_writer *writer;

	engine_suppressed_write(engine, request->bit);
	name_writer_end(engine->writer, request->bit);
	writer = recorder_remove(engine->recorder, request->bit);
	engine_totals(engine, request->bit, &request->totals);
	request->totals.end = request->end;
	engine_journal_end(engine, request, writer);
}
