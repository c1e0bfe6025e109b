/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts the events of journals by verdict, probe, rule and peer, and over time, in bounded memory:
 * of further rules and peers only the sum is known. Owned by the command, which reads the journals
 * and hands over each record; one thread. Nothing in it fails: a loss or damage in a journal is
 * remembered (stats_incomplete).
 */
#ifndef NFTTRACED_CLIENT_STATS_STATS_H
#define NFTTRACED_CLIENT_STATS_STATS_H

#include <stdbool.h>

#include "client/read/journal-set.h"
#include "client/stats/timeline.h"
#include "journal/base/cleanup.h"
#include "journal/base/output.h"

/* Rules, and peers, that are counted individually; further ones are summed up. */
#define STATS_KEYS_MAX 65536

/* Packets that are remembered to count each once: about the latest. */
#define STATS_PACKETS_MAX 65536

struct stats;

/* `journals` outlives it. `keys_max`: STATS_KEYS_MAX, or fewer. */
struct stats *stats_new(struct journal_set *journals, size_t keys_max);

/* Counts a record. */
void stats_take(struct stats *stats, const struct journal_set_record *record);

/* How the counts are printed. */
struct stats_form {
	size_t top; /* rules and peers that are listed */
	size_t columns; /* of the line of packets over time */
	enum timeline_letters letters;
};

void stats_print(struct stats *stats, const struct stats_form *form, struct output *output);

/* True if a journal reported lost events, or is damaged. */
bool stats_incomplete(const struct stats *stats);

/* Accepts NULL; returns NULL. */
struct stats *stats_free(struct stats *stats);

DEFINE_FREEP(stats)

#define auto_stats __attribute__((cleanup(stats_freep))) struct stats

#endif
