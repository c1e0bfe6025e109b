/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a journal, read to resume it after its writer was killed: the records behind a
 * position up to which all is known. Plain data; owned by the caller.
 */
#ifndef NFTTRACED_JOURNAL_READER_JOURNAL_TAIL_H
#define NFTTRACED_JOURNAL_READER_JOURNAL_TAIL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "journal/format/format.h"

struct journal_tail {
	GHashTable *records; /* set of journal_tail_key, allocated: the events there */
	uint64_t events;
	uint64_t losses[LOSS_REASONS]; /* events in the loss records there, by reason */
};

#define JOURNAL_TAIL_NONE ((struct journal_tail){ 0 })

/* Of an event: the ring and the low half of its position there. */
static inline uint64_t journal_tail_key(uint16_t ring, uint32_t position)
{
	return (uint64_t)ring << 32 | position;
}

/* Reads the journal in `dir_fd` from `offset` in that segment, where a record begins, to its end,
 * and cuts off an incomplete record at the end. If retention has removed that segment, from the
 * first one behind it. -ENOENT: there is none. */
int journal_tail_read(int dir_fd, uint64_t segment, uint64_t offset, struct journal_tail *ret);

/* The dictionaries that are valid at the end of the last segment: the texts (g_free them) of its
 * JOURNAL_START and last JOURNAL_SETTINGS. -ENODATA: it has none; -EALREADY: the session has
 * ended. */
int journal_tail_heads(int dir_fd, char **ret_start, char **ret_settings);

/* True if the event is in the set, from which it is removed. */
bool journal_tail_take(struct journal_tail *tail, uint16_t ring, uint32_t position);

/* Frees the members. Accepts JOURNAL_TAIL_NONE. */
void journal_tail_clear(struct journal_tail *tail);

#endif
