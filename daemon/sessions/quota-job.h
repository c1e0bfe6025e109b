/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The janitor's checks of JournalsSize and UserJournalSize. */
#ifndef NFTTRACED_DAEMON_SESSIONS_QUOTA_JOB_H
#define NFTTRACED_DAEMON_SESSIONS_QUOTA_JOB_H

struct manager;

/* Has the janitor check now, unless a check is under way; removals and errors are logged. */
void manager_quota_check(struct manager *manager);

/* Has it check when the next check is due. */
void manager_quota_tend(struct manager *manager);

#endif
