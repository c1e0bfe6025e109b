/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The library: the words for the numbers in a journal's events, gathered from its dictionaries of
 * names (names.h). A journal_reader has one and feeds it: journal_reader_library(). A name may come
 * after the event that it belongs to; of a directory or file, all that are in it by then are read
 * when the first one is asked for, of a stream as they come. Owned by the reader; one thread.
 *
 * What it gives is valid until the library is freed, is not escaped, and comes from strangers.
 */
#ifndef NFTTRACED_JOURNAL_READER_NAME_TABLE_H
#define NFTTRACED_JOURNAL_READER_NAME_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "journal/event/decode.h"
#include "journal/format/clocks.h"
#include "journal/format/format.h"
#include "journal/format/names.h"

/* Names of each kind that are kept; more in a journal are passed over and counted. */
#define LIBRARY_NAMES_MAX (1U << 18)

struct library;

struct library *library_new(void);

/* Asked once, before the first name is given, to feed the library all there is. */
typedef void (*library_source)(void *context, struct library *library);
void library_set_source(struct library *library, library_source source, void *context);

/*
 * Takes in a record's payload. 1: it was one with names; 0: it was of another type, and nothing was
 * done; -EBADMSG: it is no such JSON object. What is missing in it or has another type is passed over.
 */
int library_take(struct library *library, enum journal_type type, const void *json, size_t size);

/* The rule that gave an event's verdict. NULL: the journal says nothing of it (yet), or the event is
 * of no rule. */
const struct rule_name *library_rule(struct library *library, const struct event *event);

/* "nf_hook_slow+0x42 [module]" for an address in the stack of an event of that time; NULL: unknown. */
const char *library_symbol(struct library *library, uint64_t address, uint64_t time);

/* The name of an event_drop's reason; NULL: unknown. */
const char *library_reason(struct library *library, uint32_t reason);

/* The name of a network namespace; NULL: it has none. */
const char *library_netns(struct library *library, uint64_t cookie, uint32_t inode);

/* The wall clock over time: what the segments and records that were read tell. The reader's to fill. */
struct clocks *library_clocks(struct library *library);

/* Names that were passed over because there were too many. */
uint64_t library_passed_over(const struct library *library);

/* Accepts NULL; returns NULL. */
struct library *library_free(struct library *library);

#endif
