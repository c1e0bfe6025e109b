/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts events and bytes by a key, of as many keys as its limit: what comes with a further key is
 * counted as the rest. Owned by whoever counts.
 */
#ifndef NFTTRACED_CLIENT_STATS_KEY_COUNTS_H
#define NFTTRACED_CLIENT_STATS_KEY_COUNTS_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

struct tally_entry {
	uint64_t events;
	uint64_t bytes;
	size_t size; /* of the key */
	const uint8_t *key;
};

struct tally;

struct tally *tally_new(size_t limit);

/* Counts one event of `bytes` bytes. The key is copied. */
void tally_count(struct tally *tally, const void *key, size_t size, uint64_t bytes);

/* The same for several events, of which no bytes are known. */
void tally_count_events(struct tally *tally, const void *key, size_t size, uint64_t events);

/* How many keys are counted. */
size_t tally_keys(const struct tally *tally);

/* The `count` entries (const struct tally_entry *) with the most events, the most first; those with as
 * many in the order of their keys' bytes. Unref the array; the entries are the tally's. */
GPtrArray *tally_top(const struct tally *tally, size_t count);

/* What came with keys beyond the limit. */
const struct tally_entry *tally_rest(const struct tally *tally);

/* Accepts NULL; returns NULL. */
struct tally *tally_free(struct tally *tally);

#endif
