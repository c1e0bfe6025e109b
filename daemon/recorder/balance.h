/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session's totals: matched = journaled + lost + suppressed + pending, always. The kernel side
 * counts matched, ring_full and suppressed; the recorder thread counts the rest. Arithmetic on
 * snapshots; any thread.
 */
#ifndef NFTTRACED_DAEMON_RECORDER_BALANCE_H
#define NFTTRACED_DAEMON_RECORDER_BALANCE_H

#include "bpf/shared/abi.h"
#include "journal/format/dictionary.h"

/* A session's events as the recorder thread counts them. */
struct recorder_counts {
	uint64_t journaled;
	uint64_t disk_full; /* lost */
	uint64_t disk_error; /* lost */
	uint64_t over_limit; /* suppressed: beyond the session's limit */
};

/*
 * Balances the snapshots. They must have been taken in the order of the arguments, so that an event
 * on its way is pending and never missing: counts, then kernel_counts (ring_full and suppressed are
 * used), then `matched`.
 */
void totals_balance(const struct recorder_counts *counts, const struct session_stats *kernel_counts,
	uint64_t matched, struct dictionary_totals *ret);

/* Turns journaled events, at most those that exist, into lost ones. */
void totals_record_loss(struct dictionary_totals *totals, enum loss_reason reason, uint64_t events);

#endif
