/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The closed segments of a journal that is being written, see retention.h. */
#include "journal/writer/retention.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/shared/event.h"
#include "journal/base/cleanup.h"
#include "journal/format/segment-names.h"
#include "journal/reader/cursor.h"

void segment_books_add(struct segment_books *books, const struct segment_books *more)
{
	if (!more->events)
		return;
	books->events += more->events;
	if (books->since == 0)
		books->since = more->since;
	books->until = more->until;
}

void segment_books_loss(struct segment_books *books, const struct journal_loss *loss)
{
	if (loss->reason != LOSS_RETENTION)
		return;
	books->removed += loss->count;
	if (books->since == 0 || (loss->since != 0 && loss->since < books->since))
		books->since = loss->since;
	books->until = MAX(books->until, loss->until);
}

static void item_count(const struct item *item, struct segment_books *books)
{
	struct journal_loss loss;

	switch (item_type(item)) {
	case JOURNAL_EVENT:
		segment_books_event(books, item_event_time(item));
		break;
	case JOURNAL_LOSS:
		item_loss(item, &loss);
		segment_books_loss(books, &loss);
		break;
	default:
		break;
	}
}

/* One that can't be read has nothing but its bytes. */
static void segment_read(struct retention *retention, int dir_fd, struct segment_books *books)
{
	auto_chunk_pool pool = { 0 };
	auto_cursor cursor = CURSOR_NONE;
	char name[SEGMENT_NAME_SIZE];

	if (!books->unread)
		return;
	books->unread = false;
	segment_name(books->number, name);
	if (cursor_open_file(&cursor, &pool, dir_fd, name) >= 0) {
		struct item item;

		while (cursor_next(&cursor, &item) > 0) {
			item_count(&item, books);
			chunk_unref(item.chunk);
		}
	}
	retention->events += books->events;
	retention->removed += books->removed;
}

int retention_open(struct retention *retention, int dir_fd, uint64_t *ret_last)
{
	g_autoptr(GArray) numbers = NULL;
	int r;

	*retention = (struct retention){ .segments = G_QUEUE_INIT };
	r = segment_list(dir_fd, &numbers);
	if (r < 0)
		return r;

	*ret_last = 0;
	for (guint i = 0; i < numbers->len; i++) {
		struct segment_books books = {
			.number = g_array_index(numbers, uint64_t, i),
			.unread = true,
		};
		char name[SEGMENT_NAME_SIZE];
		struct stat status;

		segment_name(books.number, name);
		if (fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
			books.bytes = (uint64_t)status.st_size;
		retention_add(retention, &books);
		*ret_last = books.number;
	}
	return 0;
}

void retention_read(struct retention *retention, int dir_fd)
{
	for (GList *link = retention->segments.head; link; link = link->next)
		segment_read(retention, dir_fd, link->data);
}

static struct segment_books *find(const struct retention *retention, uint64_t number)
{
	for (GList *link = retention->segments.head; link; link = link->next) {
		struct segment_books *books = link->data;

		if (books->number == number)
			return books;
	}
	return NULL;
}

void retention_count(
	struct retention *retention, int dir_fd, uint64_t number, struct journal_loss *ret)
{
	struct segment_books *books = find(retention, number);

	*ret = (struct journal_loss){ 0 };
	if (!books)
		return;
	segment_read(retention, dir_fd, books);
	ret->count = books->events;
	ret->since = books->since;
	ret->until = books->until;
}

void retention_lose(struct retention *retention, uint64_t number, uint64_t events)
{
	struct segment_books *books = find(retention, number);

	if (!books)
		return;
	books->events -= events;
	retention->events -= events;
}

uint64_t retention_first(const struct retention *retention)
{
	const struct segment_books *books = g_queue_peek_head((GQueue *)&retention->segments);

	return books ? books->number : 0;
}

void retention_add(struct retention *retention, const struct segment_books *books)
{
	g_queue_push_tail(&retention->segments, g_memdup2(books, sizeof(*books)));
	retention->bytes += books->bytes;
	retention->events += books->events;
}

static void loss_add(struct journal_loss *loss, const struct segment_books *books)
{
	if (loss->count == 0)
		*loss = (struct journal_loss){ .reason = LOSS_RETENTION, .since = books->since };
	loss->count += books->events + books->removed;
	loss->until = MAX(loss->until, books->until);
	loss->segment = (uint32_t)books->number;
}

static bool within_limits(
	const struct retention *retention, uint64_t bytes, unsigned int segments, uint64_t coming)
{
	if (bytes > 0 && retention->bytes + coming > bytes)
		return false;
	return segments == 0 || retention->segments.length < segments;
}

/* Whoever removes it waits for no disk then. */
static void segment_fetch(int dir_fd, const struct segment_books *books)
{
	char name[SEGMENT_NAME_SIZE];
	auto_fd fd = -1;

	segment_name(books->number, name);
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED);
}

static void segments_remove(struct retention *retention, int dir_fd, uint64_t bytes,
	unsigned int segments, uint64_t coming, struct journal_loss *loss)
{
	while (!within_limits(retention, bytes, segments, coming)) {
		struct segment_books *books = g_queue_peek_head(&retention->segments);
		char name[SEGMENT_NAME_SIZE];

		if (!books)
			return;
		segment_read(retention, dir_fd, books);
		segment_name(books->number, name);
		if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
			return;

		loss_add(loss, books);
		retention->bytes -= books->bytes;
		retention->events -= books->events;
		retention->removed += books->events;
		g_free(g_queue_pop_head(&retention->segments));
	}
}

void retention_trim(struct retention *retention, int dir_fd, uint64_t bytes, unsigned int segments,
	uint64_t coming, struct journal_loss *loss)
{
	const struct segment_books *next;

	segments_remove(retention, dir_fd, bytes, segments, coming, loss);
	next = g_queue_peek_head(&retention->segments);
	/* When the one that is being written is full. */
	if (next && next->unread && !within_limits(retention, bytes, segments, 2 * coming))
		segment_fetch(dir_fd, next);
}

void retention_clear(struct retention *retention)
{
	g_queue_clear_full(&retention->segments, g_free);
}
