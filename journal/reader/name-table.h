/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * the name table: the words for the numbers in a journal's events, gathered from its dictionaries of
 * names (names.h). A journal_reader has one and feeds it: journal_reader_names(). A name may come
 * after the event that it belongs to; of a directory or file, all that are in it by then are read
 * when the first one is asked for, of a stream as they come. Owned by the reader; one thread.
 *
 * What it gives is valid until the name table is freed, is not escaped, and comes from strangers.
 */
#ifndef NFTTRACED_JOURNAL_READER_NAME_TABLE_H
#define NFTTRACED_JOURNAL_READER_NAME_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "journal/event/decode.h"
#include "journal/format/clocks.h"
#include "journal/format/format.h"
#include "journal/format/names.h"

/* Names of each kind that are kept; more in a journal are not read, and counted. */
#define NAME_TABLE_NAMES_MAX (1U << 18)

struct name_table;

struct name_table *name_table_new(void);

/* Asked once, before the first name is given, to feed the name table all there is. */
typedef void (*name_table_source)(void *context, struct name_table *name_table);
void name_table_set_source(struct name_table *name_table, name_table_source source, void *context);

/*
 * Takes in a record's payload. 1: it was one with names; 0: it was of another type, and nothing was
 * done; -EBADMSG: it is no such JSON object. What is missing in it or has another type is passed over.
 */
int name_table_take(
	struct name_table *name_table, enum journal_type type, const void *json, size_t size);

/* These accept NULL, which has no names. */

/* The rule that gave an event's verdict. NULL: the journal says nothing of it (yet), or the event is
 * of no rule. */
const struct rule_name *name_table_rule(struct name_table *name_table, const struct event *event);

/* "nf_hook_slow+0x42 [module]" for an address in the stack of an event of that time; NULL: unknown. */
const char *name_table_symbol(struct name_table *name_table, uint64_t address, uint64_t time);

/* The name of an event_drop's reason; NULL: unknown. */
const char *name_table_reason(struct name_table *name_table, uint32_t reason);

/* The name of a network namespace; NULL: it has none. */
const char *name_table_netns(struct name_table *name_table, uint64_t cookie, uint32_t inode);

/* The wall clock over time: what the segments and records that were read tell. The reader's to fill. */
struct clocks *name_table_clocks(struct name_table *name_table);

/* How many names were not read because there were too many. NULL: 0. */
uint64_t name_table_unread(const struct name_table *name_table);

/* Accepts NULL; returns NULL. */
struct name_table *name_table_free(struct name_table *name_table);

#endif
