/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits on the part of the matcher that filters take; see filter-limits.h. */
#include "daemon/filter/filter-limits.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>

/*
 * Fills in the part of the matcher that the filters of `sessions` take, even if it is more than the
 * matcher has.
 */
static int filters_measure(const struct matcher_session *sessions, size_t count,
	struct matcher_budget *ret, struct failure *failure)
{
	g_autofree char *reason = NULL;
	auto_matcher *matcher = NULL;
	int r = matcher_build(sessions, count, 0, &matcher, ret, &reason);

	if (r == 0 || r == -E2BIG)
		return 0;
	failure_set(failure, FAILURE_INTERNAL, "can't generate the matcher: %s",
		reason ? reason : g_strerror(-r));
	return r;
}

int filter_limits_user(const struct matcher_session *sessions, size_t count, uint64_t allowed,
	struct failure *failure)
{
	uint64_t jumps = allowed * MATCHER_PART_JUMPS / MATCHER_PART_INSTRUCTIONS;
	struct matcher_budget budget = { 0 };
	int r = filters_measure(sessions, count, &budget, failure);

	if (r < 0 || (budget.instructions <= allowed && budget.jumps <= jumps))
		return r;
	failure_set(failure, FAILURE_FILTER_TOO_COMPLEX,
		"UserFilterSize: the filters of a user's sessions may take %" PRIu64
		" instructions and %" PRIu64
		" conditional jumps in all, and with this one this user's would take %u and %u: "
		"make it shorter, or stop a session",
		allowed, jumps, budget.instructions, budget.jumps);
	return -EUSERS;
}

int filter_limits_all(const struct matcher_session *sessions, size_t count, uint64_t allowed,
	struct failure *failure)
{
	struct matcher_budget budget = { 0 };
	int r = filters_measure(sessions, count, &budget, failure);

	if (r < 0 || budget.instructions <= allowed)
		return r;
	failure_set(failure, FAILURE_FILTER_TOO_COMPLEX,
		"FiltersSize: the filters of all sessions may take %" PRIu64
		" instructions, and with this one they would take %u: make it shorter, stop a "
		"session, or set a larger FiltersSize= in nfttraced.conf",
		allowed, budget.instructions);
	return -E2BIG;
}
