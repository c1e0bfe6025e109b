/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each user's journals within so many bytes; see user-quota.h. */
#include "user-quota.h"

#include <errno.h>

#include "archive.h"

/* Copies of what belongs to `owner`, its strings borrowed. */
static GArray *journals_of(const GArray *journals, uint64_t owner)
{
	GArray *own = g_array_new(FALSE, FALSE, sizeof(struct archive_journal));

	for (unsigned int i = 0; i < journals->len; i++) {
		const struct archive_journal *journal =
			&g_array_index(journals, struct archive_journal, i);

		if (journal->owner == owner)
			g_array_append_vals(own, journal, 1);
	}
	return own;
}

static uint64_t running_bytes(const GArray *journals)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < journals->len; i++) {
		const struct archive_journal *journal =
			&g_array_index(journals, struct archive_journal, i);

		bytes += journal->running ? journal->bytes : 0;
	}
	return bytes;
}

/* What runs comes first: what has ended has what that leaves. */
static int keep(const struct state *state, const GArray *running, const GArray *own, uint64_t size,
	struct user_quota_result *result)
{
	uint64_t used = running_bytes(own);
	const struct archive_limits limits = {
		.size = size > used ? size - used : 0,
		.age = ARCHIVE_UNLIMITED,
		.sessions = ARCHIVE_UNLIMITED,
	};
	g_autoptr(GArray) chosen = archive_choose(own, &limits, g_get_real_time());
	int result_error = 0;

	for (unsigned int i = 0; i < chosen->len; i++) {
		unsigned int index = g_array_index(chosen, unsigned int, i);
		uint64_t bytes;
		int r = archive_remove(state, g_array_index(own, struct archive_journal, index).id,
			running, &bytes);

		if (r == 0) {
			result->journals++;
			result->bytes += bytes;
		} else if (r != -ENOENT) {
			result_error = r;
		}
	}
	return result_error;
}

int user_quota_keep(const struct state *state, const GArray *running, uint64_t size,
	struct user_quota_result *ret)
{
	g_autoptr(GHashTable) done = g_hash_table_new(NULL, NULL);
	g_autoptr(GArray) journals = archive_list(state, running);
	int error = 0;

	*ret = (struct user_quota_result){ 0 };
	if (!journals)
		return -errno;
	for (unsigned int i = 0; i < journals->len; i++) {
		uint64_t owner = g_array_index(journals, struct archive_journal, i).owner;
		g_autoptr(GArray) own = NULL;
		int r;

		if (owner == 0 || owner == ARCHIVE_UNLIMITED ||
			!g_hash_table_add(done, GUINT_TO_POINTER((unsigned int)owner)))
			continue;
		own = journals_of(journals, owner);
		r = keep(state, running, own, size, ret);
		error = r < 0 ? r : error;
	}
	return error;
}
