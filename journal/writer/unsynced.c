/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of a journal that are not known to be on the disk, see unsynced.h. */
#include "journal/writer/unsynced.h"

#include <unistd.h>

#include "journal/base/cleanup.h"
#include "journal/base/clock.h"

struct unsynced_segment {
	uint64_t number;
	int fd; /* -1: the segment is being written, or was found */
	bool unread; /* it was found: its number of events is unknown */
	struct unsynced_part fresh, flying;
};

void journal_loss_merge(struct journal_loss *waiting, const struct journal_loss *loss)
{
	if (!waiting->until || (loss->since && loss->since < waiting->since))
		waiting->since = loss->since;
	waiting->reason = loss->reason;
	waiting->count += loss->count;
	waiting->until = MAX(waiting->until, loss->until);
}

static void part_add(struct unsynced_part *sum, const struct unsynced_part *part)
{
	sum->bytes += part->bytes;
	if (part->what.lost.count)
		journal_loss_merge(&sum->what.lost, &part->what.lost);
	for (unsigned int i = 0; i < LOSS_REASONS; i++) {
		if (part->what.losses[i].until)
			journal_loss_merge(&sum->what.losses[i], &part->what.losses[i]);
	}
}

static void segment_free(struct unsynced_segment *segment)
{
	fd_close(&segment->fd);
	g_free(segment);
}

static struct unsynced_segment *current(const struct unsynced *unsynced)
{
	return g_queue_peek_tail((GQueue *)&unsynced->segments);
}

static bool is_clean(const struct unsynced_segment *segment)
{
	return !segment->fresh.bytes && !segment->flying.bytes;
}

/* These bytes are on the disk, lost, or removed. */
static void part_settle(struct unsynced *unsynced, const struct unsynced_part *part)
{
	unsynced->bytes -= part->bytes;
	unsynced->events -= part->what.lost.count;
	if (!unsynced->bytes)
		unsynced->since = unsynced->began = 0;
}

static void segment_drop(struct unsynced *unsynced, GList *link)
{
	struct unsynced_segment *segment = link->data;

	part_settle(unsynced, &segment->fresh);
	part_settle(unsynced, &segment->flying);
	unsynced->open -= segment->fd >= 0;
	segment_free(segment);
	g_queue_delete_link(&unsynced->segments, link);
}

static void write_count(struct unsynced *unsynced, uint64_t bytes)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC_COARSE);

	unsynced->bytes += bytes;
	if (!unsynced->since)
		unsynced->since = now;
	if (!unsynced->began)
		unsynced->began = now;
}

static struct unsynced_segment *add(struct unsynced *unsynced, uint64_t number, uint64_t bytes)
{
	struct unsynced_segment *segment = g_new0(struct unsynced_segment, 1);

	segment->number = number;
	segment->fd = -1;
	segment->fresh.bytes = bytes;
	g_queue_push_tail(&unsynced->segments, segment);
	unsynced->names = true;
	write_count(unsynced, bytes);
	return segment;
}

void unsynced_open(struct unsynced *unsynced, uint64_t number, uint64_t bytes)
{
	add(unsynced, number, bytes);
}

void unsynced_close(struct unsynced *unsynced, int fd)
{
	struct unsynced_segment *segment = current(unsynced);

	segment->fd = fd;
	unsynced->open++;
	if (is_clean(segment))
		segment_drop(unsynced, unsynced->segments.tail);
}

void unsynced_add(struct unsynced *unsynced, uint64_t number, uint64_t bytes)
{
	add(unsynced, number, bytes)->unread = true;
}

void unsynced_write(struct unsynced *unsynced, uint64_t bytes, const struct segment_totals *totals)
{
	struct unsynced_part *part = &current(unsynced)->fresh;

	if (!bytes)
		return;
	part->bytes += bytes;
	write_count(unsynced, bytes);
	if (totals && totals->events) {
		const struct journal_loss events = {
			.count = totals->events,
			.since = totals->since,
			.until = totals->until,
		};

		journal_loss_merge(&part->what.lost, &events);
		unsynced->events += totals->events;
	}
}

void unsynced_add_loss(struct unsynced *unsynced, const struct journal_loss *loss)
{
	if (loss->reason < LOSS_REASONS)
		journal_loss_merge(&current(unsynced)->fresh.what.losses[loss->reason], loss);
}

