/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits the part of the matcher that the filters of one user, and of all sessions, take.
 * Stateless, any thread.
 */
#ifndef NFTTRACED_DAEMON_FILTER_FILTER_LIMITS_H
#define NFTTRACED_DAEMON_FILTER_FILTER_LIMITS_H

#include "daemon/base/failure.h"
#include "daemon/filter/matcher.h"

/*
 * Checks that the filters of one user's `sessions` take at most `allowed` instructions of the
 * matcher (UserFilterSize), and at most the same share of its conditional jumps. -EUSERS: they take
 * more, see `failure`.
 */
int filter_limits_user(const struct matcher_session *sessions, size_t count, uint64_t allowed,
	struct failure *failure);

/*
 * Checks that the filters of all sessions take at most `allowed` instructions (FiltersSize).
 * -E2BIG.
 */
int filter_limits_all(const struct matcher_session *sessions, size_t count, uint64_t allowed,
	struct failure *failure);

#endif
