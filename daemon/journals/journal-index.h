/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal index: the inventory of all journals in the state directory, in memory, by id and by
 * owner. Lists, vacuum, access checks and quotas use it instead of the files.
 *
 * Owned by sessions/index-job.c, which keeps it up to date, on the control thread only. It reads no
 * file and nothing in it fails: a journal that could not be read keeps the state that was known
 * (journal_index_keep). The files are for threads that may wait for the disk: state-directory.h
 * owns the directory, archive.h reads and removes journals, quota.h applies the limits.
 *
 * Made for 20,000 journals: finding, adding and removing one takes a binary search and a move of
 * pointers.
 */
#ifndef NFTTRACED_DAEMON_JOURNALS_JOURNAL_INDEX_H
#define NFTTRACED_DAEMON_JOURNALS_JOURNAL_INDEX_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/journals/archive.h"

struct journal_index;

/* How much is known of a journal, and for how long that is valid. */
enum journal_known {
	JOURNAL_UNREAD, /* only that it exists */
	JOURNAL_CHANGED, /* its state just after a change: it may be out of date */
	JOURNAL_WRITTEN, /* its state when it was read: it is being written */
	JOURNAL_SETTLED, /* everything: it has ended */
};

struct journal_index *journal_index_new(void);

/* A journal exists; if it is known already, it becomes unread. */
void journal_index_add(struct journal_index *index, uint64_t id);

/* A journal no longer exists. */
void journal_index_remove(struct journal_index *index, uint64_t id);

/* Stores what was read of a journal; takes over journal->name. Does nothing if the journal was
 * removed from the index meanwhile. */
void journal_index_put(
	struct journal_index *index, struct archive_journal *journal, enum journal_known known);

/* True if a journal that is not settled is, or may be, of `owner`; ARCHIVE_UNLIMITED: of any
 * owner. */
bool journal_index_is_open(const struct journal_index *index, uint64_t owner);

/* The ids of the journals that are known from `least` to `most`, as uint64_t in ascending order;
 * the caller unrefs it. Not for JOURNAL_SETTLED. */
GArray *journal_index_due(
	const struct journal_index *index, enum journal_known least, enum journal_known most);

/* NULL: there is none. Valid until the index changes. */
const struct archive_journal *journal_index_find(const struct journal_index *index, uint64_t id);

/* The number of journals that are not of `owner`; ARCHIVE_UNLIMITED: 0. Unread journals have no
 * owner. */
unsigned int journal_index_others(const struct journal_index *index, uint64_t owner);

/* Which journals a caller wants. */
struct journal_query {
	uint64_t owner; /* uid; ARCHIVE_UNLIMITED: any */
	uint64_t after; /* ids above this one */
	uint64_t count; /* at most this number */
	char *name; /* NULL: any */
	bool running; /* only those that are being written */
};

/*
 * Copies of the journals that a query wants, as struct archive_journal by id; the caller unrefs it.
 * *ret_more: there are more. Unread journals are left out.
 */
GArray *journal_index_query(
	const struct journal_index *index, const struct journal_query *query, bool *ret_more);

/* A journal exists but could not be read, or was changed by us: its known state is kept, and it is
 * to be read again. */
void journal_index_keep(struct journal_index *index, uint64_t id);

/* The number of journals, and bytes of memory for each: an upper estimate, with a long name. */
#define JOURNAL_INDEX_BYTES 320
unsigned int journal_index_count(const struct journal_index *index);

/* Accepts NULL; returns NULL. */
struct journal_index *journal_index_free(struct journal_index *index);

#endif
