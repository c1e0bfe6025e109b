/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sessions of the configuration; see configured-sessions.h. Each has an entry, which takes one
 * step after the other from the session that runs to the one that is wanted. */
#include "daemon/sessions/configured-sessions.h"

#include "daemon/base/log.h"
#include "daemon/sessions/manager-private.h"
#include "daemon/sessions/session-control.h"
#include "daemon/settings/settings-keys.h"

#define RETRY_FIRST (5 * G_USEC_PER_SEC)
#define RETRY_MOST  (300 * G_USEC_PER_SEC)

struct entry {
	struct configured *configured;
	char *name;
	const struct configured_session
		*wanted; /* of configured->settings; NULL: it shall not run */
	bool replace; /* the running session has to stop first */
	bool change; /* the running session gets other verdicts or another filter */
	bool busy; /* a reply is owed */
	sd_event_source *retry;
	uint64_t pause; /* us, before the next retry; 0: the last try succeeded */
	char *problem, *problem_public; /* NULL: there is none */
};

struct configured {
	struct manager *manager;
	struct settings *settings;
	GPtrArray *entries;
	sd_event_source *deferred; /* calls `idle` */
	configured_sessions_idle idle;
	void *context;
};

enum difference {
	SAME,
	CHANGED, /* only in keys that can be changed while it runs */
	OTHER,
};

static enum difference options_compare(
	const struct session_options *before, const struct session_options *after)
{
	enum difference difference = SAME;

	for (size_t i = 0; i < settings_session_keys.count; i++) {
		const struct setting_key *key = &settings_session_keys.keys[i];

		if (setting_equal(key, before, after))
			continue;
		if (key->offset != offsetof(struct session_options, verdicts) &&
			key->offset != offsetof(struct session_options, filter))
			return OTHER;
		difference = CHANGED;
	}
	return difference;
}

static struct session *entry_find_session(const struct entry *entry)
{
	const GPtrArray *sessions = entry->configured->manager->sessions;

	for (unsigned int i = 0; i < sessions->len; i++) {
		struct session *session = sessions->pdata[i];

		if (session->options.configured && session->owner == 0 &&
			g_str_equal(session->options.name, entry->name))
			return session;
	}
	return NULL;
}

static void entry_free(void *argument)
{
	struct entry *entry = argument;

	sd_event_source_disable_unref(entry->retry);
	g_free(entry->name);
	g_free(entry->problem);
	g_free(entry->problem_public);
	g_free(entry);
}

static void entry_step(struct entry *entry);

static int on_idle(sd_event_source *source, void *userdata)
{
	struct configured *configured = userdata;
	configured_sessions_idle idle = configured->idle;

	configured->idle = NULL;
	if (idle)
		idle(configured->context);
	return 0;
}

static void notify_idle(struct configured *configured)
{
	if (configured->idle && configured_sessions_is_idle(configured))
		sd_event_source_set_enabled(configured->deferred, SD_EVENT_ONESHOT);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct entry *entry = userdata;
	struct configured *configured = entry->configured;

	entry->busy = false;
	entry_step(entry);
	notify_idle(configured);
	return 0;
}

/* Takes the next step after the pause. */
static void entry_wait(struct entry *entry)
{
	entry->retry = sd_event_source_disable_unref(entry->retry);
	sd_event_add_time_relative(entry->configured->manager->event, &entry->retry,
		CLOCK_MONOTONIC, entry->pause, 0, on_retry, entry);
}

/* One problem is reported at a time: that of the first entry that has one. */
static void report_problem(struct configured *configured)
{
	const char *text = NULL, *public_text = NULL;

	for (unsigned int i = 0; !text && i < configured->entries->len; i++) {
		const struct entry *entry = configured->entries->pdata[i];

		text = entry->problem;
		public_text = entry->problem_public;
	}
	manager_set_problem(configured->manager, PROBLEM_CONFIGURED, text, public_text);
}

static void entry_failed(struct entry *entry, const char *what, const char *reason)
{
	struct manager *manager = entry->configured->manager;
	g_autofree char *problem = NULL;

	if (manager->ending)
		return;
	entry->pause = entry->pause ? MIN(entry->pause * 2, RETRY_MOST) : RETRY_FIRST;
	entry_wait(entry);
	if (entry->wanted)
		problem = g_strdup_printf("session \"%s\" (%s:%u) can't be %s: %s", entry->name,
			entry->wanted->file, entry->wanted->line, what, reason);
	else
		problem = g_strdup_printf(
			"session \"%s\", which is no longer in the configuration, can't be %s: %s",
			entry->name, what, reason);
	if (g_strcmp0(problem, entry->problem) == 0)
		return;
	log_error(
		"%s; retrying in %" G_GUINT64_FORMAT " s", problem, entry->pause / G_USEC_PER_SEC);
	g_free(entry->problem);
	entry->problem = g_steal_pointer(&problem);
	g_free(entry->problem_public);
	entry->problem_public = entry->wanted
		? g_strdup_printf("the session of %s:%u can't be %s: the log says why",
			  entry->wanted->file, entry->wanted->line, what)
		: g_strdup_printf(
			  "a session that is no longer in the configuration can't be %s: the log "
			  "says why",
			  what);
	report_problem(entry->configured);
}

static void entry_succeeded(struct entry *entry)
{
	entry->pause = 0;
	entry->retry = sd_event_source_disable_unref(entry->retry);
	if (!entry->problem)
		return;
	g_clear_pointer(&entry->problem, g_free);
	g_clear_pointer(&entry->problem_public, g_free);
	report_problem(entry->configured);
}

