/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All journals within so many bytes, see quota.h. */
#include "daemon/journals/quota.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/journals/archive.h"
#include "daemon/journals/state-errors.h"
#include "journal/base/cleanup.h"
#include "journal/format/segment-names.h"

#define BLOCK_SIZE 512 /* of st_blocks */

static uint64_t segment_bytes(int dir_fd, const char *name)
{
	struct stat status;

	if (fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return (uint64_t)status.st_blocks * BLOCK_SIZE;
}

/* What it has now, whatever the inventory says of it. */
static void segments_measure(int dir_fd, const GArray *segments, struct inventory_journal *journal)
{
	journal->bytes = 0;
	for (unsigned int i = 0; i < segments->len; i++) {
		char name[SEGMENT_NAME_SIZE];

		segment_name(g_array_index(segments, uint64_t, i), name);
		journal->bytes += segment_bytes(dir_fd, name);
	}
}

static bool is_written(int dir_fd, const GArray *segments)
{
	char name[SEGMENT_NAME_SIZE];

	if (!segments->len)
		return false;
	segment_name(g_array_index(segments, uint64_t, segments->len - 1), name);
	return archive_is_written(dir_fd, name);
}

/* Takes segments away from the front while there is more than `others` leaves of `size`; the folder with
 * the last one. */
static int segments_remove(int dir_fd, const GArray *segments, uint64_t others, uint64_t size,
	struct inventory_journal *journal, struct quota_result *result)
{
	for (unsigned int i = 0; others + journal->bytes > size && i < segments->len; i++) {
		char name[SEGMENT_NAME_SIZE];
		uint64_t bytes;

		segment_name(g_array_index(segments, uint64_t, i), name);
		bytes = segment_bytes(dir_fd, name);
		if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
			return state_counted(-errno);
		result->segments++;
		result->bytes += bytes;
		journal->bytes -= MIN(bytes, journal->bytes);
	}
	return 0;
}

static int journal_shorten(struct inventory *inventory, struct inventory_journal *journal,
	uint64_t others, uint64_t size, struct quota_result *result)
{
	g_autoptr(GArray) segments = NULL;
	auto_fd fd = -1;
	int r = state_directory_session_open(inventory->state, journal->id, &fd);

	if (r >= 0)
		r = state_counted(segment_list(fd, &segments));
	if (r == -ENOENT || r == -ENOTDIR) {
		*journal = (struct inventory_journal){ 0 };
		return 0;
	}
	if (r < 0 || is_written(fd, segments))
		return r;
	segments_measure(fd, segments, journal);
	r = segments_remove(fd, segments, others, size, journal, result);
	if (r == 0 && journal->bytes == 0) {
		/* What somebody else put there stays, and the folder with it. */
		state_directory_session_forget(inventory->state, journal->id);
		*journal = (struct inventory_journal){ 0 };
	}
	return r;
}

static bool is_among(const GArray *ids, uint64_t id)
{
	for (unsigned int i = 0; i < ids->len; i++) {
		if (g_array_index(ids, uint64_t, i) == id)
			return true;
	}
	return false;
}

int quota_keep(
	struct inventory *inventory, const GArray *running, uint64_t size, struct quota_result *ret)
{
	int r = 0;

	*ret = (struct quota_result){ .left = inventory_bytes(inventory) };
	if (ret->left <= size)
		return 0;
	r = inventory_verify(inventory, running);
	if (r == 0)
		ret->left = inventory_bytes(inventory);
	for (unsigned int i = 0; r == 0 && ret->left > size && i < inventory->ended->len; i++) {
		struct inventory_journal *journal =
			&g_array_index(inventory->ended, struct inventory_journal, i);
		uint64_t others = ret->left - journal->bytes;

		if (is_among(running, journal->id))
			continue;
		r = journal_shorten(inventory, journal, others, size, ret);
		ret->left = others + journal->bytes;
	}
	inventory_sweep(inventory);
	return r;
}
