/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each user's journals within so many bytes; see user-quota.h. */
#include "user-quota.h"

#include <errno.h>

#include "archive.h"

/* Of users but root: how many bytes each has, uid to uint64_t. */
static GHashTable *usage_new(const struct inventory *inventory)
{
	GHashTable *usage = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	const GArray *const lists[] = { inventory->ended, inventory->others };

	for (size_t list = 0; list < G_N_ELEMENTS(lists); list++) {
		for (unsigned int i = 0; i < lists[list]->len; i++) {
			const struct inventory_journal *journal =
				&g_array_index(lists[list], struct inventory_journal, i);
			uint64_t *bytes;

			if (journal->owner == 0 || journal->owner == ARCHIVE_UNLIMITED)
				continue;
			bytes = g_hash_table_lookup(usage, &journal->owner);
			if (!bytes) {
				bytes = g_new0(uint64_t, 1);
				g_hash_table_insert(usage,
					g_memdup2(&journal->owner, sizeof(journal->owner)), bytes);
			}
			*bytes += journal->bytes;
		}
	}
	return usage;
}

static bool anybody_has_more(GHashTable *usage, uint64_t size)
{
	GHashTableIter iter;
	void *bytes;

	g_hash_table_iter_init(&iter, usage);
	while (g_hash_table_iter_next(&iter, NULL, &bytes)) {
		if (*(uint64_t *)bytes > size)
			return true;
	}
	return false;
}

/* What runs is not touched: what has ended has what that leaves. */
static int journal_remove(struct inventory *inventory, const GArray *running,
	struct inventory_journal *journal, uint64_t *used, struct user_quota_result *result)
{
	uint64_t bytes;
	int r = archive_remove(inventory->state, journal->id, running, &bytes);

	if (r == -ENOENT || r == 0) {
		*used -= MIN(journal->bytes, *used);
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
	g_autoptr(GHashTable) usage = usage_new(inventory);
	int error = 0;

	*ret = (struct user_quota_result){ 0 };
	if (!anybody_has_more(usage, size))
		return 0;
	error = inventory_verify(inventory, running);
	g_hash_table_unref(usage);
	usage = usage_new(inventory);
	for (unsigned int i = 0; i < inventory->ended->len; i++) {
		struct inventory_journal *journal =
			&g_array_index(inventory->ended, struct inventory_journal, i);
		uint64_t *used = g_hash_table_lookup(usage, &journal->owner);
		int r;

		if (!used || *used <= size)
			continue;
		r = journal_remove(inventory, running, journal, used, ret);
		error = r < 0 ? r : error;
	}
	inventory_sweep(inventory);
	return error;
}
