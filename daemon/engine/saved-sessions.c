/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The saved sessions in memory. Their text is in saved-sessions-text.c, the file in
 * saved-sessions-file.c. */
#include "daemon/engine/saved-sessions.h"

#include <stdio.h>

#include "journal/format/record.h"

struct saved_session *saved_session_new(void)
{
	struct saved_session *session = g_new0(struct saved_session, 1);

	session_options_init(&session->options);
	session->command = g_strdup("");
	return session;
}

static void session_destroy(void *pointer)
{
	struct saved_session *session = pointer;

	session_options_clear(&session->options);
	g_free(session->command);
	g_free(session->caller);
	g_free(session);
}

void saved_sessions_boot_id(char ret[SAVED_SESSIONS_BOOT_MAX + 1])
{
	struct journal_segment segment;

	journal_segment_begin(&segment, 0, 0);
	for (size_t i = 0; i < sizeof(segment.boot_id); i++)
		snprintf(ret + 2 * i, 3, "%02x", segment.boot_id[i]);
}

struct saved_sessions *saved_sessions_new(void)
{
	struct saved_sessions *saved = g_new0(struct saved_sessions, 1);

	saved->sessions = g_ptr_array_new_with_free_func(session_destroy);
	return saved;
}

static struct saved_session *session_copy(const struct saved_session *session)
{
	struct saved_session *copy = g_new(struct saved_session, 1);

	*copy = *session;
	session_options_copy(&copy->options, &session->options);
	copy->command = g_strdup(session->command);
	copy->caller = g_strdup(session->caller);
	return copy;
}

struct saved_sessions *saved_sessions_copy(const struct saved_sessions *saved)
{
	struct saved_sessions *copy = g_new(struct saved_sessions, 1);

	*copy = *saved;
	copy->sessions = g_ptr_array_new_with_free_func(session_destroy);
	for (guint i = 0; i < saved->sessions->len; i++)
		g_ptr_array_add(copy->sessions, session_copy(saved->sessions->pdata[i]));
	return copy;
}

struct saved_sessions *saved_sessions_free(struct saved_sessions *saved)
{
	if (!saved)
		return NULL;
	g_ptr_array_unref(saved->sessions);
	g_free(saved);
	return NULL;
}
