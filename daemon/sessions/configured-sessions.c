/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sessions of the configuration, each on its way from what runs to what is wanted. */
#include "daemon/sessions/configured-sessions.h"

#include "daemon/base/log.h"
#include "daemon/sessions/session-control.h"
#include "daemon/settings/settings-keys.h"

#define RETRY_FIRST (5 * G_USEC_PER_SEC)
#define RETRY_MOST  (300 * G_USEC_PER_SEC)

struct entry {
	struct boot *boot;
	char *name;
	const struct boot_session *wanted; /* of the boot's settings; NULL: it shall not run */
	bool replace; /* what runs has to end first */
	bool change; /* what runs takes other verdicts, another filter */
	bool busy; /* a reply is owed */
	sd_event_source *retry;
	uint64_t pause; /* us, before the next try; 0: the last one went well */
	char *problem, *problem_public; /* NULL: there is none */
};

struct boot {
	struct manager *manager;
	struct settings *settings;
	GPtrArray *entries;
	sd_event_source *deferred; /* tells `idle` */
	boot_idle idle;
	void *context;
};

enum difference {
	SAME,
	CHANGED, /* in what can be changed while it runs */
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

static struct session *session_find(const struct entry *entry)
{
	const GPtrArray *sessions = entry->boot->manager->sessions;

