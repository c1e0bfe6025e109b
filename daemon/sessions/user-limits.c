/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits for all sessions of one user; see user-limits.h. */
#include "daemon/sessions/user-limits.h"

#include <errno.h>
#include <inttypes.h>

#include "daemon/sessions/session.h"
#include "daemon/settings/settings.h"

/* The sum over the sessions of a user. */
struct usage {
	uint64_t sessions;
	uint64_t size; /* bytes of journals */
	uint64_t rate; /* events a second */
	uint64_t jobs; /* sessions that are starting or changing */
};

static struct usage sum_usage(
	const struct settings *settings, const GPtrArray *sessions, uid_t owner)
{
	struct usage usage = { 0 };

	for (unsigned int i = 0; i < sessions->len; i++) {
		const struct session *session = sessions->pdata[i];

		if (session->owner != owner)
			continue;
		usage.sessions++;
		usage.size +=
			session->options.size ? session->options.size : settings->journal_size;
		usage.rate += session->options.rate;
		usage.jobs += session->job != NULL;
	}
	return usage;
}

static uint64_t subtract_used(uint64_t limit, uint64_t used)
{
	return limit > used ? limit - used : 0;
}

static int refuse_start(struct failure *failure, const char *what, const char *limit,
	uint64_t allowed, uint64_t used)
{
	failure_set(failure, FAILURE_BUSY,
		"%s: the sessions of a user may have %" PRIu64
		" %s in all, and this user's have %" PRIu64 ": ask for less, or stop one of them",
		limit, allowed, what, used);
	return -EUSERS;
}

static int limit_size(const struct settings *settings, const struct usage *usage,
	struct session_options *options, struct failure *failure)
{
	uint64_t allowed = settings->user_journal_size, left = subtract_used(allowed, usage->size);

	/* The rest may be too small for a journal. */
	if (left < SESSION_SIZE_MIN || options->size > left)
		return refuse_start(
			failure, "bytes of journal", "UserJournalSize", allowed, usage->size);
	if (!options->size)
		options->size = MIN(settings->journal_size, left);
	return 0;
}

static int limit_rate(const struct settings *settings, const struct usage *usage,
	struct session_options *options, struct failure *failure)
{
	uint64_t allowed = settings->user_rate, left = subtract_used(allowed, usage->rate);

	if (!left || options->rate > left)
		return refuse_start(failure, "events a second", "UserRate", allowed, usage->rate);
	/* The other half is for the next session. */
	if (!options->rate)
		options->rate = left - left / 2;
	return 0;
}

static int refuse_jobs(struct failure *failure)
{
	failure_set(failure, FAILURE_BUSY,
		"limit of %d sessions per user that are starting or changing reached: try "
		"again when that is done",
		USER_JOBS_MAX);
	return -EBUSY;
}

int user_limits_start(const struct settings *settings, const GPtrArray *sessions, uid_t owner,
	struct session_options *options, struct failure *failure)
{
	struct usage usage;
	int r;

	if (owner == 0)
		return 0;
	usage = sum_usage(settings, sessions, owner);
	if (usage.jobs >= USER_JOBS_MAX)
		return refuse_jobs(failure);
	if (usage.sessions >= settings->user_sessions) {
		failure_set(failure, FAILURE_TOO_MANY_SESSIONS,
			"UserSessions: this user has %" PRIu64 " sessions, and may have %" PRIu64
			": stop one of them",
			usage.sessions, settings->user_sessions);
		return -EUSERS;
	}
	r = limit_size(settings, &usage, options, failure);
	return r < 0 ? r : limit_rate(settings, &usage, options, failure);
}

int user_limits_job(const struct settings *settings, const GPtrArray *sessions, uid_t owner,
	struct failure *failure)
{
	if (owner != 0 && sum_usage(settings, sessions, owner).jobs >= USER_JOBS_MAX)
		return refuse_jobs(failure);
	return 0;
}
