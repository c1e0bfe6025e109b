/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How `nfttracectl show` prints the records of journals: as they are read, the last N only, or in
 * another order. Owned by the command, as are the journals and the printer; knows nothing of
 * options.
 */
#ifndef NFTTRACED_CLIENT_PRINT_SHOW_EVENTS_H
#define NFTTRACED_CLIENT_PRINT_SHOW_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/print/printer.h"
#include "client/read/journal-set.h"
#include "journal/base/cleanup.h"

struct show_order {
	bool journeys; /* events by packet */
	bool newest_first;
	uint64_t last; /* the last N events, or journeys; UINT64_MAX: all */
	size_t memory; /* bytes, about, that ordering may take */
};

struct show;

struct show *show_new(
	const struct show_order *order, struct journal_set *journals, struct printer *printer);

/*
 * Reads everything, if it must be read before the first event can be printed, and prints the
 * records before the first event. Negative errno: -EIO and a sentence in *ret_reason if there is no
 * room for ordering; else journal *ret_journal can't be read further, and show_print prints what
 * was read.
 */
int show_gather(struct show *show, unsigned int *ret_journal, char **ret_reason);

/* Prints the records gathered, or reads and prints everything. Errors as of show_gather. */
int show_print(struct show *show, unsigned int *ret_journal, char **ret_reason);

/* Accepts NULL; returns NULL. */
struct show *show_free(struct show *show);

DEFINE_FREEP(show)

#define auto_show __attribute__((cleanup(show_freep))) struct show

#endif
