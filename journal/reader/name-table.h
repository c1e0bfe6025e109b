/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name table: names for the numbers in a journal's events, from its dictionaries of names
 * (names.h). A journal_reader has one and fills it: journal_reader_names(). A name may come after
 * the event that it belongs to. In a directory or file, all names present are read when the first
 * one is looked up; in a stream they are read as they come. Owned by the reader; one thread.
 *
 * Names are valid until the table is freed. They are text that others chose, and not escaped.
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

/* Called once, before the first look-up, to fill the table with all names present. */
typedef void (*name_table_source)(void *context, struct name_table *name_table);
void name_table_set_source(struct name_table *name_table, name_table_source source, void *context);

/*
 * Adds the names in a record's payload. 1: done; 0: the record has no names; -EBADMSG: not a JSON
 * object. Members that are missing or have another type are ignored.
 */
int name_table_take(
	struct name_table *name_table, enum journal_type type, const void *json, size_t size);

/* The look-ups accept NULL, a table without names. */

/* The rule that gave an event's verdict. NULL: it is not in the journal (yet), or the event has no
 * rule. */
const struct rule_name *name_table_rule(struct name_table *name_table, const struct event *event);

/* "nf_hook_slow+0x42 [module]" for an address in the stack of an event of that time; NULL:
 * unknown. */
const char *name_table_symbol(struct name_table *name_table, uint64_t address, uint64_t time);

/* The name of an event_drop's reason; NULL: unknown. */
const char *name_table_reason(struct name_table *name_table, uint32_t reason);

/* The name of a network namespace; NULL: it has none. */
const char *name_table_netns(struct name_table *name_table, uint64_t cookie, uint32_t inode);

/* The wall clock over time, from the segments and records that were read. The reader fills it. */
struct clocks *name_table_clocks(struct name_table *name_table);

/* How many names were not read because there were too many. NULL: 0. */
uint64_t name_table_unread(const struct name_table *name_table);

/* Accepts NULL; returns NULL. */
struct name_table *name_table_free(struct name_table *name_table);

#endif
