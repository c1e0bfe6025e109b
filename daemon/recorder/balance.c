/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session's totals, see balance.h. Stateless; any thread. */
#include "daemon/recorder/balance.h"

void totals_balance(const struct recorder_counts *counts, const struct session_stats *kernel_counts,
	uint64_t matched, struct dictionary_totals *ret)
{
	struct dictionary_totals totals = {
		.journaled = counts->journaled,
		.suppressed = kernel_counts->suppressed + counts->over_limit,
		.lost_by = {
			[LOSS_RING_FULL] = kernel_counts->ring_full,
			[LOSS_DISK_FULL] = counts->disk_full,
			[LOSS_DISK_ERROR] = counts->disk_error,
		},
	};
	uint64_t settled;

	for (unsigned int i = 0; i < LOSS_REASONS; i++)
		totals.lost += totals.lost_by[i];
	settled = totals.journaled + totals.lost + totals.suppressed;

	/* The reader may see that an event was journaled before it sees that it was matched. */
	totals.matched = MAX(matched, settled);
	totals.pending = totals.matched - settled;
	*ret = totals;
}

void totals_record_loss(struct dictionary_totals *totals, enum loss_reason reason, uint64_t events)
{
	events = MIN(events, totals->journaled);
	totals->journaled -= events;
	totals->lost += events;
	totals->lost_by[reason] += events;
}
