/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journals in the state directory, those of ended sessions above all: what there is, and how it
 * goes. Journals are named by their id only. For the worker: it reads and removes files. Keeps
 * nothing.
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
	uint64_t
		started; /* us, CLOCK_REALTIME: when the oldest segment that is there was begun; 0: unknown */
	uint64_t ended; /* when something was written last */
	uint64_t owner; /* uid; ARCHIVE_UNLIMITED: it does not say */
	char *name; /* of the session; "" if it has none */
	bool running; /* it is written now */
	enum session_end end; /* why its session ended */
};

/* What vacuum leaves of ended sessions' journals; ARCHIVE_UNLIMITED: any. */
struct archive_limits {
	uint64_t size; /* bytes of all of them together */
	uint64_t age; /* us since they ended */
	uint64_t sessions; /* how many */
};

/* Frees what a struct archive_journal holds; for arrays of them. */
void archive_journal_clear(void *journal);

/*
 * Reads journal->id's journal from disk; the rest of *journal is filled in, its name with g_malloc.
 * `running` (uint64_t, any order) are ids of sessions that are known to run; so are those whose writer
 * holds its lock. *ret_changed: something was added, taken away or written in the last ARCHIVE_SETTLE_USEC.
 * -ENOENT, -ENOTDIR: there is no such journal.
 */
int archive_examine(const struct state_directory *state, const GArray *running,
	struct archive_journal *journal, bool *ret_changed);

#define ARCHIVE_SETTLE_USEC (2 * G_USEC_PER_SEC)

/*
 * The journals of ended sessions that must go so that `limits` hold at `now` (us, CLOCK_REALTIME),
 * the one that ended first first: indices into `journals` as unsigned int.
 */
GArray *archive_choose(const GArray *journals, const struct archive_limits *limits, uint64_t now);

/* Whose session a journal is of, as it says itself. -ENOENT: there is none, or it does not say. */
int archive_owner(const struct state_directory *state, uint64_t id, uid_t *ret);

/* True if somebody has the segment with that name open to write it. */
bool archive_is_written(int dir_fd, const char *name);

/* Removes a journal; *ret_bytes is what was freed. -ENOENT: there is none; -EBUSY: it is written;
 * -ENOTEMPTY: there is a folder in it, which is not a journal's: what is left stays. */
int archive_remove(const struct state_directory *state, uint64_t id, const GArray *running,
	uint64_t *ret_bytes);

#endif
