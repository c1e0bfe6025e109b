/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal index: what is known of each journal in the state directory, in memory, by id and by
 * owner, so that a list opens no journal. Owned by index-job.c, on the control thread. About 150
 * bytes a journal; finding, adding and removing one takes a binary search and a move of pointers.
 */
#ifndef NFTTRACED_DAEMON_JOURNALS_JOURNAL_INDEX_H
#define NFTTRACED_DAEMON_JOURNALS_JOURNAL_INDEX_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/journals/archive.h"

struct journal_index;

/* How much is known of a journal. */
enum journal_known {
	JOURNAL_UNREAD, /* that it exists */
	JOURNAL_CHANGED, /* what it was when it was read; it had just changed */
	JOURNAL_WRITTEN, /* the same; somebody writes it */
	JOURNAL_SETTLED, /* all: it has ended */
};

struct journal_index *journal_index_new(void);

/* A journal exists; one that is known already is unread again. */
void journal_index_add(struct journal_index *index, uint64_t id);

/* It is gone. */
void journal_index_remove(struct journal_index *index, uint64_t id);

/* What was read of a journal; takes over journal->name. One that is not in the index any more is
 * passed over. */
void journal_index_put(
	struct journal_index *index, struct archive_journal *journal, enum journal_known known);

/* True if one that is not settled is of `owner`, or may be; ARCHIVE_UNLIMITED: of anybody. */
bool journal_index_is_open(const struct journal_index *index, uint64_t owner);

/* The ids of those of which so much is known, at least and at most, as uint64_t in order; the
 * caller unrefs it. Not for JOURNAL_SETTLED. */
GArray *journal_index_due(
	const struct journal_index *index, enum journal_known least, enum journal_known most);

/* NULL: there is none. Good until the index changes. */
const struct archive_journal *journal_index_find(const struct journal_index *index, uint64_t id);

/* How many are not of `owner`; ARCHIVE_UNLIMITED: none. Those that were not read yet are
 * nobody's. */
unsigned int journal_index_others(const struct journal_index *index, uint64_t owner);

/* What is wanted of the index. */
struct journal_query {
	uint64_t owner; /* uid; ARCHIVE_UNLIMITED: any */
	uint64_t after; /* ids above this one */
	uint64_t count; /* at most so many */
	char *name; /* NULL: any */
	bool running; /* only those that are written */
};

/*
 * Copies of what a query wants, as struct archive_journal by id; the caller unrefs it. *ret_more:
 * there may be more of them behind the last one. What was not read yet is left out.
 */
GArray *journal_index_query(
	const struct journal_index *index, const struct journal_query *query, bool *ret_more);

/* It is there and could not be read: what is known of it holds, and it is to be read again. */
void journal_index_keep(struct journal_index *index, uint64_t id);

/* How many journals there are, and bytes of memory for each, about. */
#define JOURNAL_INDEX_BYTES 320
unsigned int journal_index_count(const struct journal_index *index);

/* Accepts NULL; returns NULL. */
struct journal_index *journal_index_free(struct journal_index *index);

#endif
