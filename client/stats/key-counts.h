/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts events and bytes by key, up to a number of keys: events with further keys are counted as
 * the rest. Owned by the stats.
 */
#ifndef NFTTRACED_CLIENT_STATS_KEY_COUNTS_H
#define NFTTRACED_CLIENT_STATS_KEY_COUNTS_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

struct key_counts_entry {
	uint64_t events;
	uint64_t bytes;
	size_t size; /* of the key */
	const uint8_t *key;
};

struct key_counts;

struct key_counts *key_counts_new(size_t limit);

/* Counts one event of `bytes` bytes. The key is copied. */
void key_counts_count(struct key_counts *counts, const void *key, size_t size, uint64_t bytes);

/* Counts several events whose bytes are unknown. */
void key_counts_count_events(
	struct key_counts *counts, const void *key, size_t size, uint64_t events);

/* The number of keys that are counted. */
size_t key_counts_keys(const struct key_counts *counts);

/*
 * The `count` entries (const struct key_counts_entry *) with the most events, the most first; those
 * with as many in the order of their keys' bytes. Unref the array; the entries belong to the
 * counts.
 */
GPtrArray *key_counts_top(const struct key_counts *counts, size_t count);

/* The counts of keys beyond the limit. */
const struct key_counts_entry *key_counts_rest(const struct key_counts *counts);

/* Accepts NULL; returns NULL. */
struct key_counts *key_counts_free(struct key_counts *counts);

#endif
