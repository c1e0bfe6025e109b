/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has been told of counters; see drop-reported.h. */
#include "daemon/drops/drop-reported.h"

#include <string.h>

/* Handles of a counter, without padding between the fields: they are compared as bytes. */
struct handles {
	uint64_t netns;
	uint64_t table;
	uint64_t chain;
	uint64_t rule;
	uint32_t inode;
	uint32_t family;
};

/* Who a counter is. Names, too: handles are given out anew when nf_tables was removed and loaded again. */
struct key {
	struct handles handles;
	char *table, *chain;
};

struct drop_tellings {
	GHashTable *by_key; /* struct key -> struct drop_told */
};

static unsigned int key_hash(const void *pointer)
{
	const struct handles *key = &((const struct key *)pointer)->handles;
	const int64_t mixed =
		(int64_t)(key->netns * 31 + key->table * 131071 + key->chain * 8191 + key->rule);

	return g_int64_hash(&mixed) ^ key->inode ^ key->family << 16;
}

static int key_equal(const void *one, const void *other)
{
	const struct key *a = one, *b = other;

	return memcmp(&a->handles, &b->handles, sizeof(a->handles)) == 0 &&
		g_str_equal(a->table, b->table) && g_str_equal(a->chain, b->chain);
}

static struct key *key_dup(const struct key *key)
{
	struct key *copy = g_new(struct key, 1);

	copy->handles = key->handles;
	copy->table = g_strdup(key->table);
	copy->chain = g_strdup(key->chain);
	return copy;
}

static void key_free(void *pointer)
{
	struct key *key = pointer;

	g_free(key->table);
	g_free(key->chain);
	g_free(key);
}

struct drop_tellings *drop_tellings_new(void)
{
	struct drop_tellings *tellings = g_new0(struct drop_tellings, 1);

	tellings->by_key = g_hash_table_new_full(key_hash, key_equal, key_free, g_free);
	return tellings;
}

struct drop_told *drop_tellings_of(struct drop_tellings *tellings,
	const struct drop_counter *counter, uint64_t round, uint64_t since)
{
	const struct key key = {
		.handles = {
			.netns = counter->netns_cookie,
			.table = counter->table_handle,
			.chain = counter->chain_handle,
			.rule = counter->policy ? 0 : counter->handle,
			/* Where there is a cookie the inode may be learnt later. */
			.inode = counter->netns_cookie ? 0 : counter->netns_inode,
			.family = counter->family,
		},
		.table = counter->table,
		.chain = counter->chain,
	};
	struct drop_told *told = g_hash_table_lookup(tellings->by_key, &key);

	if (!told) {
		told = g_new0(struct drop_told, 1);
		/* Another daemon may have told of some of it. */
		told->told = (struct drop_amount){ counter->told.first, counter->told.second };
		told->since = MAX(since, counter->told.until);
		g_hash_table_insert(tellings->by_key, key_dup(&key), told);
	}
	told->round = round;
	return told;
}

static int is_unseen(void *key, void *value, void *round)
{
	return ((struct drop_told *)value)->round != *(uint64_t *)round;
}

void drop_tellings_sweep(struct drop_tellings *tellings, uint64_t round)
{
	g_hash_table_foreach_remove(tellings->by_key, is_unseen, &round);
}

struct drop_amount drop_told_news(struct drop_told *told, struct drop_amount now)
{
	if (now.first < told->told.first || now.second < told->told.second)
		told->told = (struct drop_amount){ 0 };
	return (struct drop_amount){
		.first = now.first - told->told.first,
		.second = now.second - told->told.second,
	};
}

struct drop_tellings *drop_tellings_free(struct drop_tellings *tellings)
{
	if (!tellings)
		return NULL;
	g_hash_table_unref(tellings->by_key);
	g_free(tellings);
	return NULL;
}
