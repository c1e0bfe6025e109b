/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `nfttracectl show` does with the records of journals: which of them it prints, and in which
 * order. Stateless; knows nothing of options.
 */
#ifndef NFTTRACED_SHOW_H
#define NFTTRACED_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "journals.h"
#include "printer.h"

struct show_order {
	bool journeys; /* events by packet */
	bool newest_first;
	uint64_t last; /* only the last so many events, or journeys; UINT64_MAX: all */
	size_t memory; /* bytes that bringing records into order may take, about */
};

/*
 * Prints what the journals hold. Negative errno; *ret_reason is a sentence if it is about what orders
 * the records, else *ret_journal could not be read further.
 */
int show_journals(struct journals *journals, const struct show_order *order,
	struct printer *printer, unsigned int *ret_journal, char **ret_reason);

#endif
