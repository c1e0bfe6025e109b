/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Selects events by the options of the reading verbs. Owned by the command that reads; immutable.
 */
#ifndef NFTTRACED_CLIENT_READ_EVENT_FILTER_H
#define NFTTRACED_CLIENT_READ_EVENT_FILTER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/input/when.h"
#include "client/read/journal-set.h"
#include "journal/base/cleanup.h"

/* The options as written; NULL: not given. Of several values of one option any has to match. */
struct event_filter_options {
	char *verdicts; /* names, separated by commas */
	char *filter; /* a pcap expression */
	GStrv tables, chains; /* names, as they are or as they are printed */
	GStrv handles; /* of rules */
	GStrv netns; /* inodes, cookies (0x...) or names */
	char *since, *until;
};

struct event_filter;

/*
 * Makes the filter of the options, with dates in `zone`. *ret is NULL if no option was given: every
 * event matches. -EINVAL and one sentence in *ret_reason for an invalid option.
 */
int event_filter_new(const struct event_filter_options *wanted, enum when_zone zone,
	struct event_filter **ret, char **ret_reason);

/*
 * True if the filter passes a record. Records that are no events pass, and so do events that can't
 * be decoded: they are reported as damage. `name_table` is that of the record's journal. `filter`
 * may be NULL.
 */
bool event_filter_record(const struct event_filter *filter, struct name_table *name_table,
	const struct journal_set_record *record);

/* Accepts NULL; returns NULL. */
struct event_filter *event_filter_free(struct event_filter *filter);

DEFINE_FREEP(event_filter)

#define auto_event_filter __attribute__((cleanup(event_filter_freep))) struct event_filter

#endif
