/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journals that a person named, read as one: their records in order of real time, by one clock
 * offset for each boot, so that journals of several sessions and of several machines are one
 * story. What several sessions recorded of one event (the same record, at the same place of the same
 * ring) is given once. Owned by the command that reads; one thread.
 */
#ifndef NFTTRACED_CLIENT_READ_JOURNAL_SET_H
#define NFTTRACED_CLIENT_READ_JOURNAL_SET_H

#include "journal/reader/reader.h"

struct journal_set;

/* A record with where it is from. The entry's pointers are valid until the next journal_set_next. */
struct journal_set_record {
	struct journal_entry entry;
	unsigned int journal; /* which of the journals, from 0 */
	unsigned int boot; /* which boot of which machine, from 0: tracking ids are unique in one */
	uint64_t time; /* ns, what CLOCK_REALTIME showed; of what is no event: at the journal's last
			* event; 0 before its first */
	uint64_t
		order; /* ns: the same, as if nobody had moved the clock since the boot: the records
			 * are in this order, and distances are true */
};

/* Opens what a person named (see source.h), all or nothing. One sentence in *ret_reason. */
int journal_set_open(char *const *sources, struct journal_set **ret, char **ret_reason);

/* The same of one reader that is open already, which it takes over. */
struct journal_set *journal_set_new(struct journal_reader *reader);

/* Its stream has ended, and goes on with another one: see journal_reader_continue. */
void journal_set_continue(struct journal_set *journals, int fd);

unsigned int journal_set_count(const struct journal_set *journals);

/* The names in one of them. */
struct name_table *journal_set_names(const struct journal_set *journals, unsigned int journal);

/* How many boots the journals are from, as far as they have been read: the monotonic clocks of
 * several can't be compared. */
unsigned int journal_set_boots(const struct journal_set *journals);

/* Which boot a journal is from, as far as it has been read. */
unsigned int journal_set_boot(const struct journal_set *journals, unsigned int journal);

/* The next record: 1 and *ret; 0 at the end of what is written; negative errno of a journal that can't
 * be read further, whose number is in ret->journal. -EAGAIN: as journal_reader_next. */
int journal_set_next(struct journal_set *journals, struct journal_set_record *ret);

/* Bytes read and bytes in all, of all of them. */
void journal_set_progress(
	const struct journal_set *journals, uint64_t *ret_read, uint64_t *ret_total);

/* Accepts NULL; returns NULL. */
struct journal_set *journal_set_free(struct journal_set *journals);

static inline void journal_set_freep(struct journal_set **journals)
{
	*journals = journal_set_free(*journals);
}

#define auto_journal_set __attribute__((cleanup(journal_set_freep))) struct journal_set

#endif
