/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resumes the sessions of the last daemon, before the worker starts. Their
 * journals are opened first; the checkpoint says which records they have already. If the last
 * daemon's pipeline can't be used, the time between its last checkpoint and the first event of the
 * new one is a gap, and gets a loss record.
 */
#include "daemon/engine/engine-private.h"

#include <errno.h>
#include <inttypes.h>

#include "daemon/base/log.h"
#include "daemon/journals/state-errors.h"
#include "journal/base/cleanup.h"
#include "journal/base/clock.h"
#include "journal/reader/journal-tail.h"

/* Limits on the daemons in a row that are killed while they resume the saved sessions: the first
 * TRIES_ADOPT use the attached programs, later ones resume without them; after TRIES_MAX the
 * sessions are given up. The unit's StartLimitBurst= must allow for all of these. */
#define TRIES_ADOPT 5
#define TRIES_MAX   6

/* Opens the journal of a session to append to it. */
static int journal_reopen(
	struct engine *engine, struct engine_request *request, struct journal_writer **ret)
{
	const struct saved_session *session = request->resumed;
	const struct journal_limits limits = engine_journal_limits(engine, &session->options);
	g_autofree char *start = NULL, *settings = NULL;
	int r;

	request->id = session->id;
	request->begun = (struct engine_session){
		.id = session->id,
		.started = session->started,
		.deadline = session->deadline,
		.dir_fd = -1,
	};
	r = state_directory_session_open(engine->state, session->id, &request->begun.dir_fd);
	if (r == 0)
		r = journal_tail_heads(request->begun.dir_fd, &start, &settings);
	if (r == 0)
		r = journal_writer_open(
			request->begun.dir_fd, session->id, start, settings, &limits, ret);
	if (r < 0)
		engine_session_clear(&request->begun);
	else
		request->begun.path = state_directory_session_path(engine->state, session->id);
	return r;
}

/* Estimates the counts of a session that the checkpoint does not have, from its journal's
 * events. */
static void entry_estimate(struct journal_writer *writer, struct checkpoint_entry *ret)
{
	struct journal_totals totals;

	journal_writer_totals(writer, &totals);
	*ret = (struct checkpoint_entry){ .journaled = totals.events };
}

/* Estimates the counts of a session whose pipeline is gone: events matched after the checkpoint are
 * unknown, so `matched` becomes the sum of the known counts. */
static void counts_estimate(const struct saved_session *session,
	const struct checkpoint_entry *entry, uint64_t journaled, struct session_stats *ret)
{
	struct session_stats stats = {
		.ring_full = session->before.ring_full + entry->kernel_counts.ring_full,
		.suppressed = session->before.suppressed + entry->kernel_counts.suppressed,
	};

	stats.matched = journaled + entry->disk_full + entry->disk_error + entry->over_limit +
		stats.ring_full + stats.suppressed;
	*ret = stats;
}

void engine_session_resumed(struct engine *engine, struct engine_request *request)
{
	struct journal_loss loss = {
		.reason = LOSS_RESTART,
		.since = request->seen,
		.until = clock_ns(CLOCK_MONOTONIC),
	};

	if (request->seen)
		recorder_append_loss(engine->recorder, request->bit, &loss);
	engine_session_changed(engine, request);
}

static int session_resume(struct engine *engine, struct engine_request *request)
{
	const struct saved_session *session = request->resumed;
	struct checkpoint_slot *slot = engine_checkpoint_slot(engine, session->bit);
	struct checkpoint_entry entry;
	struct session_stats stats = session->before;
	struct journal_tail tail = JOURNAL_TAIL_NONE;
	struct recorder_session recorded = {
		.id = session->id,
		.limit = session->options.limit,
		.checkpoint = slot,
		.before = &entry,
		.tail = &tail,
	};
	bool known = checkpoint_slot_read(slot, session->id, &entry);
	int dir_fd = -1, r;

	/* Before the writer is opened, which cuts off an incomplete last record. */
	r = state_directory_session_open(engine->state, session->id, &dir_fd);
	if (r < 0)
		return r;
	if (known && journal_tail_read(dir_fd, entry.segment, entry.end, &tail) < 0)
		known = false;
	fd_close(&dir_fd);
	r = journal_reopen(engine, request, &recorded.writer);
	if (r < 0) {
		journal_tail_clear(&tail);
		return r;
	}
	if (!known)
		entry_estimate(recorded.writer, &entry);
	if (!engine->adopting)
		counts_estimate(session, &entry, entry.journaled + tail.events, &stats);
	engine_session_stats_set(engine, session->bit, &stats);
	recorder_add(engine->recorder, session->bit, &recorded);
	if (!engine->adopting)
		request->seen = MAX(entry.time, 1);
	journal_tail_clear(&tail);
	return 0;
}

static void requests_create(
	struct engine *engine, const struct saved_sessions *saved, GArray *requests)
{
	for (guint i = 0; i < saved->sessions->len; i++) {
		const struct saved_session *session = saved->sessions->pdata[i];
		struct engine_request request = {
			.action = ENGINE_RESUME,
			.bit = session->bit,
			.options = &session->options,
			.owner = session->owner,
			.command = session->command,
			.caller = session->caller,
			.resumed = session,
		};
		int r = session_resume(engine, &request);

		if (r == -EALREADY)
			log_info("session %" PRIu64 " ended before the restart", session->id);
		else if (r < 0)
			log_error("session %" PRIu64
				  " can't be resumed: its journal can't be opened: %s",
				session->id, g_strerror(-r));
		else
			g_array_append_val(requests, request);
	}
}

