/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last N events of a journal, copied while they pass, and what else passed between them. What
 * comes before the first event (who recorded, where, the first settings) is not held back. Owned by
 * the command that shows.
 */
#ifndef NFTTRACED_TAIL_H
#define NFTTRACED_TAIL_H

#include "journal/reader.h"
#include "text.h"

struct tail;

/* Keeps `limit` events. */
struct tail *tail_new(uint64_t limit);

/* Takes a copy of a record, and forgets what is then too old. */
void tail_push(struct tail *tail, const struct journal_entry *entry);

/* Renders what is kept, and forgets it. */
void tail_render(struct tail *tail, struct text *text);

/* Accepts NULL; returns NULL. */
struct tail *tail_free(struct tail *tail);

#endif
