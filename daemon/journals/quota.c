/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Journals within their limits, see quota.h. */
#include "daemon/journals/quota.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/disk-usage.h"
#include "daemon/base/ids.h"
#include "daemon/journals/archive.h"
#include "daemon/journals/state-errors.h"
#include "journal/base/cleanup.h"
#include "journal/format/segment-names.h"

#define VERIFY_USEC (600 * G_USEC_PER_SEC) /* measured sizes are trusted for that long */

static struct archive_journal *at(const GArray *journals, unsigned int index)
{
	return &g_array_index(journals, struct archive_journal, index);
}

static int compare_ends(const void *one, const void *other)
{
	const struct archive_journal *a = one, *b = other;

	if (a->ended != b->ended)
		return a->ended < b->ended ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

struct quota *quota_new(const struct state_directory *state, GArray *journals,
	const GArray *running, int64_t verified)
{
	struct quota *quota = g_new0(struct quota, 1);

	quota->state = state;
	quota->running = running;
	quota->journals = journals;
	quota->changed = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	quota->verified = verified;
	g_array_sort(journals, compare_ends);
	return quota;
}

struct quota *quota_free(struct quota *quota)
{
	if (!quota)
		return NULL;
	g_array_unref(quota->journals);
	g_array_unref(quota->changed);
	g_free(quota);
	return NULL;
}

static bool has_ended(const struct quota *quota, const struct archive_journal *journal)
{
	return journal->id && !journal->running && !ids_contain(quota->running, journal->id);
}

static void set_removed(struct quota *quota, struct archive_journal *journal)
{
	g_array_append_val(quota->changed, journal->id);
	journal->id = 0;
	journal->segment_bytes = 0;
}

static uint64_t segment_usage(int dir_fd, const char *name)
{
	struct stat status;

	return fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : disk_usage(&status);
}

/* Opens a journal and measures its segments. -ENOENT, -ENOTDIR: it is gone. */
static int open_journal(const struct quota *quota, struct archive_journal *journal, int *ret_fd,
	GArray **ret_segments)
{
	int r = state_directory_session_open(quota->state, journal->id, ret_fd);

	if (r >= 0)
		r = state_counted(segment_list(*ret_fd, ret_segments));
	if (r < 0)
		return r;
	journal->segment_bytes = 0;
	for (unsigned int i = 0; i < (*ret_segments)->len; i++) {
		char name[SEGMENT_NAME_SIZE];

		segment_name(g_array_index(*ret_segments, uint64_t, i), name);
		journal->segment_bytes += segment_usage(*ret_fd, name);
	}
	return 0;
}

static void verify_journal(struct quota *quota, struct archive_journal *journal)
{
	g_autoptr(GArray) segments = NULL;
	uint64_t before = journal->segment_bytes;
	auto_fd fd = -1;
	int r = open_journal(quota, journal, &fd, &segments);

	if (r == -ENOENT || r == -ENOTDIR)
		set_removed(quota, journal);
	else if (journal->segment_bytes != before && has_ended(quota, journal))
		g_array_append_val(quota->changed, journal->id);
}

static void verify(struct quota *quota)
{
	int64_t now = g_get_monotonic_time();

	if (quota->verified && now - quota->verified < VERIFY_USEC)
		return;
	for (unsigned int i = 0; i < quota->journals->len; i++) {
		if (at(quota->journals, i)->id)
			verify_journal(quota, at(quota->journals, i));
	}
	quota->verified = now;
}

/* The journals of a user. */
struct usage {
	uint64_t owner;
	uint64_t bytes;
	unsigned int ended; /* journals of ended sessions */
};

/* struct usage by uid, of users other than root. */
static GHashTable *usages_new(const struct quota *quota)
{
	GHashTable *usages = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);

	for (unsigned int i = 0; i < quota->journals->len; i++) {
		const struct archive_journal *journal = at(quota->journals, i);
		struct usage *usage = g_hash_table_lookup(usages, &journal->owner);

		if (!journal->id || journal->owner == 0 || journal->owner == ARCHIVE_UNLIMITED)
			continue;
		if (!usage) {
			usage = g_new0(struct usage, 1);
			usage->owner = journal->owner;
			g_hash_table_insert(usages, &usage->owner, usage);
		}
		usage->bytes += journal->segment_bytes;
		usage->ended += has_ended(quota, journal);
	}
	return usages;
}

static bool exceeds(const struct usage *usage, uint64_t size)
{
	return usage->bytes > size || usage->ended > USER_JOURNALS_MAX;
}

