/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits for all sessions of one user who is not root: their number, the bytes of their journals,
 * their events a second, and how many of them may be starting or changing at a time. Stateless: the
 * usage is summed up from the sessions.
 */
#ifndef NFTTRACED_DAEMON_SESSIONS_USER_LIMITS_H
#define NFTTRACED_DAEMON_SESSIONS_USER_LIMITS_H

#include <glib.h>
#include <sys/types.h>

#include "daemon/base/failure.h"
#include "daemon/settings/session-options.h"

struct settings;

/* The most sessions of a user that may be starting or changing at a time. */
#define USER_JOBS_MAX 4

/*
 * Whether `owner` may start another session with `options`, besides those of `sessions` (of struct
 * session). Without a size the session gets at most the rest of the limit, without a rate half of
 * the rest. -EUSERS or -EBUSY, and `failure` has the limit and its usage. Root has no limits.
 */
int user_limits_start(const struct settings *settings, const GPtrArray *sessions, uid_t owner,
	struct session_options *options, struct failure *failure);

/* Whether a session of `owner` may be started or changed now. -EBUSY, and `failure` has the
 * reason. */
int user_limits_job(const struct settings *settings, const GPtrArray *sessions, uid_t owner,
	struct failure *failure);

#endif
