/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last N events of journals, copied while they pass, and what else passed between them. What
 * comes before the first event (who recorded, where, the first settings) is not held back. Owned by
 * the command that shows.
 */
#ifndef NFTTRACED_CLIENT_PRINT_LAST_EVENTS_H
#define NFTTRACED_CLIENT_PRINT_LAST_EVENTS_H

#include "client/print/printer.h"

struct last_events;

/* Keeps `limit` events. */
struct last_events *last_events_new(uint64_t limit);

/* Takes a copy of a record, and forgets what is then too old. */
void last_events_push(struct last_events *tail, const struct journal_set_record *record);

enum last_events_order {
	LAST_EVENTS_OLDEST_FIRST,
	LAST_EVENTS_NEWEST_FIRST,
};

/* Prints what is kept, and forgets it. */
void last_events_print(
	struct last_events *tail, struct printer *printer, enum last_events_order order);

/* Accepts NULL; returns NULL. */
struct last_events *last_events_free(struct last_events *tail);

#endif
