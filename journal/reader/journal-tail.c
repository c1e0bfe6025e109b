/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a journal, see journal-tail.h. */
#include "journal/reader/journal-tail.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/base/cleanup.h"
#include "journal/format/segment-names.h"
#include "journal/reader/cursor.h"
#include "journal/reader/record-reader.h"

static void item_note(const struct item *item, struct journal_tail *tail)
{
	struct journal_loss loss;
	uint64_t key;

	switch (item_type(item)) {
	case JOURNAL_EVENT:
		key = journal_tail_key(item_ring(item), item->record->position);
		g_hash_table_add(tail->records, g_memdup2(&key, sizeof(key)));
		tail->events++;
		break;
	case JOURNAL_LOSS:
		item_loss(item, &loss);
		if (loss.reason < LOSS_REASONS)
			tail->losses[loss.reason] += loss.count;
		break;
	default:
		break;
	}
}

/* An incomplete record is the last one: its writer was killed while writing it. */
static void records_note(struct cursor *cursor, struct journal_tail *tail)
{
	struct item item;
	size_t span;

	while (cursor_record_at(cursor, 0, &item, &span) > 0 && span % JOURNAL_ALIGN == 0) {
		item_note(&item, tail);
		cursor->at += span;
	}
}

/* Cuts off the bytes behind the last whole record: the daemon writes it again. */
static int segment_cut(int dir_fd, const char *name, uint64_t end)
{
	auto_fd fd = openat(dir_fd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)end) < 0)
		return -errno;
	return 0;
}

static int segment_note(int dir_fd, uint64_t number, uint64_t offset, struct journal_tail *tail)
{
	auto_chunk_pool pool = { 0 };
	auto_cursor cursor = CURSOR_NONE;
	char name[SEGMENT_NAME_SIZE];
	struct stat status;
	int r;

	segment_name(number, name);
	r = cursor_open_file(&cursor, &pool, dir_fd, name);
	if (r < 0)
		return r;
	cursor_seek(&cursor, offset);
	records_note(&cursor, tail);
	if (fstat(cursor.fd, &status) < 0)
		return -errno;
	if ((uint64_t)status.st_size <= cursor_position(&cursor))
		return 0;
	return segment_cut(dir_fd, name, cursor_position(&cursor));
}

int journal_tail_read(int dir_fd, uint64_t segment, uint64_t offset, struct journal_tail *ret)
{
	struct journal_tail tail = JOURNAL_TAIL_NONE;
	g_autoptr(GArray) numbers = NULL;
	bool found = false;
	int r = segment_list(dir_fd, &numbers);

	if (r < 0)
		return r;
	tail.records = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	for (guint i = 0; r >= 0 && i < numbers->len; i++) {
		uint64_t number = g_array_index(numbers, uint64_t, i);

		found = found || number >= segment;
		if (number >= segment)
			r = segment_note(dir_fd, number, number == segment ? offset : 0, &tail);
	}
	if (r >= 0 && !found)
		r = -ENOENT;
	if (r < 0) {
		journal_tail_clear(&tail);
		return r;
	}
	*ret = tail;
	return 0;
}

static void text_set(char **text, const struct item *item)
{
	g_free(*text);
	*text = g_strndup(item_payload(item), item->size);
}

static int last_open(int dir_fd, struct chunk_pool *pool, struct cursor *cursor)
{
	g_autoptr(GArray) numbers = NULL;
	char name[SEGMENT_NAME_SIZE];
	int r = segment_list(dir_fd, &numbers);

	if (r < 0)
		return r;
	if (!numbers->len)
		return -ENODATA;
	segment_name(g_array_index(numbers, uint64_t, numbers->len - 1), name);
	return cursor_open_file(cursor, pool, dir_fd, name);
}

int journal_tail_heads(int dir_fd, char **ret_start, char **ret_settings)
{
	auto_chunk_pool pool = { 0 };
	auto_cursor cursor = CURSOR_NONE;
	g_autofree char *start = NULL, *settings = NULL;
	bool ended = false;
	struct item item;
	size_t span;
	int r = last_open(dir_fd, &pool, &cursor);

	if (r < 0)
		return r;
	while (cursor_record_at(&cursor, 0, &item, &span) > 0) {
		if (item_type(&item) == JOURNAL_START)
			text_set(&start, &item);
		else if (item_type(&item) == JOURNAL_SETTINGS)
			text_set(&settings, &item);
		else if (item_type(&item) == JOURNAL_END)
			ended = true;
		cursor.at += span;
	}
	if (ended)
		return -EALREADY;
	if (!start || !settings)
		return -ENODATA;
	*ret_start = g_steal_pointer(&start);
	*ret_settings = g_steal_pointer(&settings);
	return 0;
}

bool journal_tail_take(struct journal_tail *tail, uint16_t ring, uint32_t position)
{
	uint64_t key = journal_tail_key(ring, position);

	return tail->records && g_hash_table_remove(tail->records, &key);
}

void journal_tail_clear(struct journal_tail *tail)
{
	g_clear_pointer(&tail->records, g_hash_table_unref);
	*tail = JOURNAL_TAIL_NONE;
}
