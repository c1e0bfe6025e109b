/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session as the control thread holds it; see session.h. */
#include "daemon/sessions/session.h"

#include "daemon/sessions/session-control.h"
#include "journal/base/cleanup.h"

struct session *session_new(
	struct manager *manager, struct session_options *options, uid_t owner, const char *command)
{
	struct session *session = g_new0(struct session, 1);

	session->manager = manager;
	session->state = SESSION_STARTING;
	session->options = *options;
	*options = (struct session_options){ 0 };
	session->owner = owner;
	session->command = g_strdup(command);
	session->dir_fd = -1;
	session->stop_replies = g_array_new(FALSE, FALSE, sizeof(struct manager_call));
	return session;
}

const char *session_state_name(enum session_state state)
{
	switch (state) {
	case SESSION_STARTING:
		return "starting";
	case SESSION_RUNNING:
		return "running";
	case SESSION_STALLED:
		return "stalled";
	case SESSION_WAITING:
		return "waiting";
	case SESSION_STOPPING:
		return "stopping";
	}
	return "";
}

struct session *session_free(struct session *session)
{
	if (!session)
		return NULL;
	sd_event_source_disable_unref(session->timer);
	session_options_clear(&session->options);
	g_array_unref(session->stop_replies);
	g_free(session->command);
	g_free(session->caller_name);
	g_free(session->path);
	fd_close(&session->dir_fd);
	g_free(session);
	return NULL;
}
