/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The events of each segment that a reader has received. A retention record has the events that
 * were removed from the journal since the last such record; a reader that received some of them
 * before has lost only the others. Owned by the reader; 40 bytes for each segment, until it is
 * removed.
 */
#ifndef NFTTRACED_JOURNAL_READER_RECEIVED_H
#define NFTTRACED_JOURNAL_READER_RECEIVED_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "journal/reader/item.h"

struct received {
	GQueue segments; /* those that are not known to be removed, the oldest first */
	uint64_t first; /* number of the first one; 0: none yet */
	bool part; /* records before the first were not asked for */
};

#define RECEIVED_NOTHING ((struct received){ .segments = G_QUEUE_INIT })

/* Counts a record, in the order of the journal. */
void received_count(struct received *received, const struct item *item);

/*
 * Reduces a `loss` of retention to the events that this reader has not received (count 0: unknown).
 * False if it received all of them, or did not ask for them.
 */
bool received_find_missing(struct received *received, struct journal_loss *loss);

void received_clear(struct received *received);

#endif
