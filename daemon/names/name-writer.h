/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name writer writes names into journals: texts of rules, names of addresses, network
 * namespaces and drop reasons, for the numbers in events. It is a thread of its own, owned by the
 * engine: it reads the name requests of the recorder thread, asks the resolver (nfttraced-names,
 * resolver-client.h), and has the recorder thread append the answers as dictionaries. An event
 * never waits for a name. It does the same for the drop counters.
 *
 * The worker calls it when a session begins and ends, and waits for a bounded time. When the
 * resolver hangs or ends it is replaced and asked once more; a name that can't be read is written
 * as such, one that the journal can't take is lost and counted.
 */
#ifndef NFTTRACED_DAEMON_NAMES_NAME_WRITER_H
#define NFTTRACED_DAEMON_NAMES_NAME_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/drops/drops.h"
#include "daemon/names/resolver-client.h"
#include "daemon/recorder/recorder.h"

enum name_writer_ids {
	/* Network namespaces may get ids in the daemon's, so that their rules are kept current. */
	NAME_WRITER_IDS_ASSIGN,
	NAME_WRITER_IDS_LEAVE,
};

enum name_writer_reasons {
	NAME_WRITER_REASONS_NONE,
	NAME_WRITER_REASONS_WRITE, /* the journal gets the names of drop reasons */
};

/* One written name is remembered for this many bytes of RuleTextsSize. */
#define NAME_WRITER_NAME_SHARE 1024

struct name_writer;

/* Starts the thread. `recorder` and `drops`, which may be NULL, are borrowed. Negative errno. */
int name_writer_new(struct recorder *recorder, struct drops *drops, enum name_writer_ids ids,
	struct name_writer **ret);

/* Changes the rule about ids: it applies when the first of the next sessions begins. Any thread. */
void name_writer_allow_ids(struct name_writer *writer, enum name_writer_ids ids);

/* A session begins at the bit. Waits, at most half a second, until the rulesets have been read, so
 * that a rule that is deleted right after its first packet is known. The worker's. `writer` may be
 * NULL, here and below. */
void name_writer_begin(
	struct name_writer *writer, unsigned int bit, enum name_writer_reasons reasons);

/* The session at the bit ends. Waits, at most two seconds, until the names that its events request
 * are in its journal; those that are missing then are written as unreadable. The worker's. */
void name_writer_end(struct name_writer *writer, unsigned int bit);

/* Names that were not written: the disk was full, or there were too many. Any thread. */
uint64_t name_writer_lost(const struct name_writer *writer);

/* Sets the bytes for the texts of all rules (RuleTextsSize). Any thread. */
void name_writer_set_texts_size(struct name_writer *writer, uint64_t bytes);

struct name_writer_counts {
	uint64_t unread; /* names that were not read in time, of journals and drop counters */
	uint64_t resolvers; /* nfttraced-names processes that hung or ended, and were replaced */
	struct resolver_state resolver; /* the sum over all of them */
};

/* No older than a few seconds. Any thread. */
void name_writer_count(struct name_writer *writer, struct name_writer_counts *ret);

/* Ends the thread. Accepts NULL; returns NULL. */
struct name_writer *name_writer_free(struct name_writer *writer);

#endif
