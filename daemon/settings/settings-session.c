/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups [Session NAME] of the configuration: see settings.h. */
#include <errno.h>

#include "daemon/filter/filter.h"
#include "daemon/settings/settings-private.h"

struct configured_session *configured_session_new(
	const char *name, const char *file, unsigned int line)
{
	struct configured_session *session = g_new0(struct configured_session, 1);

	session->name = g_strdup(name);
	session->file = g_strdup(file);
	session->line = line;
	session_options_init(&session->options);
	g_free(session->options.name);
	session->options.name = g_strdup(name);
	session->options.configured = true;
	session->origins = settings_defaults(&settings_session_keys, &session->options);
	return session;
}

void configured_session_free(struct configured_session *session)
{
	g_free(session->name);
	g_free(session->file);
	session_options_clear(&session->options);
	settings_origins_free(&settings_session_keys, session->origins);
	g_free(session);
}

const struct configured_session *settings_session(const struct settings *settings, const char *name)
{
	for (unsigned int i = 0; i < settings->configured_sessions->len; i++) {
		const struct configured_session *session = settings->configured_sessions->pdata[i];

		if (g_str_equal(session->name, name))
			return session;
	}
	return NULL;
}

/* The file and line of a key, or of the group if the key is not set. */
static void find_origin(const struct configured_session *session, const char *key,
	const char **ret_file, unsigned int *ret_line)
{
	const struct setting_origin *origin =
		&session->origins[setting_find(&settings_session_keys, key)];

	*ret_file = origin->file ? origin->file : session->file;
	*ret_line = origin->file ? origin->line : session->line;
}

static int session_check(const struct configured_session *session, char **ret_reason)
{
	auto_failure failure = { 0 };
	unsigned int line;
	const char *file;

	/* Single keys were checked when they were read: this finds a burst without a rate. */
	if (session_options_check(&session->options, &failure) == 0)
		return 0;
	find_origin(session, "Burst", &file, &line);
	*ret_reason = g_strdup_printf("%s:%u: %s", file, line, failure.reason);
	return -EINVAL;
}

int settings_check(const struct settings *settings, char **ret_reason)
{
	const GPtrArray *sessions = settings->configured_sessions;

	for (unsigned int i = 0; i < sessions->len; i++) {
		const struct configured_session *session = sessions->pdata[i];
		int r;

		if (i >= settings->sessions_max) {
			*ret_reason = g_strdup_printf(
				"%s:%u: there are %u groups [" SETTINGS_GROUP_SESSION
				" NAME], and MaxSessions=%" G_GUINT64_FORMAT
				": remove some, or raise MaxSessions",
				session->file, session->line, sessions->len,
				settings->sessions_max);
			return -EINVAL;
		}
		r = session_check(session, ret_reason);
		if (r < 0)
			return r;
	}
	return 0;
}

int settings_filters_check(const struct settings *settings, char **ret_reason)
{
	for (unsigned int i = 0; i < settings->configured_sessions->len; i++) {
		const struct configured_session *session = settings->configured_sessions->pdata[i];
		g_autofree char *reason = NULL;
		struct filter *filter = NULL;

		if (filter_new(session->options.filter, &filter, &reason) < 0) {
			*ret_reason = settings_filter_reason(session, reason);
			return -EINVAL;
		}
		filter_free(filter);
	}
	return 0;
}

char *settings_filter_reason(const struct configured_session *session, const char *reason)
{
	unsigned int line;
	const char *file;

	find_origin(session, "Filter", &file, &line);
	return g_strdup_printf("%s:%u: Filter: %s", file, line, reason);
}