void unsynced_forget(struct unsynced *unsynced, uint64_t number)
{
	for (GList *link = unsynced->segments.head, *next; link; link = next) {
		const struct unsynced_segment *segment = link->data;

		next = link->next;
		if (segment->number >= number || !next)
			return;
		segment_drop(unsynced, link);
	}
}

struct journal_sync *unsynced_sync(struct unsynced *unsynced, int dir_fd, int fd)
{
	struct journal_sync *sync;

	if (unsynced->flying || (!unsynced->bytes && !unsynced->names))
		return NULL;
	sync = journal_sync_new(dir_fd, unsynced->names);
	if (!sync)
		return NULL;
	for (GList *link = unsynced->segments.head; link; link = link->next) {
		const struct unsynced_segment *segment = link->data;
		int file = link->next ? segment->fd : fd;

		if (segment->fresh.bytes && journal_sync_add(sync, segment->number, file) < 0)
			return journal_sync_unref(sync);
	}
	for (GList *link = unsynced->segments.head; link; link = link->next) {
		struct unsynced_segment *segment = link->data;

		segment->flying = segment->fresh;
		segment->fresh = (struct unsynced_part){ 0 };
	}
	unsynced->names = false;
	unsynced->began = 0;
	unsynced->flying = sync;
	return journal_sync_ref(sync);
}

static GList *find(struct unsynced *unsynced, uint64_t number)
{
	GList *link = unsynced->segments.head;

	while (link && ((const struct unsynced_segment *)link->data)->number != number)
		link = link->next;
	return link;
}

/* The bytes of a segment that were handed out are lost. */
static uint64_t loss_record(struct unsynced *unsynced, struct unsynced_segment *segment,
	struct retention *retention, int dir_fd, struct unsynced_part *sum)
{
	struct journal_loss events = segment->flying.what.lost;

	part_settle(unsynced, &segment->flying);
	if (segment->unread)
		retention_count(retention, dir_fd, segment->number, &events);
	segment->flying.what.lost = events;
	part_add(sum, &segment->flying);
	retention_record_loss(retention, segment->number, events.count);
	return events.count;
}

/* Evaluates the result of one file. If its segment is missing retention removed it meanwhile. */
static void file_end(struct unsynced *unsynced, const struct sync_file *file,
	struct retention *retention, int dir_fd, struct unsynced_part *sum,
	struct unsynced_outcome *outcome)
{
	uint64_t events;
	GList *link = find(unsynced, file->number);
	struct unsynced_segment *segment = link ? link->data : NULL;

	if (!segment)
		return;
	switch (file->result) {
	case SYNC_STORED:
		part_settle(unsynced, &segment->flying);
		break;
	case SYNC_SKIPPED:
		part_add(&segment->fresh, &segment->flying);
		unsynced->began = unsynced->since;
		break;
	case SYNC_FAILED:
		events = loss_record(unsynced, segment, retention, dir_fd, sum);
		if (!link->next) {
			outcome->current = true;
			outcome->current_events = events;
		}
		break;
	}
	segment->flying = (struct unsynced_part){ 0 };
	if (file->result != SYNC_SKIPPED)
		segment->unread = false;
	if (link->next && is_clean(segment))
		segment_drop(unsynced, link);
}

void unsynced_end(struct unsynced *unsynced, struct retention *retention, int dir_fd,
	struct unsynced_outcome *ret)
{
	struct journal_sync *sync = g_steal_pointer(&unsynced->flying);
	const GArray *files = journal_sync_files(sync);
	struct unsynced_part sum = { 0 };

	*ret = (struct unsynced_outcome){ .error = journal_sync_error(sync) };
	for (guint i = 0; i < files->len; i++)
		file_end(unsynced, &g_array_index(files, struct sync_file, i), retention, dir_fd,
			&sum, ret);
	if (ret->error < 0 && !journal_sync_has_names(sync))
		unsynced->names = true;
	/* The rest was written since. */
	unsynced->since = unsynced->began;
	ret->unstored = sum.what;
	journal_sync_unref(sync);
}

void unsynced_clear(struct unsynced *unsynced)
{
	struct unsynced_segment *segment;

	while ((segment = g_queue_pop_head(&unsynced->segments)))
		segment_free(segment);
	unsynced->flying = journal_sync_unref(unsynced->flying);
}