static bool any_exceeds(GHashTable *usages, uint64_t size)
{
	GHashTableIter iter;
	void *usage;

	g_hash_table_iter_init(&iter, usages);
	while (g_hash_table_iter_next(&iter, NULL, &usage)) {
		if (exceeds(usage, size))
			return true;
	}
	return false;
}

static int remove_journal(struct quota *quota, struct archive_journal *journal, struct usage *usage,
	struct user_quota_result *result)
{
	uint64_t bytes;
	int r = archive_remove(quota->state, journal->id, quota->running, &bytes);

	if (r == -ENOENT || r == 0) {
		usage->bytes -= MIN(journal->segment_bytes, usage->bytes);
		usage->ended--;
		set_removed(quota, journal);
	}
	if (r == 0) {
		result->journals++;
		result->bytes += bytes;
	}
	return r == -ENOENT ? 0 : r;
}

int quota_keep_users(struct quota *quota, uint64_t size, struct user_quota_result *ret)
{
	g_autoptr(GHashTable) usages = usages_new(quota);
	int error = 0;

	*ret = (struct user_quota_result){ 0 };
	if (!any_exceeds(usages, size))
		return 0;
	verify(quota);
	g_hash_table_unref(usages);
	usages = usages_new(quota);
	for (unsigned int i = 0; i < quota->journals->len; i++) {
		struct archive_journal *journal = at(quota->journals, i);
		struct usage *usage = g_hash_table_lookup(usages, &journal->owner);
		int r;

		if (!usage || !has_ended(quota, journal) || !exceeds(usage, size))
			continue;
		r = remove_journal(quota, journal, usage, ret);
		error = r < 0 ? r : error;
	}
	return error;
}

static bool is_written(int dir_fd, const GArray *segments)
{
	char name[SEGMENT_NAME_SIZE];

	if (!segments->len)
		return false;
	segment_name(g_array_index(segments, uint64_t, segments->len - 1), name);
	return archive_is_written(dir_fd, name);
}

/* Removes a journal's first segments until it and the `others` bytes together are within `size`. */
static int remove_segments(int dir_fd, const GArray *segments, uint64_t others, uint64_t size,
	struct archive_journal *journal, struct quota_result *result)
{
	for (unsigned int i = 0; others + journal->segment_bytes > size && i < segments->len; i++) {
		char name[SEGMENT_NAME_SIZE];
		uint64_t bytes;

		segment_name(g_array_index(segments, uint64_t, i), name);
		bytes = segment_usage(dir_fd, name);
		if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
			return state_counted(-errno);
		result->segments++;
		result->bytes += bytes;
		journal->segment_bytes -= MIN(bytes, journal->segment_bytes);
	}
	return 0;
}

static int shorten_journal(struct quota *quota, struct archive_journal *journal, uint64_t others,
	uint64_t size, struct quota_result *result)
{
	g_autoptr(GArray) segments = NULL;
	uint64_t before = journal->segment_bytes;
	auto_fd fd = -1;
	int r = open_journal(quota, journal, &fd, &segments);

	if (r == -ENOENT || r == -ENOTDIR) {
		set_removed(quota, journal);
		return 0;
	}
	if (r < 0)
		return r;
	if (is_written(fd, segments))
		return 0;
	r = remove_segments(fd, segments, others, size, journal, result);
	if (r == 0 && journal->segment_bytes == 0) {
		/* A file that is not ours stays, and the directory with it. */
		state_directory_session_forget(quota->state, journal->id);
		set_removed(quota, journal);
	} else if (journal->segment_bytes != before) {
		g_array_append_val(quota->changed, journal->id);
	}
	return r;
}

static uint64_t total(const struct quota *quota)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < quota->journals->len; i++)
		bytes += at(quota->journals, i)->segment_bytes;
	return bytes;
}

int quota_keep(struct quota *quota, uint64_t size, struct quota_result *ret)
{
	int r = 0;

	*ret = (struct quota_result){ .left = total(quota) };
	if (ret->left <= size)
		return 0;
	verify(quota);
	ret->left = total(quota);
	for (unsigned int i = 0; r == 0 && ret->left > size && i < quota->journals->len; i++) {
		struct archive_journal *journal = at(quota->journals, i);
		uint64_t others = ret->left - journal->segment_bytes;

		if (!has_ended(quota, journal))
			continue;
		r = shorten_journal(quota, journal, others, size, ret);
		ret->left = others + journal->segment_bytes;
	}
	return r;
}