/* Reads the saved sessions; NULL: nothing is to be resumed. */
static struct saved_sessions *saved_sessions_read(struct engine *engine)
{
	struct saved_sessions *saved = NULL;
	g_autofree char *reason = NULL;
	int r = state_counted(
		saved_sessions_load(state_directory_fd(engine->state), &saved, &reason));

	if (r < 0) {
		if (r != -ENOENT)
			log_error("%s", reason);
		return NULL;
	}
	if (!saved->sessions->len && !saved->traits.attach)
		return saved_sessions_free(saved);
	if (!g_str_equal(saved->boot, engine->saved->boot)) {
		log_notice(
			"the machine was rebooted: the sessions of the previous boot have ended");
		return saved_sessions_free(saved);
	}
	if (saved->tries >= TRIES_MAX) {
		log_error("nfttraced failed repeatedly while it resumed the saved sessions: "
			  "they have ended");
		return saved_sessions_free(saved);
	}
	return saved;
}

/* The pipeline could not be adopted after all: the gap of each session begins now. */
static void requests_begin_gap(GArray *requests)
{
	for (guint i = 0; i < requests->len; i++)
		g_array_index(requests, struct engine_request, i).seen = clock_ns(CLOCK_MONOTONIC);
}

/* Adopts the pipeline of the last daemon, if possible, and opens the journals; else sessions get a
 * gap. */
static void sessions_resume(
	struct engine *engine, struct saved_sessions *saved, GArray *stored_fds, GArray *requests)
{
	g_autofree char *reason = NULL;

	if (stored_fds->len && saved->tries > TRIES_ADOPT)
		reason = g_strdup("several earlier attempts failed");
	else if (stored_fds->len)
		engine_adopt(engine, saved, stored_fds, &reason);
	if (!reason && !engine->adopting)
		reason = g_strdup("the service manager has stored nothing");
	requests_create(engine, saved, requests);
	if (engine->adopting && engine_adopt_finish(engine, &reason) < 0)
		requests_begin_gap(requests);
	if (!engine->adopting)
		log_notice("can't reuse the attached programs: %s; the events in between are lost, "
			   "and journals record the gap",
			reason);
}

GArray *engine_inherit(struct engine *engine, struct saved_sessions **ret_saved)
{
	g_autoptr(GArray) requests = g_array_new(FALSE, TRUE, sizeof(struct engine_request));
	GArray *stored_fds = engine_save_begin(engine);
	auto_saved_sessions *saved = NULL;

	if (engine->saved)
		saved = saved_sessions_read(engine);
	else
		saved_sessions_remove(state_directory_fd(engine->state));
	engine->inheriting = saved;
	for (guint i = 0; saved && i < saved->sessions->len; i++) {
		const struct saved_session *session = saved->sessions->pdata[i];

		state_directory_session_publish(engine->state, session->id);
	}
	state_directory_sessions_discard(engine->state);
	if (saved) {
		/* Counts this try, in case the daemon is killed during it. */
		saved->tries++;
		engine_saved_sessions_write(engine, saved);
		sessions_resume(engine, saved, stored_fds, requests);
	}
	engine_stored_fds_free(stored_fds);
	engine->has_adopted = engine->adopting;
	if (!engine->adopting)
		engine_store_empty(engine);
	if (!requests->len) {
		engine_inherit_end(engine, requests);
		return NULL;
	}
	*ret_saved = g_steal_pointer(&saved);
	return g_steal_pointer(&requests);
}

void engine_abandon(struct engine *engine, struct engine_request *request)
{
	name_writer_end(engine->writer, request->bit);
	journal_writer_free(recorder_remove(engine->recorder, request->bit));
	engine_session_clear(&request->begun);
}

bool engine_request_resumes(const struct engine_request *request)
{
	return request->resumed->change != SAVED_STOPPING;
}

/* Completes the stop of a session, which matches nothing any more. */
static void session_end(struct engine *engine, struct engine_request *request)
{
	struct engine_request *const ending[] = { request };

	engine_session_ended(engine, request);
	engine_journals_await(engine, ending, 1);
	log_info("session %" PRIu64 " was being stopped, and has ended", request->begun.id);
	engine_session_clear(&request->begun);
	g_clear_pointer(&request->warning, g_free);
}

void engine_inherit_end(struct engine *engine, GArray *requests)
{
	auto_failure ignored = { 0 };

	/* Removes probes and the matcher of sessions that were not resumed. */
	plan_prune_probes(&engine->plan);
	if (engine->adopting && plan_is_empty(&engine->plan))
		engine_apply(engine, &engine->plan, &ignored);
	/* Discards records of sessions that were not resumed, before other sessions get their
	 * bits. */
	if (engine->adopting)
		recorder_settle(engine->recorder);
	for (guint i = 0; i < requests->len; i++) {
		struct engine_request *request = &g_array_index(requests, struct engine_request, i);

		if (!engine_request_resumes(request))
			session_end(engine, request);
	}
	engine->adopting = false;
	engine->inheriting = false;
	engine_save(engine);
}

bool engine_has_adopted(const struct engine *engine)
{
	return engine->has_adopted;
}

bool engine_is_saved(const struct engine *engine)
{
	return engine->saved;
}
