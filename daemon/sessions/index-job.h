/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the journal index right: reads the state directory once, in slices, on a thread of its own;
 * inotify tells which journals come and go, whoever makes or removes them; those that are written are read
 * again for each list, once for all callers that wait at that moment. On the control thread.
 */
#ifndef NFTTRACED_DAEMON_SESSIONS_INDEX_JOB_H
#define NFTTRACED_DAEMON_SESSIONS_INDEX_JOB_H

#include "daemon/journals/journal-index.h"
#include "daemon/sessions/session-control.h"

struct manager_index;

/* On the control thread, exactly once: the index is up to date, or `error` (negative errno) says why it is
 * not. */
typedef void (*manager_index_ready)(void *context, int error);

/* Begins to read. The manager's store is set. */
int manager_index_new(struct manager *manager, struct manager_index **ret);

const struct journal_index *manager_index_journals(const struct manager_index *index);

/*
 * Calls `ready` when what the index has of `owner` (ARCHIVE_UNLIMITED: of everybody) is no older than this
 * call: at once if none of it is written. INDEX_RUNNING waits for the sessions that run only, not for what
 * else is being read.
 */
enum index_wish {
	INDEX_ALL,
	INDEX_RUNNING,
};
void manager_index_await(struct manager_index *index, enum index_wish wish, uint64_t owner,
	manager_index_ready ready, void *context);

/* A journal was removed. */
void manager_index_forget(struct manager_index *index, uint64_t id);

/* Files of a journal were removed: what is known of it stays until it has been read again, soon. */
void manager_index_changed(struct manager_index *index, uint64_t id);

/* The ids of the sessions that run, as uint64_t; the caller unrefs it. */
GArray *manager_running(const struct manager *manager);

/* Those that wait get -ESHUTDOWN. Accepts NULL; returns NULL. */
struct manager_index *manager_index_free(struct manager_index *index);

#endif
