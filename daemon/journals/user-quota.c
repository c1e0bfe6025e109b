/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each user's journals within so many bytes; see user-quota.h. */
#include "daemon/journals/user-quota.h"

#include <errno.h>

#include "daemon/journals/archive.h"

/* What a user has. */
struct usage {
	uint64_t owner;
	uint64_t bytes;
	unsigned int ended; /* journals of ended sessions */
};

static void usage_add(GHashTable *usages, const struct inventory_journal *journal, bool ended)
{
	struct usage *usage = g_hash_table_lookup(usages, &journal->owner);

	if (journal->owner == 0 || journal->owner == ARCHIVE_UNLIMITED)
		return;
	if (!usage) {
		usage = g_new0(struct usage, 1);
		usage->owner = journal->owner;
		g_hash_table_insert(usages, &usage->owner, usage);
	}
	usage->bytes += journal->bytes;
	usage->ended += ended;
}

/* Of users but root, by uid. */
static GHashTable *usages_new(const struct inventory *inventory)
{
	GHashTable *usages = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
	const GArray *const lists[] = { inventory->ended, inventory->others };

	for (size_t list = 0; list < G_N_ELEMENTS(lists); list++) {
		for (unsigned int i = 0; i < lists[list]->len; i++)
			usage_add(usages, &g_array_index(lists[list], struct inventory_journal, i),
				lists[list] == inventory->ended);
	}
	return usages;
}

static bool has_more(const struct usage *usage, uint64_t size)
{
	return usage->bytes > size || usage->ended > USER_JOURNALS_MAX;
}

static bool anybody_has_more(GHashTable *usages, uint64_t size)
{
	GHashTableIter iter;
	void *usage;

	g_hash_table_iter_init(&iter, usages);
	while (g_hash_table_iter_next(&iter, NULL, &usage)) {
		if (has_more(usage, size))
			return true;
	}
	return false;
}

/* What runs is not touched: what has ended has what that leaves. */
static int journal_remove(struct inventory *inventory, const GArray *running,
	struct inventory_journal *journal, struct usage *usage, struct user_quota_result *result)
{
	uint64_t bytes;
	int r = archive_remove(inventory->state, journal->id, running, &bytes);

	if (r == -ENOENT || r == 0) {
		usage->bytes -= MIN(journal->bytes, usage->bytes);
		usage->ended--;
		*journal = (struct inventory_journal){ 0 };
	}
	if (r == 0) {
		result->journals++;
		result->bytes += bytes;
	}
	return r == -ENOENT ? 0 : r;
}

int user_quota_keep(struct inventory *inventory, const GArray *running, uint64_t size,
	struct user_quota_result *ret)
{
	g_autoptr(GHashTable) usages = usages_new(inventory);
	int error = 0;

	*ret = (struct user_quota_result){ 0 };
	if (!anybody_has_more(usages, size))
		return 0;
	error = inventory_verify(inventory, running);
	g_hash_table_unref(usages);
	usages = usages_new(inventory);
	for (unsigned int i = 0; i < inventory->ended->len; i++) {
		struct inventory_journal *journal =
			&g_array_index(inventory->ended, struct inventory_journal, i);
		struct usage *usage = g_hash_table_lookup(usages, &journal->owner);
		int r;

		if (!usage || !has_more(usage, size))
			continue;
		r = journal_remove(inventory, running, journal, usage, ret);
		error = r < 0 ? r : error;
	}
	inventory_sweep(inventory);
	return error;
}
