/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the summary has told of each counter already. Owned by the summary.
 */
#ifndef NFTTRACED_DAEMON_DROPS_DROP_REPORTED_H
#define NFTTRACED_DAEMON_DROPS_DROP_REPORTED_H

#include <glib.h>
#include <stdbool.h>

#include "daemon/drops/drops.h"

/* Two amounts that grow: packets and bytes, or what the totals have beside them. */
struct drop_amount {
	uint64_t first, second;
};

/* Of one counter. */
struct drop_told {
	struct drop_amount told;
	uint64_t since; /* us, CLOCK_MONOTONIC: what came before is told */
	uint64_t round; /* in which it was seen last */
};

struct drop_tellings;

struct drop_tellings *drop_tellings_new(void);

/* What was told of a counter, noted as seen in this round. If it was not known, what its mark says was, and
 * nothing `since`. */
struct drop_told *drop_tellings_of(struct drop_tellings *tellings,
	const struct drop_counter *counter, uint64_t round, uint64_t since);

/* Forgets those that were not seen in this round: their counters are gone. */
void drop_tellings_sweep(struct drop_tellings *tellings, uint64_t round);

/* What is new since it was told. A counter that began anew has told nothing. */
struct drop_amount drop_told_news(struct drop_told *told, struct drop_amount now);

/* Accepts NULL; returns NULL. */
struct drop_tellings *drop_tellings_free(struct drop_tellings *tellings);

#endif