/* Handles a reply: takes the next step, or waits for a retry. */
static void entry_proceed(struct entry *entry, const char *what, const struct failure *failure)
{
	struct configured *configured = entry->configured;

	entry->busy = false;
	if (failure) {
		entry_failed(entry, what, failure->reason);
	} else {
		entry_succeeded(entry);
		entry_step(entry);
	}
	notify_idle(configured);
}

static void on_started(void *context, struct session *session,
	const struct dictionary_totals *totals, const struct failure *failure)
{
	entry_proceed(context, "started", failure);
}

static void on_stopped(void *context, struct session *session,
	const struct dictionary_totals *totals, const struct failure *failure)
{
	struct entry *entry = context;

	if (failure) {
		entry_proceed(entry, "stopped", failure);
		return;
	}
	/* The session is still in the list until this returns: the next step is taken later. */
	entry->replace = false;
	entry->pause = 0;
	entry_wait(entry);
}

static void on_changed(void *context, struct session *session,
	const struct dictionary_totals *totals, const struct failure *failure)
{
	struct entry *entry = context;

	if (failure)
		entry->change = true;
	entry_proceed(entry, "changed", failure);
}

static struct manager_call entry_await(struct entry *entry, manager_reply reply)
{
	entry->busy = true;
	entry->retry = sd_event_source_disable_unref(entry->retry);
	return (struct manager_call){ .reply = reply, .context = entry };
}

static void entry_start(struct entry *entry)
{
	struct session_options options;

	entry->replace = entry->change = false;
	session_options_copy(&options, &entry->wanted->options);
	manager_session_start(entry->configured->manager, &options, 0,
		"nfttraced: its configuration", entry_await(entry, on_started));
	session_options_clear(&options);
}

/* Takes the next step towards the wanted session. Frees the entry if none is wanted and none
 * runs. */
static void entry_step(struct entry *entry)
{
	struct configured *configured = entry->configured;
	struct session *session = entry_find_session(entry);

	if (entry->busy || configured->manager->ending)
		return;
	if (session && (!entry->wanted || entry->replace || session->state == SESSION_STOPPING)) {
		manager_session_stop(
			session, SESSION_END_CONFIGURATION, entry_await(entry, on_stopped));
	} else if (!entry->wanted) {
		entry_succeeded(entry);
		g_ptr_array_remove(configured->entries, entry);
	} else if (!session) {
		entry_start(entry);
	} else if (entry->change) {
		const struct session_options *options = &entry->wanted->options;

		entry->change = false;
		manager_session_change(session, &options->verdicts, options->filter,
			entry_await(entry, on_changed));
	}
}

struct configured *configured_sessions_new(struct manager *manager)
{
	struct configured *configured = g_new0(struct configured, 1);

	configured->manager = manager;
	configured->entries = g_ptr_array_new_with_free_func(entry_free);
	if (sd_event_add_defer(manager->event, &configured->deferred, on_idle, configured) >= 0)
		sd_event_source_set_enabled(configured->deferred, SD_EVENT_OFF);
	return configured;
}

/* Sets the wanted session, and decides what to do about the running one. */
static void entry_set_wanted(struct entry *entry, const struct configured_session *wanted)
{
	const struct configured_session *before = entry->wanted;
	const struct session *session = entry_find_session(entry);
	enum difference difference = SAME;

	if (wanted && before)
		difference = options_compare(&before->options, &wanted->options);
	else if (wanted && session)
		difference = options_compare(&session->options, &wanted->options);
	entry->wanted = wanted;
	entry->replace = entry->replace || difference == OTHER;
	entry->change = entry->change || difference == CHANGED;
}

static struct entry *entry_find(struct configured *configured, const char *name)
{
	struct entry *entry;

	for (unsigned int i = 0; i < configured->entries->len; i++) {
		entry = configured->entries->pdata[i];
		if (g_str_equal(entry->name, name))
			return entry;
	}
	entry = g_new0(struct entry, 1);
	entry->configured = configured;
	entry->name = g_strdup(name);
	g_ptr_array_add(configured->entries, entry);
	return entry;
}

void configured_sessions_apply(struct configured *configured, const struct settings *settings)
{
	struct settings *before = configured->settings;
	const GPtrArray *wanted = settings->configured_sessions;

	/* Resumed sessions that are no longer in the configuration need entries, too. */
	for (unsigned int i = 0; i < configured->manager->sessions->len; i++) {
		const struct session *session = configured->manager->sessions->pdata[i];

		if (session->options.configured && session->owner == 0)
			entry_find(configured, session->options.name);
	}
	for (unsigned int i = 0; i < wanted->len; i++)
		entry_find(configured, ((struct configured_session *)wanted->pdata[i])->name);
	configured->settings = settings_ref(settings);
	for (unsigned int i = configured->entries->len; i-- > 0;) {
		struct entry *entry = configured->entries->pdata[i];

		entry_set_wanted(entry, settings_session(settings, entry->name));
		entry->pause = 0;
		entry_step(entry);
	}
	settings_free(before);
}

bool configured_sessions_is_idle(const struct configured *configured)
{
	for (unsigned int i = 0; i < configured->entries->len; i++) {
		const struct entry *entry = configured->entries->pdata[i];

		if (entry->busy)
			return false;
	}
	return true;
}

void configured_sessions_when_idle(
	struct configured *configured, configured_sessions_idle idle, void *context)
{
	configured->idle = idle;
	configured->context = context;
	notify_idle(configured);
}

struct configured *configured_sessions_free(struct configured *configured)
{
	if (!configured)
		return NULL;
	sd_event_source_disable_unref(configured->deferred);
	g_ptr_array_unref(configured->entries);
	settings_free(configured->settings);
	g_free(configured);
	return NULL;
}
