/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UserJournalSize on disk: the journals of each user but root keep within so many bytes, those of sessions
 * that have ended included, so that nobody fills the disk by starting and stopping. Journals of ended
 * sessions go, whole, those that ended first first. For the worker. Keeps nothing.
 */
#ifndef NFTTRACED_DAEMON_JOURNALS_USER_QUOTA_H
#define NFTTRACED_DAEMON_JOURNALS_USER_QUOTA_H

#include <glib.h>
#include <stdint.h>

#include "daemon/journals/inventory.h"

/* Journals of a user's ended sessions, however small they are: all are gone through again and again. */
#define USER_JOURNALS_MAX 256

struct user_quota_result {
	unsigned int journals; /* that went */
	uint64_t bytes; /* of them */
};

/* `running` as for archive_remove. The inventory is up to date, with owners, and is again afterwards. Negative
 * errno, with what was done until then in *ret. */
int user_quota_keep(struct inventory *inventory, const GArray *running, uint64_t size,
	struct user_quota_result *ret);

#endif
