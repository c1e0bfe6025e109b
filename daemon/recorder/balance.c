/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session's books, balanced. */
#include "daemon/recorder/balance.h"

void books_balance(const struct recorder_counts *counts, const struct session_stats *kernel_counts,
	uint64_t matched, struct dictionary_books *ret)
{
	struct dictionary_books books = {
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
		books.lost += books.lost_by[i];
	settled = books.journaled + books.lost + books.suppressed;

	/* An event is counted as matched on one CPU while another reads: its fate may be seen first. */
	books.matched = MAX(matched, settled);
	books.pending = books.matched - settled;
	*ret = books;
}

void books_lose(struct dictionary_books *books, enum loss_reason reason, uint64_t events)
{
	events = MIN(events, books->journaled);
	books->journaled -= events;
	books->lost += events;
	books->lost_by[reason] += events;
}
