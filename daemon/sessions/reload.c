/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the configuration again; see reload.h. */
#include "daemon/sessions/reload.h"

#include "daemon/base/log.h"
#include "daemon/sessions/configured-sessions.h"
#include "daemon/sessions/manager-private.h"
#include "daemon/sessions/session-job.h"
#include "daemon/sessions/settings-handover.h"

struct check {
	struct reload *reload;
	const struct configured_session *session; /* of reload->next */
	struct compilation *compilation; /* NULL: done */
};

/* Waits for the result. */
struct waiter {
	reload_reply reply;
	void *context;
};

struct reload {
	struct manager *manager;
	struct reload_ops ops;
	struct settings *next; /* being checked, or just put in force; NULL: none */
	GPtrArray *checks; /* of struct check */
	char *trouble; /* the first that was found; NULL: none */
	bool busy; /* a reload is under way */
	bool again; /* another one follows it */
	GArray *waiters; /* struct waiter */
};

static void reload_begin(struct reload *reload);

static void reply_waiters(struct reload *reload, const char *trouble)
{
	g_autoptr(GArray) waiters = g_steal_pointer(&reload->waiters);

	reload->waiters = g_array_new(FALSE, FALSE, sizeof(struct waiter));
	for (unsigned int i = 0; i < waiters->len; i++) {
		const struct waiter *waiter = &g_array_index(waiters, struct waiter, i);

		waiter->reply(waiter->context, trouble);
	}
}

static void reload_finish(struct reload *reload)
{
	char *trouble = g_steal_pointer(&reload->trouble);

	reload->next = settings_free(reload->next);
	g_ptr_array_set_size(reload->checks, 0);
	if (reload->again) {
		g_free(trouble);
		reload->again = false;
		reload_begin(reload);
		return;
	}
	reload->busy = false;
	reply_waiters(reload, trouble);
	reload->ops.done(reload->ops.context, trouble);
}

static void reload_refuse(struct reload *reload)
{
	g_autofree char *reason = g_steal_pointer(&reload->trouble);

	reload->trouble =
		g_strdup_printf("invalid configuration, keeping the previous one: %s", reason);
	log_error("%s", reload->trouble);
	manager_set_problem(reload->manager, PROBLEM_RELOAD, reload->trouble, MISCONFIGURED_PUBLIC);
	reload_finish(reload);
}

static void on_idle(void *context)
{
	reload_finish(context);
}

static void reload_apply(struct reload *reload)
{
	struct manager *manager = reload->manager;
	g_auto(GStrv) kept = settings_keep(reload->next, manager->settings);
	g_autofree char *names = g_strjoinv(", ", kept);

	manager_reconfigure(manager, reload->next);
	manager_set_problem(manager, PROBLEM_RELOAD, NULL, NULL);
	if (*names)
		log_notice("the configuration was reloaded; these keys keep their values until "
			   "nfttraced is restarted: %s",
			names);
	else
		log_notice("the configuration was reloaded");
	configured_sessions_apply(manager->configured, reload->next);
	configured_sessions_when_idle(manager->configured, on_idle, reload);
}

/* When the last filter is compiled. */
static void reload_proceed(struct reload *reload)
{
	for (unsigned int i = 0; i < reload->checks->len; i++) {
		if (((const struct check *)reload->checks->pdata[i])->compilation)
			return;
	}
	if (reload->trouble)
		reload_refuse(reload);
	else
		reload_apply(reload);
}

static void on_compiled(void *context, struct filter *filter, const struct failure *failure)
{
	struct check *check = context;
	struct reload *reload = check->reload;

	check->compilation = NULL;
	filter_free(filter);
	if (failure && !reload->trouble)
		reload->trouble = settings_filter_reason(check->session, failure->reason);
	reload_proceed(reload);
}

static void check_free(void *argument)
{
	struct check *check = argument;

	if (check->compilation)
		compilation_cancel(check->compilation);
	g_free(check);
}

/* Compiles the filters that are not in force already. */
static void check_filters(struct reload *reload)
{
	const GPtrArray *sessions = reload->next->configured_sessions;

	for (unsigned int i = 0; i < sessions->len; i++) {
		const struct configured_session *session = sessions->pdata[i];
		const struct configured_session *before =
			settings_session(reload->manager->settings, session->name);
		const char *filter = session->options.filter;
		struct check *check;

		if (!*filter || (before && g_str_equal(before->options.filter, filter)))
			continue;
		check = g_new0(struct check, 1);
		check->reload = reload;
		check->session = session;
		check->compilation = compiler_submit(reload->manager->compiler, filter,
			COMPILER_CONFIGURATION, on_compiled, check);
		g_ptr_array_add(reload->checks, check);
	}
	reload_proceed(reload);
}

static void reload_begin(struct reload *reload)
{
	reload->busy = true;
	reload->ops.started(reload->ops.context);
	if (reload->ops.load(reload->ops.context, &reload->next, &reload->trouble) < 0)
		reload_refuse(reload);
	else
		check_filters(reload);
}

struct reload *reload_new(struct manager *manager, const struct reload_ops *ops)
{
	struct reload *reload = g_new0(struct reload, 1);

	reload->manager = manager;
	reload->ops = *ops;
	reload->checks = g_ptr_array_new_with_free_func(check_free);
	reload->waiters = g_array_new(FALSE, FALSE, sizeof(struct waiter));
	manager->reload = reload;
	return reload;
}

void reload_request(struct reload *reload)
{
	if (reload->busy)
		reload->again = true;
	else
		reload_begin(reload);
}

void reload_await(struct reload *reload, reload_reply reply, void *context)
{
	const struct waiter waiter = { .reply = reply, .context = context };

	g_array_append_val(reload->waiters, waiter);
	reload_request(reload);
}

struct reload *reload_free(struct reload *reload)
{
	if (!reload)
		return NULL;
	reload->manager->reload = NULL;
	configured_sessions_when_idle(reload->manager->configured, NULL, NULL);
	reply_waiters(reload, ENDING);
	g_array_unref(reload->waiters);
	g_ptr_array_unref(reload->checks);
	settings_free(reload->next);
	g_free(reload->trouble);
	g_free(reload);
	return NULL;
}
