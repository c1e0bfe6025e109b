/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All journals within so many bytes, see quota.h. */
#include "quota.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../journal/cleanup.h"
#include "../journal/directory.h"

#define BLOCK_SIZE 512 /* of st_blocks */

struct journal {
	uint64_t id;
	uint64_t bytes;
	struct timespec written; /* last */
	GArray *segments; /* uint64_t, ascending */
};

static void journal_clear(void *context)
{
	struct journal *journal = context;

	g_clear_pointer(&journal->segments, g_array_unref);
}

static bool is_among(const GArray *ids, uint64_t id)
{
	for (unsigned int i = 0; i < ids->len; i++) {
		if (g_array_index(ids, uint64_t, i) == id)
			return true;
	}
	return false;
}

static int compare_times(const struct timespec *a, const struct timespec *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? -1 : 1;
	return a->tv_nsec < b->tv_nsec ? -1 : a->tv_nsec > b->tv_nsec;
}

static int compare_ends(const void *one, const void *other)
{
	const struct journal *a = one, *b = other;
	int order = compare_times(&a->written, &b->written);

	return order ? order : a->id < b->id ? -1 : a->id > b->id;
}

static uint64_t segment_bytes(int dir_fd, uint64_t number, struct timespec *ret_written)
{
	char name[SEGMENT_NAME_SIZE];
	struct stat status;

	segment_name(number, name);
	if (fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	*ret_written = status.st_mtim;
	return (uint64_t)status.st_blocks * BLOCK_SIZE;
}

static int journal_measure(int dir_fd, struct journal *journal)
{
	int r = segment_list(dir_fd, &journal->segments);

	for (unsigned int i = 0; r >= 0 && i < journal->segments->len; i++) {
		struct timespec written = { 0 };

		journal->bytes += segment_bytes(
			dir_fd, g_array_index(journal->segments, uint64_t, i), &written);
		if (compare_times(&written, &journal->written) > 0)
			journal->written = written;
	}
	return r;
}

/* Whoever writes a segment holds a lock on it. A reader may hold one, too, which means nothing: only what
 * would keep others from reading counts. */
static bool is_written(int dir_fd, uint64_t number)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	char name[SEGMENT_NAME_SIZE];
	auto_fd fd = -1;

	segment_name(number, name);
	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Takes segments away from the front while `*over` bytes are too many; the folder with the last one. */
static int journal_shorten(const struct state *state, const struct journal *journal, uint64_t *over,
	struct quota_result *result)
{
	auto_fd fd = -1;
	int r = state_session_open(state, journal->id, &fd);
	unsigned int count = journal->segments->len;

	if (r >= 0 && count > 0 &&
		is_written(fd, g_array_index(journal->segments, uint64_t, count - 1)))
		return 0;
	for (unsigned int i = 0; r >= 0 && *over > 0 && i < count; i++) {
		uint64_t number = g_array_index(journal->segments, uint64_t, i), bytes;
		char name[SEGMENT_NAME_SIZE];
		struct timespec ignored;

		bytes = segment_bytes(fd, number, &ignored);
		segment_name(number, name);
		if (unlinkat(fd, name, 0) < 0 && errno != ENOENT)
			return -errno;
		result->segments++;
		result->bytes += bytes;
		result->left -= MIN(bytes, result->left);
		*over -= MIN(bytes, *over);
		/* What somebody else put there stays, and the folder with it. */
		if (i + 1 == count)
			state_session_forget(state, journal->id);
	}
	return r;
}

static GArray *journals_find(
	const struct state *state, const GArray *running, struct quota_result *result)
{
	g_autoptr(GArray) ids = NULL;
	GArray *journals;
	int r = state_session_ids(state, &ids);

	if (r < 0) {
		errno = -r;
		return NULL;
	}
	journals = g_array_new(FALSE, FALSE, sizeof(struct journal));
	g_array_set_clear_func(journals, journal_clear);
	for (unsigned int i = 0; i < ids->len; i++) {
		struct journal journal = { .id = g_array_index(ids, uint64_t, i) };
		auto_fd fd = -1;

		/* One that has gone meanwhile, or is no folder, is no journal. */
		if (state_session_open(state, journal.id, &fd) < 0 ||
			journal_measure(fd, &journal) < 0)
			continue;
		result->left += journal.bytes;
		if (is_among(running, journal.id))
			journal_clear(&journal);
		else
			g_array_append_val(journals, journal);
	}
	g_array_sort(journals, compare_ends);
	return journals;
}

int quota_keep(
	const struct state *state, const GArray *running, uint64_t size, struct quota_result *ret)
{
	g_autoptr(GArray) journals = NULL;
	uint64_t over;
	int r = 0;

	*ret = (struct quota_result){ 0 };
	journals = journals_find(state, running, ret);
	if (!journals)
		return -errno;
	over = ret->left > size ? ret->left - size : 0;
	for (unsigned int i = 0; r >= 0 && over > 0 && i < journals->len; i++)
		r = journal_shorten(state, &g_array_index(journals, struct journal, i), &over, ret);
	return r;
}
