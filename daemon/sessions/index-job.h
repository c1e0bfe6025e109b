/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the journal index up to date: the state directory is read once, in slices, on a thread of
 * its own; inotify reports journals that are created and removed, also by other programs; journals
 * that are being written are read again for each list, once for all callers that wait at that
 * moment. On the control thread.
 */
#ifndef NFTTRACED_DAEMON_SESSIONS_INDEX_JOB_H
#define NFTTRACED_DAEMON_SESSIONS_INDEX_JOB_H

#include "daemon/journals/journal-index.h"

struct manager;
struct manager_index;

/* Called on the control thread, exactly once. `error` is 0, or negative errno: the index is not up
 * to date. */
typedef void (*manager_index_ready)(void *context, int error);

/* Begins to read the manager's state directory. Negative errno. */
int manager_index_new(struct manager *manager, struct manager_index **ret);

const struct journal_index *manager_index_journals(const struct manager_index *index);

/*
 * Calls `ready` when the index of `owner`'s journals (ARCHIVE_UNLIMITED: of all) is no older than
 * this call: at once if none of them is being written. INDEX_RUNNING waits for running sessions
 * only, and not for the rest of a round.
 */
enum index_scope {
	INDEX_ALL,
	INDEX_RUNNING,
};
void manager_index_await(struct manager_index *index, enum index_scope scope, uint64_t owner,
	manager_index_ready ready, void *context);

/* Removes a journal that was removed from the disk. */
void manager_index_forget(struct manager_index *index, uint64_t id);

/* Reports that files of a journal were removed: its entry stays until it is read again, soon. */
void manager_index_changed(struct manager_index *index, uint64_t id);

/* Waiting callers get -ESHUTDOWN. Accepts NULL; returns NULL. */
struct manager_index *manager_index_free(struct manager_index *index);

#endif
