/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of each counter the summary has reported already. Owned by the summary, on the control
 * thread.
 */
#ifndef NFTTRACED_DAEMON_DROPS_DROP_REPORTED_H
#define NFTTRACED_DAEMON_DROPS_DROP_REPORTED_H

#include <glib.h>
#include <stdint.h>

#include "daemon/drops/drops.h"

/* Two amounts that grow: packets and bytes, or uncounted packets and missed calls for the
 * totals. */
struct drop_amount {
	uint64_t first, second;
};

/* Of one counter, or of the totals. */
struct drop_reported {
	uint64_t id; /* of the counter; or DROPS_TOTALS */
	struct drop_amount amount;
	uint64_t since; /* us, CLOCK_MONOTONIC: everything before is reported */
	uint64_t round; /* in which the counter was last seen */
};

/* A table of struct drop_reported by id; g_hash_table_unref it. */
GHashTable *drop_reports_new(void);

/* The entry of a counter, which counts as seen in `round`. A counter that is new to the table
 * begins with what its mark says was reported by an earlier daemon, and with nothing to report
 * before `since`. */
struct drop_reported *drop_reports_get(
	GHashTable *reports, const struct drop_counter *counter, uint64_t round, uint64_t since);

/* Removes the entries that were not seen in `round`: their counters are gone. */
void drop_reports_sweep(GHashTable *reports, uint64_t round);

/* The part of the amount `now` that is not reported yet. If it has decreased, the counter has
 * restarted: all of it. */
struct drop_amount drop_reported_delta(struct drop_reported *reported, struct drop_amount now);

#endif
