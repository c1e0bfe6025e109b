/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which events a person wants to see of those that are recorded. Owned by the command that reads;
 * immutable once it is made.
 */
#ifndef NFTTRACED_CLIENT_READ_EVENT_FILTER_H
#define NFTTRACED_CLIENT_READ_EVENT_FILTER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/input/when.h"
#include "client/read/journal-set.h"

/* As written; NULL: not given. Of what was given several times any one has to fit. */
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
 * Understands what is wished, with dates in `zone`. *ret is NULL if nothing is: every event fits.
 * -EINVAL and one sentence in *ret_reason for what can't be understood.
 */
int event_filter_new(const struct event_filter_options *wanted, enum when_zone zone,
	struct event_filter **ret, char **ret_reason);

/*
 * True if a record is to be seen. What is no event always is, and so is an event that can't be
 * decoded: it is told as damage. `name_table` is that of the record's journal. `filter` may be
 * NULL.
 */
bool event_filter_record(const struct event_filter *filter, struct name_table *name_table,
	const struct journal_set_record *record);

/* Accepts NULL; returns NULL. */
struct event_filter *event_filter_free(struct event_filter *filter);

static inline void event_filter_freep(struct event_filter **filter)
{
	*filter = event_filter_free(*filter);
}

#define auto_event_filter __attribute__((cleanup(event_filter_freep))) struct event_filter

#endif
