/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Journals in the state directory, mainly those of ended sessions: reads their properties from
 * their files, chooses which ones a vacuum removes, and removes them. Journals are identified by
 * their session's id only. Stateless; it reads and removes files, so it is for threads that may
 * wait for the disk.
 */
#ifndef NFTTRACED_DAEMON_JOURNALS_ARCHIVE_H
#define NFTTRACED_DAEMON_JOURNALS_ARCHIVE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/journals/state-directory.h"
#include "journal/format/session-end.h"

#define ARCHIVE_UNLIMITED UINT64_MAX

struct archive_journal {
	uint64_t id;
	uint64_t bytes; /* on disk */
	uint64_t segment_bytes; /* of these, of its segments */
	uint64_t started; /* us, CLOCK_REALTIME: when its oldest segment was begun; 0: unknown */
	uint64_t ended; /* us, CLOCK_REALTIME: when something was last written */
	uint64_t owner; /* uid; ARCHIVE_UNLIMITED: unknown */
	char *name; /* of the session; "" if it has none */
	bool running; /* it is being written */
	enum session_end end; /* why its session ended */
};

/* What a vacuum keeps of ended sessions' journals; ARCHIVE_UNLIMITED: everything. */
struct archive_limits {
	uint64_t size; /* bytes of all of them together */
	uint64_t age; /* us since they ended */
	uint64_t sessions; /* number of journals */
};

/* Frees the name of a struct archive_journal; for arrays of them. */
void archive_journal_clear(void *journal);

/*
 * Reads the journal with the id journal->id; fills in the rest of *journal, its name with g_malloc.
 * `running` (uint64_t, any order, or NULL): ids of sessions that run; a journal that is locked by
 * its writer is running, too. *ret_changed: files were added, removed or written in the last
 * ARCHIVE_SETTLE_USEC. -ENOENT, -ENOTDIR: there is no such journal.
 */
int archive_examine(const struct state_directory *state, const GArray *running,
	struct archive_journal *journal, bool *ret_changed);

#define ARCHIVE_SETTLE_USEC (2 * G_USEC_PER_SEC)

/*
 * Chooses the journals of ended sessions to be removed so that `limits` hold at `now` (us,
 * CLOCK_REALTIME), those that ended first first. Returns indices into `journals` (of struct
 * archive_journal) as unsigned int; the caller unrefs it.
 */
GArray *archive_choose(const GArray *journals, const struct archive_limits *limits, uint64_t now);

/* The owner of a journal, as it says itself. -ENOENT: there is no such journal, or it has no
 * owner. */
int archive_owner(const struct state_directory *state, uint64_t id, uid_t *ret);

/* True if a writer has that segment open. */
bool archive_is_written(int dir_fd, const char *name);

/* Removes a journal; *ret_bytes were freed. -ENOENT: there is none; -EBUSY: it is being written;
 * -ENOTEMPTY: there is a directory in it, which is not ours, and the rest was kept. */
int archive_remove(const struct state_directory *state, uint64_t id, const GArray *running,
	uint64_t *ret_bytes);

#endif
