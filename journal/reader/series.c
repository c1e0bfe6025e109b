/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The segments of a journal directory one after another, see series.h. */
#include "journal/reader/series.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/base/cleanup.h"
#include "journal/format/segment-names.h"

static uint64_t number_at(const struct series *series, guint index)
{
	return g_array_index(series->numbers, uint64_t, index);
}

/* The first segment after the open one, 0 if none is known. */
static uint64_t number_next(const struct series *series)
{
	for (guint i = 0; i < series->numbers->len; i++)
		if (number_at(series, i) > series->number)
			return number_at(series, i);
	return 0;
}

static uint64_t segment_size(int dir_fd, uint64_t number)
{
	char name[SEGMENT_NAME_SIZE];
	struct stat status;

	segment_name(number, name);
	if (fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || status.st_size < 0)
		return 0;
	return (uint64_t)status.st_size;
}

/* Reads the directory, and forgets segments that were passed. */
static int series_refresh(struct series *series)
{
	g_autoptr(GArray) numbers = NULL;
	guint passed = 0;
	int r;

	r = segment_list(series->dir_fd, &numbers);
	if (r < 0)
		return r;
	series->total = series->passed;
	for (guint i = 0; i < numbers->len; i++) {
		uint64_t number = g_array_index(numbers, uint64_t, i);

		if (number < series->number)
			passed++;
		else
			series->total += segment_size(series->dir_fd, number);
	}
	if (passed > 0)
		g_array_remove_range(numbers, 0, passed);
	g_clear_pointer(&series->numbers, g_array_unref);
	series->numbers = g_steal_pointer(&numbers);
	return 0;
}

static int segment_check(int dir_fd, uint64_t number, struct journal_segment *ret)
{
	char name[SEGMENT_NAME_SIZE];
	struct journal_segment raw;
	ssize_t length;
	auto_fd fd = -1;

	segment_name(number, name);
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP ? -EBADMSG : -errno;
	length = pread(fd, &raw, sizeof(raw), 0);
	return segment_parse(&raw, length > 0 ? (size_t)length : 0, ret);
}

/* It is a journal if any segment is one; the last one decides whether it is too new. */
static int series_check(const struct series *series, unsigned int *ret_version)
{
	int verdict = -ENODATA;

	for (guint i = series->numbers->len; i-- > 0;) {
		struct journal_segment segment = { 0 };
		int r = segment_check(series->dir_fd, number_at(series, i), &segment);

		if (r == -EPROTONOSUPPORT) {
			*ret_version = segment.version;
			return r;
		}
		if (r >= 0)
			return 0;
		if (verdict == -ENODATA || r != -EBADMSG)
			verdict = r;
	}
	return verdict;
}

int series_open(struct series *series, struct chunk_pool *pool, int fd, unsigned int *ret_version)
{
	int r;

	*series = SERIES_NONE;
	series->dir_fd = fd;
	series->pool = pool;
	r = series_refresh(series);
	if (r < 0)
		return r;
	return series_check(series, ret_version);
}

int series_open_file(
	struct series *series, struct chunk_pool *pool, int fd, unsigned int *ret_version)
{
	struct stat status;
	int r;

	*series = SERIES_NONE;
	series->pool = pool;
	if (fstat(fd, &status) == 0)
		series->total = (uint64_t)MAX(status.st_size, 0);
	r = cursor_open_fd(&series->cursor, pool, fd);
	if (r == -EPROTONOSUPPORT)
		*ret_version = series->cursor.chunk->segment.version;
	return r;
}

int series_open_again(struct series *series, struct chunk_pool *pool, const struct series *other)
{
	bool directory = other->dir_fd >= 0;
	unsigned int version;
	int fd;

	*series = SERIES_NONE;
	fd = fcntl(directory ? other->dir_fd : other->cursor.fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	return directory ? series_open(series, pool, fd, &version)
			 : series_open_file(series, pool, fd, &version);
}

static void loss_make(struct series *series, const struct journal_segment *segment,
	enum loss_reason reason, struct item *ret)
{
	struct journal_loss loss = { .reason = reason, .since = series->cursor.last };

	item_new_loss(series->pool, segment, &loss, ret);
}

/* 1: the next segment is open; 0: there is none; 2: it is damaged and *ret says so. */
enum {
	SEGMENT_OPEN = 1,
	SEGMENT_DAMAGED = 2
};

static int series_advance(struct series *series, struct item *ret)
{
	struct journal_segment segment = { .byte_order = JOURNAL_BYTE_ORDER };
	uint64_t number = number_next(series), last = series->cursor.last;
	char name[SEGMENT_NAME_SIZE];
	int r;

	if (number == 0)
		return 0;
	series->missing |= number != series->number + 1;
	series->passed += series->cursor.fd >= 0 ? cursor_position(&series->cursor) : 0;
	cursor_close(&series->cursor);
	series->number = number;
	series->complete = number_next(series) != 0;

	segment_name(number, name);
	r = cursor_open_file(&series->cursor, series->pool, series->dir_fd, name);
	series->cursor.last = last;
	if (r >= 0)
		return SEGMENT_OPEN;
	cursor_close(&series->cursor);
	series->cursor.last = last;
	if (r == -ENOENT) {
		series->missing = true;
		return SEGMENT_OPEN;
	}
	if (r != -EBADMSG && r != -EPROTONOSUPPORT) {
		series->number = number - 1;
		return r;
	}
	segment.number = number;
	loss_make(series, &segment, LOSS_DAMAGED, ret);
	return SEGMENT_DAMAGED;
}

/* At the end of the records written so far: reports missing segments that no record mentioned,
 * once. */
static int missing_report(struct series *series, struct item *ret)
{
	struct journal_segment none = { .byte_order = JOURNAL_BYTE_ORDER };
	bool report = series->missing && !series->retention;

	series->missing = false;
	if (!report)
		return 0;
	loss_make(series, series->cursor.chunk ? &series->cursor.chunk->segment : &none,
		LOSS_RETENTION, ret);
	return 1;
}

static void retention_note(struct series *series, const struct item *item)
{
	struct journal_loss loss;

	if (item_type(item) != JOURNAL_LOSS)
		return;
	item_loss(item, &loss);
	series->retention |= loss.reason == LOSS_RETENTION;
}

int series_next(struct series *series, struct item *ret)
{
	for (;;) {
		int r = 0;

		if (series->cursor.fd >= 0)
			r = cursor_next(&series->cursor, ret);
		if (r > 0)
			retention_note(series, ret);
		if (r != 0)
			return r;
		if (series->dir_fd < 0)
			return 0;

		if (!series->complete) {
			r = series_refresh(series);
			if (r < 0)
				return r;
			if (number_next(series) == 0)
				return missing_report(series, ret);
			/* It has a successor now, so it is complete: read its last records. */
			series->complete = true;
			continue;
		}
		r = series_advance(series, ret);
		if (r < 0 || r == SEGMENT_DAMAGED)
			return r < 0 ? r : 1;
	}
}

void series_close(struct series *series)
{
	cursor_close(&series->cursor);
	fd_close(&series->dir_fd);
	g_clear_pointer(&series->numbers, g_array_unref);
}
