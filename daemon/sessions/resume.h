/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resuming the sessions of the last daemon. */
#ifndef NFTTRACED_DAEMON_SESSIONS_RESUME_H
#define NFTTRACED_DAEMON_SESSIONS_RESUME_H

#include <glib.h>

struct manager;

/* Resumes the sessions of engine_inherit's requests, which it uses up. Those that can't be resumed
 * end with an error in the log. On the control thread, before the worker has anything to do. */
void manager_resume(struct manager *manager, GArray *requests);

#endif
