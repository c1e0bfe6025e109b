/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manager's sessions that were there before it; see sessions/resume.c. */
#ifndef NFTTRACED_DAEMON_SESSIONS_RESUME_H
#define NFTTRACED_DAEMON_SESSIONS_RESUME_H

#include <glib.h>

struct manager;

/* Goes on with the sessions of engine_inherit's requests, which it uses up. On the control thread,
 * before the worker has anything to do. */
void manager_resume(struct manager *manager, GArray *requests);

#endif
