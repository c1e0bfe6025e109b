/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the summary has told of each counter already, and what is in the messages on their way. Owned by
 * the summary.
 */
#ifndef NFTTRACED_DAEMON_DROPS_DROP_REPORTED_H
#define NFTTRACED_DAEMON_DROPS_DROP_REPORTED_H

#include <glib.h>
#include <stdbool.h>

#include "daemon/drops/drops.h"

#define DROP_TOLD_NONE UINT32_MAX /* in place of a message's number */

/* Two amounts that grow: packets and bytes, or what the totals have beside them. */
struct drop_amount {
	uint64_t first, second;
};

/* Of one counter. */
struct drop_told {
	struct drop_amount told;
	uint64_t since; /* us, CLOCK_MONOTONIC: what came before is told */

	/* What the message with this number tells, if there is one. */
	uint32_t message;
	struct drop_amount offered;
	uint64_t offered_at;

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

/* Messages have been sent, or not: results[i] is 0 if the one with number i was. */
void drop_tellings_settle(struct drop_tellings *tellings, const int *results, unsigned int count);

/* What is new since it was told. A counter that began anew has told nothing. */
struct drop_amount drop_told_news(struct drop_told *told, struct drop_amount now);

/* It goes into the message with this number; `now`, us, is the moment up to which it tells. */
void drop_told_offer(
	struct drop_told *told, uint32_t message, struct drop_amount amount, uint64_t now);

/* The message was sent, or not; another one than it is in changes nothing. */
void drop_told_settle(struct drop_told *told, const int *results, unsigned int count);

/* Accepts NULL; returns NULL. */
struct drop_tellings *drop_tellings_free(struct drop_tellings *tellings);

#endif
