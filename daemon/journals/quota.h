/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The limits on journals, on disk: JournalsSize= for all together and UserJournalSize= for those of
 * each user but root, so that users can't fill the disk by starting and stopping sessions. Journals
 * of running sessions count and are never touched.
 *
 * A struct quota is one check: it gets what the journal index knows of all journals, removes what
 * exceeds the limits, and says which journals have changed, so that the index reads them again.
 * Owned by its user; for the janitor's thread: it reads and removes files. What could not be
 * removed is tried again by the next check.
 */
#ifndef NFTTRACED_DAEMON_JOURNALS_QUOTA_H
#define NFTTRACED_DAEMON_JOURNALS_QUOTA_H

#include <glib.h>
#include <stdint.h>

#include "daemon/journals/state-directory.h"

/* Journals of ended sessions that a user may have, however small they are. */
#define USER_JOURNALS_MAX 256

struct quota {
	const struct state_directory *state;
	const GArray *running; /* uint64_t, any order */
	GArray *journals; /* struct archive_journal, those that ended first first; id 0: removed */
	GArray *changed; /* uint64_t: ids of journals that are not as the index has them */
	int64_t verified; /* us, CLOCK_MONOTONIC: when all journals were last measured; 0: never */
};

/*
 * Takes over `journals` (struct archive_journal): all journals, as the index has them. `running`,
 * borrowed, are ids of sessions that run; a journal that another process writes is not touched,
 * either. `verified` is that of the check before: where anything has to be removed, sizes that are
 * older than ten minutes are read again, in case files were removed from journals by hand.
 */
struct quota *quota_new(const struct state_directory *state, GArray *journals,
	const GArray *running, int64_t verified);

struct user_quota_result {
	unsigned int journals; /* that were removed */
	uint64_t bytes; /* of them */
};

/*
 * Removes journals of each user's ended sessions until they have at most `size` bytes together with
 * the running ones, and USER_JOURNALS_MAX are left; whole journals, those that ended first first.
 * Negative errno, with what was removed in *ret.
 */
int quota_keep_users(struct quota *quota, uint64_t size, struct user_quota_result *ret);

struct quota_result {
	uint64_t segments, bytes; /* that were removed */
	uint64_t left; /* bytes of all journals now */
};

/*
 * Removes segments of ended sessions' journals until all journals have at most `size` bytes: of the
 * session that ended first first, the oldest segments first. Negative errno, with what was removed
 * in *ret.
 */
int quota_keep(struct quota *quota, uint64_t size, struct quota_result *ret);

/* Accepts NULL; returns NULL. */
struct quota *quota_free(struct quota *quota);

#endif
