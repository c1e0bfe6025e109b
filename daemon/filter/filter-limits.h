/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the filters of one user, and those of all sessions, may take of the matcher. Stateless, any thread. */
#ifndef NFTTRACED_DAEMON_FILTER_FILTER_LIMITS_H
#define NFTTRACED_DAEMON_FILTER_FILTER_LIMITS_H

#include "daemon/base/failure.h"
#include "daemon/filter/matcher.h"

/*
 * Whether the filters of one user's `sessions` stay within `allowed` instructions of the matcher
 * (UserFilterSize), and within the same part of its conditional jumps. -EUSERS, with what they need in
 * `failure`.
 */
int filter_limits_user(const struct matcher_session *sessions, size_t count, uint64_t allowed,
	struct failure *failure);

/* Whether those of all sessions stay within `allowed` instructions (FiltersSize). -E2BIG, the same. */
int filter_limits_all(const struct matcher_session *sessions, size_t count, uint64_t allowed,
	struct failure *failure);

#endif