	for (unsigned int i = 0; i < sessions->len; i++) {
		struct session *session = sessions->pdata[i];

		if (session->options.boot && session->owner == 0 &&
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

static void step(struct entry *entry);

static int on_idle(sd_event_source *source, void *userdata)
{
	struct boot *boot = userdata;
	boot_idle idle = boot->idle;

	boot->idle = NULL;
	if (idle)
		idle(boot->context);
	return 0;
}

static void look_idle(struct boot *boot)
{
	if (boot->idle && boot_is_idle(boot))
		sd_event_source_set_enabled(boot->deferred, SD_EVENT_ONESHOT);
}

static int on_waited(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct entry *entry = userdata;
	struct boot *boot = entry->boot;

	entry->busy = false;
	step(entry);
	look_idle(boot);
	return 0;
}

/* The next step after the pause. */
static void entry_wait(struct entry *entry)
{
	entry->retry = sd_event_source_disable_unref(entry->retry);
	sd_event_add_time_relative(entry->boot->manager->event, &entry->retry, CLOCK_MONOTONIC,
		entry->pause, 0, on_waited, entry);
}

static void entry_failed(struct entry *entry, const char *what, const char *reason)
{
	struct manager *manager = entry->boot->manager;
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
	log_error("%s; it is tried again in %" G_GUINT64_FORMAT " s", problem,
		entry->pause / G_USEC_PER_SEC);
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
	manager_problem_changed(manager);
}

static void entry_succeeded(struct entry *entry)
{
	entry->pause = 0;
	entry->retry = sd_event_source_disable_unref(entry->retry);
	if (!entry->problem)
		return;
	g_clear_pointer(&entry->problem, g_free);
	g_clear_pointer(&entry->problem_public, g_free);
	manager_problem_changed(entry->boot->manager);
}

/* Goes on from where a reply has come. */
static void proceed(struct entry *entry, const char *what, const struct failure *failure)
{
	struct boot *boot = entry->boot;

	entry->busy = false;
	if (failure) {
		entry_failed(entry, what, failure->reason);
	} else {
		entry_succeeded(entry);
		step(entry);
	}
	look_idle(boot);
}

static void started(void *context, struct session *session, const struct dictionary_totals *totals,
	const struct failure *failure)
{
	proceed(context, "started", failure);
}

static void stopped(void *context, struct session *session, const struct dictionary_totals *totals,
	const struct failure *failure)
{
	struct entry *entry = context;

	if (failure) {
		proceed(entry, "stopped", failure);
		return;
	}
	/* It is still in the list: this is its last moment. */
	entry->replace = false;
	entry->pause = 0;
	entry_wait(entry);
}

static void changed(void *context, struct session *session, const struct dictionary_totals *totals,
	const struct failure *failure)
{
	struct entry *entry = context;

	if (failure)
		entry->change = true;
	proceed(entry, "changed", failure);
}

static struct manager_call reply_to(struct entry *entry, manager_reply reply)
{
	entry->busy = true;
	entry->retry = sd_event_source_disable_unref(entry->retry);
	return (struct manager_call){ .reply = reply, .context = entry };
}

static void begin(struct entry *entry)
{
	struct session_options options;

	entry->replace = entry->change = false;
	session_options_copy(&options, &entry->wanted->options);
	manager_session_start(entry->boot->manager, &options, 0, "nfttraced: its configuration",
		reply_to(entry, started));
	session_options_clear(&options);
}

/* The next step from what there is to what is wanted. Frees the entry when it is there no more. */
static void step(struct entry *entry)
{
	struct boot *boot = entry->boot;
	struct session *session = session_find(entry);

	if (entry->busy || boot->manager->ending)
		return;
	if (session && (!entry->wanted || entry->replace || session->state == SESSION_STOPPING)) {
		manager_session_stop(session, SESSION_END_CONFIGURATION, reply_to(entry, stopped));
	} else if (!entry->wanted) {
		entry_succeeded(entry);
		g_ptr_array_remove(boot->entries, entry);
	} else if (!session) {
		begin(entry);
	} else if (entry->change) {
		const struct session_options *options = &entry->wanted->options;

		entry->change = false;
		manager_session_change(
			session, &options->verdicts, options->filter, reply_to(entry, changed));
	}
}

struct boot *boot_new(struct manager *manager)
{
	struct boot *boot = g_new0(struct boot, 1);

	boot->manager = manager;
	boot->entries = g_ptr_array_new_with_free_func(entry_free);
	if (sd_event_add_defer(manager->event, &boot->deferred, on_idle, boot) >= 0)
		sd_event_source_set_enabled(boot->deferred, SD_EVENT_OFF);
	return boot;
}

/* What is to be done about what runs, if it runs. */
static void entry_want(struct entry *entry, const struct boot_session *wanted)
{
	const struct boot_session *before = entry->wanted;
	const struct session *session = session_find(entry);
	enum difference difference = SAME;

	if (wanted && before)
		difference = options_compare(&before->options, &wanted->options);
	else if (wanted && session)
		difference = options_compare(&session->options, &wanted->options);
	entry->wanted = wanted;
	entry->replace = entry->replace || difference == OTHER;
	entry->change = entry->change || difference == CHANGED;
}

static struct entry *entry_find(struct boot *boot, const char *name)
{
	struct entry *entry;

	for (unsigned int i = 0; i < boot->entries->len; i++) {
		entry = boot->entries->pdata[i];
		if (g_str_equal(entry->name, name))
			return entry;
	}
	entry = g_new0(struct entry, 1);
	entry->boot = boot;
	entry->name = g_strdup(name);
	g_ptr_array_add(boot->entries, entry);
	return entry;
}

void boot_apply(struct boot *boot, const struct settings *settings)
{
	struct settings *before = boot->settings;
	const GPtrArray *wanted = settings->boot_sessions;

	/* Sessions that were resumed, and are in the configuration no more, are among the entries, too. */
	for (unsigned int i = 0; i < boot->manager->sessions->len; i++) {
		const struct session *session = boot->manager->sessions->pdata[i];

		if (session->options.boot && session->owner == 0)
			entry_find(boot, session->options.name);
	}
	for (unsigned int i = 0; i < wanted->len; i++)
		entry_find(boot, ((struct boot_session *)wanted->pdata[i])->name);
	boot->settings = settings_ref(settings);
	for (unsigned int i = boot->entries->len; i-- > 0;) {
		struct entry *entry = boot->entries->pdata[i];

		entry_want(entry, settings_session(settings, entry->name));
		entry->pause = 0;
		step(entry);
	}
	settings_free(before);
}

bool boot_is_idle(const struct boot *boot)
{
	for (unsigned int i = 0; i < boot->entries->len; i++) {
		const struct entry *entry = boot->entries->pdata[i];

		if (entry->busy)
			return false;
	}
	return true;
}

void boot_when_idle(struct boot *boot, boot_idle idle, void *context)
{
	boot->idle = idle;
	boot->context = context;
	look_idle(boot);
}

static const struct entry *entry_with_problem(const struct boot *boot)
{
	for (unsigned int i = 0; i < boot->entries->len; i++) {
		const struct entry *entry = boot->entries->pdata[i];

		if (entry->problem)
			return entry;
	}
	return NULL;
}

const char *boot_problem(const struct boot *boot)
{
	const struct entry *entry = entry_with_problem(boot);

	return entry ? entry->problem : NULL;
}

const char *boot_problem_public(const struct boot *boot)
{
	const struct entry *entry = entry_with_problem(boot);

	return entry ? entry->problem_public : NULL;
}

struct boot *boot_free(struct boot *boot)
{
	if (!boot)
		return NULL;
	sd_event_source_disable_unref(boot->deferred);
	g_ptr_array_unref(boot->entries);
	settings_free(boot->settings);
	g_free(boot);
	return NULL;
}
