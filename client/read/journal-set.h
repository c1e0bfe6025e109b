/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journals that a person named, read as one: their records in order of real time, by one clock
 * offset for each boot, so that journals of several sessions and machines can be read as one. An
 * event that several sessions recorded (the same record, at the same position of the same ring) is
 * given once. A filter selects events, and a progress line shows how much has been read.
 *
 * Owned by the command that reads, and owns a reader for each journal (journal/reader/reader.h);
 * one thread. Damage is a loss record, and no failure; a journal that can't be read further ends
 * the reading with its number, for journal_set_failure.
 */
#ifndef NFTTRACED_CLIENT_READ_JOURNAL_SET_H
#define NFTTRACED_CLIENT_READ_JOURNAL_SET_H

#include "journal/base/cleanup.h"
#include "journal/reader/reader.h"

struct event_filter;
struct journal_set;

/*
 * A record with where it is from. The entry's pointers are valid until the next journal_set_next.
 */
struct journal_set_record {
	struct journal_entry entry;
	unsigned int journal; /* which of the journals, from 0 */
	unsigned int boot; /* which boot of which machine, from 0: tracking ids are unique in one */
	/* ns, what CLOCK_REALTIME showed; of a record that is no event: at the journal's last
	 * event, and 0 before its first. */
	uint64_t time;
	/* ns, the time as if the clock had not been moved since the boot: records are in this
	 * order, and differences are durations. */
	uint64_t order;
};

/* Opens the journals that a person named (see source.h), all or none. One sentence in
 * *ret_reason. */
int journal_set_open(char *const *sources, struct journal_set **ret, char **ret_reason);

/* A set of one reader that is open already, which the set takes over. */
struct journal_set *journal_set_new(struct journal_reader *reader);

/* Replaces the stream of a set of one reader, which has ended; see journal_reader_continue. */
void journal_set_continue(struct journal_set *journals, int fd);

unsigned int journal_set_count(const struct journal_set *journals);

/* The names in one of them. */
struct name_table *journal_set_names(const struct journal_set *journals, unsigned int journal);

/* How many boots the journals are from, as far as they have been read: the monotonic clocks of
 * several can't be compared. */
unsigned int journal_set_boots(const struct journal_set *journals);

/* Which boot a journal is from, as far as it has been read. */
unsigned int journal_set_boot(const struct journal_set *journals, unsigned int journal);

/*
 * From now on only records that `filter` passes are given (NULL: every record); it must outlive the
 * set. A line on `progress` shows how much has been read, as progress_begin says (-1: none).
 */
void journal_set_select(
	struct journal_set *journals, const struct event_filter *filter, int progress);

/*
 * The next record: 1 and *ret; 0 at the end of the records written so far; negative errno of a
 * journal that can't be read further, whose number is in ret->journal. -EAGAIN: as
 * journal_reader_next. The progress line is erased when there is no next record.
 */
int journal_set_next(struct journal_set *journals, struct journal_set_record *ret);

/* Erases the progress line of a reading that stops early. */
void journal_set_end_progress(struct journal_set *journals);

/* "PATH can't be read further: ..." for an error of journal_set_next; `sources` are those that were
 * opened. g_free it. */
char *journal_set_failure(char *const *sources, unsigned int journal, int error);

/* Accepts NULL; returns NULL. */
struct journal_set *journal_set_free(struct journal_set *journals);

DEFINE_FREEP(journal_set)

#define auto_journal_set __attribute__((cleanup(journal_set_freep))) struct journal_set

#endif
