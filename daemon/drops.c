/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drop counters, see drops.h. */
#include "drops.h"

#include <errno.h>

struct drops {
	GMutex lock;
	struct drop_totals totals;
};

void drop_counter_free(void *counter)
{
	struct drop_counter *drop = counter;

	if (!drop)
		return;
	g_free(drop->netns);
	g_free(drop->table);
	g_free(drop->chain);
	g_free(drop->rule);
	g_free(drop->example);
	g_free(drop);
}

int drops_read(struct drops *drops, GPtrArray **ret_counters, struct drop_totals *ret)
{
	if (!drops)
		return -EOPNOTSUPP;
	g_mutex_lock(&drops->lock);
	*ret = drops->totals;
	g_mutex_unlock(&drops->lock);
	*ret_counters = g_ptr_array_new_with_free_func(drop_counter_free);
	return 0;
}
