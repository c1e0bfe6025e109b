/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name writer: a thread that writes the words for numbers into journals. It reads what the recorder thread
 * has noted, asks the resolver, and has the recorder thread append what it is told. An event never waits for
 * it. It looks after the drop counters, too, and their words. Owned by the engine.
 */
#ifndef NFTTRACED_DAEMON_NAMES_NAME_WRITER_H
#define NFTTRACED_DAEMON_NAMES_NAME_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/drops/drops.h"
#include "daemon/names/resolver-client.h"
#include "daemon/recorder/recorder.h"

enum name_writer_ids {
	NAME_WRITER_IDS_ASSIGN, /* namespaces may get ids in ours, so that their rules are kept current */
	NAME_WRITER_IDS_LEAVE,
};

enum name_writer_reasons {
	NAME_WRITER_REASONS_NONE,
	NAME_WRITER_REASONS_WRITE, /* the names of drop reasons, too */
};

/* Of the room for the texts of all rules: one name is remembered to have been told for each of these bytes. */
#define NAME_WRITER_TOLD_SHARE 1024

struct name_writer;

/* Starts the thread. `data` and `drops`, which may be NULL, are borrowed. */
int name_writer_new(struct recorder *recorder, struct drops *drops, enum name_writer_ids ids,
	struct name_writer **ret);

/* Another rule about ids, from the next time that rulesets are read for the first of the sessions. Any
 * thread's. */
void name_writer_allow_ids(struct name_writer *writer, enum name_writer_ids ids);

/* A session has the bit: waits, not for long, until the rulesets that there are have been read, so that
 * a rule that goes right after its first packet is known. `writer` may be NULL, here and below. */
void name_writer_begin(
	struct name_writer *writer, unsigned int bit, enum name_writer_reasons reasons);

/* Waits, not for long, until what was noted of the session so far is in its journal; what is not known
 * by then is written as that. Then nobody has the bit. */
void name_writer_end(struct name_writer *writer, unsigned int bit);

/* Names that did not get into a journal: its disk was full, or there were too many. Any thread's. */
uint64_t name_writer_lost(const struct name_writer *writer);

/* Bytes for the texts of all rules from now on (RuleTextsSize). Any thread's. */
void name_writer_set_texts_size(struct name_writer *writer, uint64_t bytes);

/* What the words for numbers cost, and which there are none of. */
struct name_writer_counts {
	uint64_t
		unread; /* names that a journal, or a drop counter, does not have: they could not be read in time */
	uint64_t resolvers; /* nfttraced-names processes that hung or ended, and were replaced */
	struct resolver_state resolver; /* of all of those */
};

/* As of the last few seconds. Any thread's; `writer` may be NULL. */
void name_writer_count(struct name_writer *writer, struct name_writer_counts *ret);

/* Ends the thread. Accepts NULL; returns NULL. */
struct name_writer *name_writer_free(struct name_writer *writer);

#endif
