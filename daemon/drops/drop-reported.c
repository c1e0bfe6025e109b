/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much of each counter is reported, see drop-reported.h. */
#include "daemon/drops/drop-reported.h"

GHashTable *drop_reports_new(void)
{
	/* The key is the entry's own id. */
	return g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
}

struct drop_reported *drop_reports_get(
	GHashTable *reports, const struct drop_counter *counter, uint64_t round, uint64_t since)
{
	struct drop_reported *reported = g_hash_table_lookup(reports, &counter->id);

	if (!reported) {
		const struct drop_mark *mark = &counter->reported;

		reported = g_new0(struct drop_reported, 1);
		reported->id = counter->id;
		reported->amount = (struct drop_amount){ mark->first, mark->second };
		reported->since = MAX(since, mark->until);
		g_hash_table_insert(reports, &reported->id, reported);
	}
	reported->round = round;
	return reported;
}

static int is_unseen(void *key, void *value, void *round)
{
	return ((struct drop_reported *)value)->round != *(uint64_t *)round;
}

void drop_reports_sweep(GHashTable *reports, uint64_t round)
{
	g_hash_table_foreach_remove(reports, is_unseen, &round);
}

struct drop_amount drop_reported_delta(struct drop_reported *reported, struct drop_amount now)
{
	if (now.first < reported->amount.first || now.second < reported->amount.second)
		reported->amount = (struct drop_amount){ 0 };
	return (struct drop_amount){
		.first = now.first - reported->amount.first,
		.second = now.second - reported->amount.second,
	};
}
