/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting by key; see key-counts.h. */
#include "client/stats/key-counts.h"

#include <stdbool.h>
#include <string.h>
#include <xxhash.h>

struct key_counts {
	GHashTable *entries; /* struct key_counts_entry, which is its own key */
	size_t limit;
	struct key_counts_entry rest;
};

static guint entry_hash(const void *data)
{
	const struct key_counts_entry *entry = data;

	return (guint)XXH3_64bits(entry->key, entry->size);
}

static gboolean entry_equal(const void *a, const void *b)
{
	const struct key_counts_entry *one = a, *other = b;

	return one->size == other->size && memcmp(one->key, other->key, one->size) == 0;
}

struct key_counts *key_counts_new(size_t limit)
{
	struct key_counts *counts = g_new0(struct key_counts, 1);

	counts->entries = g_hash_table_new_full(entry_hash, entry_equal, g_free, NULL);
	counts->limit = limit;
	return counts;
}

static struct key_counts_entry *entry_new(const void *key, size_t size)
{
	struct key_counts_entry *entry = g_malloc0(sizeof(*entry) + size);
	uint8_t *copy = (uint8_t *)(entry + 1);

	if (size > 0)
		memcpy(copy, key, size);
	entry->key = copy;
	entry->size = size;
	return entry;
}

static struct key_counts_entry *entry_find(struct key_counts *counts, const void *key, size_t size)
{
	const struct key_counts_entry wanted = { .key = key, .size = size };
	struct key_counts_entry *entry = g_hash_table_lookup(counts->entries, &wanted);

	if (!entry && g_hash_table_size(counts->entries) < counts->limit) {
		entry = entry_new(key, size);
		g_hash_table_add(counts->entries, entry);
	}
	return entry ? entry : &counts->rest;
}

void key_counts_count(struct key_counts *counts, const void *key, size_t size, uint64_t bytes)
{
	struct key_counts_entry *entry = entry_find(counts, key, size);

	entry->events++;
	entry->bytes += bytes;
}

void key_counts_count_events(
	struct key_counts *counts, const void *key, size_t size, uint64_t events)
{
	entry_find(counts, key, size)->events += events;
}

size_t key_counts_keys(const struct key_counts *counts)
{
	return g_hash_table_size(counts->entries);
}

static int entry_compare(const void *a, const void *b)
{
	const struct key_counts_entry *one = *(const struct key_counts_entry *const *)a;
	const struct key_counts_entry *other = *(const struct key_counts_entry *const *)b;
	int r;

	if (one->events != other->events)
		return one->events > other->events ? -1 : 1;
	r = memcmp(one->key, other->key, MIN(one->size, other->size));
	return r != 0 ? r : (one->size > other->size) - (one->size < other->size);
}

GPtrArray *key_counts_top(const struct key_counts *counts, size_t count)
{
	GPtrArray *top = g_ptr_array_sized_new(g_hash_table_size(counts->entries));
	GHashTableIter iter;
	void *entry;

	g_hash_table_iter_init(&iter, counts->entries);
	while (g_hash_table_iter_next(&iter, &entry, NULL))
		g_ptr_array_add(top, entry);
	g_ptr_array_sort(top, entry_compare);
	if (top->len > count)
		g_ptr_array_set_size(top, (int)count);
	return top;
}

const struct key_counts_entry *key_counts_rest(const struct key_counts *counts)
{
	return &counts->rest;
}

struct key_counts *key_counts_free(struct key_counts *counts)
{
	if (!counts)
		return NULL;
	g_hash_table_unref(counts->entries);
	g_free(counts);
	return NULL;
}
