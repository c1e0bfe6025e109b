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

void segment_totals_add(struct segment_totals *totals, const struct segment_totals *more)
{
	if (!more->events)
		return;
	totals->events += more->events;
	if (totals->since == 0)
		totals->since = more->since;
	totals->until = more->until;
}

void segment_totals_loss(struct segment_totals *totals, const struct journal_loss *loss)
{
	if (loss->reason != LOSS_RETENTION)
		return;
	totals->removed += loss->count;
	if (totals->since == 0 || (loss->since != 0 && loss->since < totals->since))
		totals->since = loss->since;
	totals->until = MAX(totals->until, loss->until);
}

static void item_count(const struct item *item, struct segment_totals *totals)
{
	struct journal_loss loss;

	switch (item_type(item)) {
	case JOURNAL_EVENT:
		segment_totals_event(totals, item_event_time(item));
		break;
	case JOURNAL_LOSS:
		item_loss(item, &loss);
		segment_totals_loss(totals, &loss);
		break;
	default:
		break;
	}
}

/* If a segment can't be read only its bytes are known. */
static void segment_read(struct retention *retention, int dir_fd, struct segment_totals *totals)
{
	auto_chunk_pool pool = { 0 };
	auto_cursor cursor = CURSOR_NONE;
	char name[SEGMENT_NAME_SIZE];

	if (!totals->unread)
		return;
	totals->unread = false;
	segment_name(totals->number, name);
	if (cursor_open_file(&cursor, &pool, dir_fd, name) >= 0) {
		struct item item;

		while (cursor_next(&cursor, &item) > 0) {
			item_count(&item, totals);
			chunk_unref(item.chunk);
		}
	}
	retention->events += totals->events;
	retention->removed += totals->removed;
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
		struct segment_totals totals = {
			.number = g_array_index(numbers, uint64_t, i),
			.unread = true,
		};
		char name[SEGMENT_NAME_SIZE];
		struct stat status;

		segment_name(totals.number, name);
		if (fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
			totals.bytes = (uint64_t)status.st_size;
		retention_add(retention, &totals);
		*ret_last = totals.number;
	}
	return 0;
}

void retention_read(struct retention *retention, int dir_fd)
{
	for (GList *link = retention->segments.head; link; link = link->next)
		segment_read(retention, dir_fd, link->data);
}

static struct segment_totals *segment_find(const struct retention *retention, uint64_t number)
{
	for (GList *link = retention->segments.head; link; link = link->next) {
		struct segment_totals *totals = link->data;

		if (totals->number == number)
			return totals;
	}
	return NULL;
}

void retention_count(
	struct retention *retention, int dir_fd, uint64_t number, struct journal_loss *ret)
{
	struct segment_totals *totals = segment_find(retention, number);

	*ret = (struct journal_loss){ 0 };
	if (!totals)
		return;
	segment_read(retention, dir_fd, totals);
	ret->count = totals->events;
	ret->since = totals->since;
	ret->until = totals->until;
}

void retention_record_loss(struct retention *retention, uint64_t number, uint64_t events)
{
	struct segment_totals *totals = segment_find(retention, number);

	if (!totals)
		return;
	totals->events -= events;
	retention->events -= events;
}

uint64_t retention_first(const struct retention *retention)
{
	const struct segment_totals *totals = g_queue_peek_head((GQueue *)&retention->segments);

	return totals ? totals->number : 0;
}

void retention_add(struct retention *retention, const struct segment_totals *totals)
{
	g_queue_push_tail(&retention->segments, g_memdup2(totals, sizeof(*totals)));
	retention->bytes += totals->bytes;
	retention->events += totals->events;
}

static void loss_add(struct journal_loss *loss, const struct segment_totals *totals)
{
	if (loss->count == 0)
		*loss = (struct journal_loss){ .reason = LOSS_RETENTION, .since = totals->since };
	loss->count += totals->events + totals->removed;
	loss->until = MAX(loss->until, totals->until);
	loss->segment = (uint32_t)totals->number;
}

static bool within_limits(
	const struct retention *retention, uint64_t bytes, unsigned int segments, uint64_t coming)
{
	if (bytes > 0 && retention->bytes + coming > bytes)
		return false;
	return segments == 0 || retention->segments.length < segments;
}

/* Has the kernel read a segment ahead, so that removing it does not wait for the disk. */
static void segment_fetch(int dir_fd, const struct segment_totals *totals)
{
	char name[SEGMENT_NAME_SIZE];
	auto_fd fd = -1;

	segment_name(totals->number, name);
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED);
}

static void segments_remove(struct retention *retention, int dir_fd, uint64_t bytes,
	unsigned int segments, uint64_t coming, struct journal_loss *loss)
{
	while (!within_limits(retention, bytes, segments, coming)) {
		struct segment_totals *totals = g_queue_peek_head(&retention->segments);
		char name[SEGMENT_NAME_SIZE];

		if (!totals)
			return;
		segment_read(retention, dir_fd, totals);
		segment_name(totals->number, name);
		if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
			return;

		loss_add(loss, totals);
		retention->bytes -= totals->bytes;
		retention->events -= totals->events;
		retention->removed += totals->events;
		g_free(g_queue_pop_head(&retention->segments));
	}
}

void retention_trim(struct retention *retention, int dir_fd, uint64_t bytes, unsigned int segments,
	uint64_t coming, struct journal_loss *loss)
{
	const struct segment_totals *next;

	segments_remove(retention, dir_fd, bytes, segments, coming, loss);
	next = g_queue_peek_head(&retention->segments);
	/* It is removed when the segment being written is full. */
	if (next && next->unread && !within_limits(retention, bytes, segments, 2 * coming))
		segment_fetch(dir_fd, next);
}

void retention_clear(struct retention *retention)
{
	g_queue_clear_full(&retention->segments, g_free);
}
