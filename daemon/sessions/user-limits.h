/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the sessions of one user who is not root may take in all: their number, the bytes of their
 * journals, the events a second, and how many of them may change at a time. Stateless: it counts
 * the sessions there are.
 */
#ifndef NFTTRACED_DAEMON_SESSIONS_USER_LIMITS_H
#define NFTTRACED_DAEMON_SESSIONS_USER_LIMITS_H

#include <glib.h>
#include <sys/types.h>

#include "daemon/base/failure.h"
#include "daemon/settings/session-options.h"

struct settings;

/* Sessions of a user that may be starting or changing at a time. */
#define USER_JOBS_MAX 4

/*
 * Whether `owner`, who has some of `sessions` (of struct session), may start one more with
 * `options`. A size that was not asked for becomes what is left at most, a rate half of it.
 * -EUSERS, with the limit's name and what is used of it in `failure`. Root may always.
 */
int user_limits_start(const struct settings *settings, const GPtrArray *sessions, uid_t owner,
	struct session_options *options, struct failure *failure);

/* Whether one of `owner`'s sessions may be started or changed now. -EBUSY. */
int user_limits_job(const struct settings *settings, const GPtrArray *sessions, uid_t owner,
	struct failure *failure);

#endif
