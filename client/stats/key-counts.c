/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting by key; see key-counts.h. */
#include "client/stats/key-counts.h"

#include <stdbool.h>
#include <string.h>
#include <xxhash.h>

struct tally {
	GHashTable *entries; /* struct tally_entry, which is its own key */
	size_t limit;
	struct tally_entry rest;
};

static guint entry_hash(const void *data)
{
	const struct tally_entry *entry = data;

	return (guint)XXH3_64bits(entry->key, entry->size);
}

static gboolean entry_equal(const void *a, const void *b)
{
	const struct tally_entry *one = a, *other = b;

	return one->size == other->size && memcmp(one->key, other->key, one->size) == 0;
}

struct tally *tally_new(size_t limit)
{
	struct tally *tally = g_new0(struct tally, 1);

	tally->entries = g_hash_table_new_full(entry_hash, entry_equal, g_free, NULL);
	tally->limit = limit;
	return tally;
}

static struct tally_entry *entry_new(const void *key, size_t size)
{
	struct tally_entry *entry = g_malloc0(sizeof(*entry) + size);
	uint8_t *copy = (uint8_t *)(entry + 1);

	if (size > 0)
		memcpy(copy, key, size);
	entry->key = copy;
	entry->size = size;
	return entry;
}

static struct tally_entry *entry_find(struct tally *tally, const void *key, size_t size)
{
	const struct tally_entry wanted = { .key = key, .size = size };
	struct tally_entry *entry = g_hash_table_lookup(tally->entries, &wanted);

	if (!entry && g_hash_table_size(tally->entries) < tally->limit) {
		entry = entry_new(key, size);
		g_hash_table_add(tally->entries, entry);
	}
	return entry ? entry : &tally->rest;
}

void tally_count(struct tally *tally, const void *key, size_t size, uint64_t bytes)
{
	struct tally_entry *entry = entry_find(tally, key, size);

	entry->events++;
	entry->bytes += bytes;
}

void tally_count_events(struct tally *tally, const void *key, size_t size, uint64_t events)
{
	entry_find(tally, key, size)->events += events;
}

size_t tally_keys(const struct tally *tally)
{
	return g_hash_table_size(tally->entries);
}

static int entry_compare(const void *a, const void *b)
{
	const struct tally_entry *one = *(const struct tally_entry *const *)a;
	const struct tally_entry *other = *(const struct tally_entry *const *)b;
	int r;

	if (one->events != other->events)
		return one->events > other->events ? -1 : 1;
	r = memcmp(one->key, other->key, MIN(one->size, other->size));
	return r != 0 ? r : (one->size > other->size) - (one->size < other->size);
}

GPtrArray *tally_top(const struct tally *tally, size_t count)
{
	GPtrArray *top = g_ptr_array_sized_new(g_hash_table_size(tally->entries));
	GHashTableIter iter;
	void *entry;

	g_hash_table_iter_init(&iter, tally->entries);
	while (g_hash_table_iter_next(&iter, &entry, NULL))
		g_ptr_array_add(top, entry);
	g_ptr_array_sort(top, entry_compare);
	if (top->len > count)
		g_ptr_array_set_size(top, (int)count);
	return top;
}

const struct tally_entry *tally_rest(const struct tally *tally)
{
	return &tally->rest;
}

struct tally *tally_free(struct tally *tally)
{
	if (!tally)
		return NULL;
	g_hash_table_unref(tally->entries);
	g_free(tally);
	return NULL;
}
