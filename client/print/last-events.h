/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last N events of journals, copied while they pass, and what else passed between them. What
 * comes before the first event (who recorded, where, the first settings) is not held back. Owned by
 * the command that shows.
 */
#ifndef NFTTRACED_CLIENT_PRINT_LAST_EVENTS_H
#define NFTTRACED_CLIENT_PRINT_LAST_EVENTS_H

#include "client/print/printer.h"

struct tail;

/* Keeps `limit` events. */
struct tail *tail_new(uint64_t limit);

/* Takes a copy of a record, and forgets what is then too old. */
void tail_push(struct tail *tail, const struct journals_record *record);

enum tail_order {
	TAIL_OLDEST_FIRST,
	TAIL_NEWEST_FIRST,
};

/* Prints what is kept, and forgets it. */
void tail_print(struct tail *tail, struct printer *printer, enum tail_order order);

/* Accepts NULL; returns NULL. */
struct tail *tail_free(struct tail *tail);

#endif
