/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last N events of journals, and the other records between them, as copies. Records before the
 * first event (start, settings) are printed at once and not kept here. Owned by show-events.c; one
 * thread.
 */
#ifndef NFTTRACED_CLIENT_PRINT_LAST_EVENTS_H
#define NFTTRACED_CLIENT_PRINT_LAST_EVENTS_H

#include "client/print/printer.h"

struct last_events;

/* Keeps `limit` events. */
struct last_events *last_events_new(uint64_t limit);

/* Copies a record, and forgets records that are then too old. */
void last_events_push(struct last_events *tail, const struct journal_set_record *record);

enum last_events_order {
	LAST_EVENTS_OLDEST_FIRST,
	LAST_EVENTS_NEWEST_FIRST,
};

/* Prints the records that are kept, and forgets them. */
void last_events_print(
	struct last_events *tail, struct printer *printer, enum last_events_order order);

/* Accepts NULL; returns NULL. */
struct last_events *last_events_free(struct last_events *tail);

#endif
