/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manager's beginning and end; see manager.h. */
#include "daemon/sessions/manager.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "daemon/base/log-sink.h"
#include "daemon/base/log.h"
#include "daemon/sessions/configured-sessions.h"
#include "daemon/sessions/index-job.h"
#include "daemon/sessions/manager-private.h"
#include "daemon/sessions/pipeline-state.h"
#include "daemon/sessions/resume.h"
#include "daemon/sessions/session-control.h"
#include "daemon/sessions/settings-handover.h"

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
		r = manager_pipeline_begin(manager);
	if (r >= 0)
		r = manager_settings_begin(manager);
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

/* Before the first drop is counted: the summary covers all. */
static int summary_begin(struct manager *manager)
{
	const struct drop_summary_ops ops = {
		.read = read_drops,
		.context = engine_drops(manager->engine),
		.drops = engine_drops(manager->engine),
		.sends = log_is_journal,
		.send = send_drops,
	};
	int r = ops.context ? drop_summary_new(manager->event, &ops, &manager->summary) : 0;

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
	manager->state_directory = state;
	manager->sessions = g_ptr_array_new();
	manager->engine = engine_new(settings, state, recorder);
	manager->problem = g_string_new(NULL);
	manager->configured = configured_sessions_new(manager);
	manager->follow =
		follow_new(event, (unsigned int)settings->followers_max, settings->ring_size);

	r = add_sources(manager);
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
			failure_clear(failure);
			r = 0;
		}
	}
	/* The states of resumed sessions depend on it. */
	engine_status(manager->engine, &manager->status);
	if (r >= 0 && requests)
		manager_resume(manager, requests);
	if (r >= 0 && manager->summary && engine_has_adopted(manager->engine))
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

GPtrArray *manager_sessions(const struct manager *manager)
{
	return manager->sessions;
}

const struct settings *manager_settings(const struct manager *manager)
{
	return manager->settings;
}

const struct state_directory *manager_state_directory(const struct manager *manager)
{
	return manager->state_directory;
}

const struct journal_index *manager_journals(const struct manager *manager)
{
	return manager_index_journals(manager->index);
}

struct configured *manager_configured(const struct manager *manager)
{
	return manager->configured;
}

struct engine *manager_engine(const struct manager *manager)
{
	return manager->engine;
}

struct follow *manager_follow(const struct manager *manager)
{
	return manager->follow;
}

struct reload *manager_reload(const struct manager *manager)
{
	return manager->reload;
}

bool manager_is_ending(const struct manager *manager)
{
	return manager->ending;
}

void manager_end(struct manager *manager)
{
	atomic_store(&manager->ending, true);
	if (engine_is_saved(manager->engine)) {
		manager_cancel(manager);
		sd_event_exit(manager->event, 0);
		return;
	}
	if (!manager->sessions->len)
		sd_event_exit(manager->event, 0);
	manager_cancel(manager);
	for (unsigned int i = 0; i < manager->sessions->len; i++)
		manager_session_stop(manager->sessions->pdata[i], SESSION_END_SHUTDOWN,
			(struct manager_call){ 0 });
}

struct manager *manager_free(struct manager *manager)
{
	bool leaving;

	if (!manager)
		return NULL;
	leaving = manager->ending && engine_is_saved(manager->engine);
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
	/* A closed engine counts nothing more: the last summary is complete. */
	if (!leaving)
		engine_close(manager->engine);
	drop_summary_finish(manager->summary);
	drop_summary_free(manager->summary);
	if (leaving)
		engine_leave(manager->engine);
	else
		engine_free(manager->engine);
	/* Some are left if the loop did not end by manager_end. */
	for (unsigned int i = 0; i < manager->sessions->len; i++)
		session_free(manager->sessions->pdata[i]);
	g_ptr_array_unref(manager->sessions);
	g_free(manager->warning);
	for (size_t i = 0; i < PROBLEM_SOURCES; i++) {
		g_free(manager->problems[i].text);
		g_free(manager->problems[i].public_text);
	}
	g_string_free(manager->problem, TRUE);
	settings_free(manager->settings);
	sd_event_unref(manager->event);
	g_free(manager);
	return NULL;
}
