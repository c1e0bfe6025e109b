/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a reader has had of each segment. A retention record says what was removed from the journal since
 * the one before it, which a reader who was there before has had: only what he has not had is lost to him.
 * Owned by the reader; 40 bytes a segment, until it is removed.
 */
#ifndef NFTTRACED_JOURNAL_READER_RECEIVED_H
#define NFTTRACED_JOURNAL_READER_RECEIVED_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "journal/reader/item.h"

struct received {
	GQueue segments; /* of what it has had of those that are not known to be removed, the oldest first */
	uint64_t first; /* number of the first one; 0: none yet */
	bool part; /* what was before the first record was not asked for */
};

#define RECEIVED_NOTHING ((struct received){ .segments = G_QUEUE_INIT })

/* Counts a record, in the order of the journal. */
void received_count(struct received *received, const struct item *item);

/*
 * What `loss`, of retention, means to this reader: false if he has had all of it, or has not asked for it;
 * else its count is that of the events that he has not had (0: it is not known).
 */
bool received_lacks(struct received *received, struct journal_loss *loss);

void received_clear(struct received *received);

#endif
