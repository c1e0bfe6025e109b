/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records in another order than they were recorded in: by packet (a journey: the events of one
 * tracking id, in order of time; journeys in order of their first event), or from the newest to the
 * oldest, or both. The records go into a temporary file, what orders them is held in memory up to a
 * limit and in temporary files beyond it. Owned by the command that reads; one thread.
 */
#ifndef NFTTRACED_CLIENT_READ_ORDERING_H
#define NFTTRACED_CLIENT_READ_ORDERING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/read/journal-set.h"

/* Bytes that ordering may hold in memory, about. */
#define ORDERING_MEMORY (64U << 20)

struct ordering_options {
	bool journeys; /* else every record stands alone */
	bool newest_first; /* the journeys, not the events in one */
	uint64_t last; /* give the last N journeys; UINT64_MAX: all */
};

/* Where a record stands in its journey. */
struct ordering_step {
	bool tracked; /* it has a tracking id */
	uint64_t number; /* counts the events of a journey from 0 */
};

struct ordering;

struct ordering *ordering_new(const struct ordering_options *order, size_t memory);

/* Takes a copy of a record. Negative errno of a temporary file. */
int ordering_add(struct ordering *ordering, const struct journal_set_record *record);

/* The next record in the new order, valid until the next call: 1, 0 if there are no more, negative
 * errno. After the first call nothing may be added. A record that is no event stands alone. */
int ordering_next(
	struct ordering *ordering, struct journal_set_record *ret, struct ordering_step *ret_step);

/* Accepts NULL; returns NULL. */
struct ordering *ordering_free(struct ordering *ordering);

#endif
