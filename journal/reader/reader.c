/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal reader, see reader.h. */
#include "journal/reader/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "journal/base/cleanup.h"
#include "journal/base/escape.h"
#include "journal/reader/cursor.h"
#include "journal/reader/merge.h"
#include "journal/reader/received.h"
#include "journal/reader/series.h"

/* The default of journal_reader_limit: a window of the longest events fits. */
#define READER_MEMORY_MAX (32U << 20)

enum source {
	SOURCE_SERIES,
	SOURCE_STREAM,
};

/* The last dictionary returned. */
struct dictionary_seen {
	void *bytes;
	size_t size;
};

struct journal_reader {
	enum source source;
	struct chunk_pool pool;
	size_t memory_max; /* of the pool's chunks */
	struct series series;
	struct cursor stream;
	struct merge merge;
	struct received received;
	struct item given; /* returned to the caller; chunk NULL: none */
	bool paused; /* the source had no more: return all that is held before reading it again */
	int status; /* its result then */
	struct dictionary_seen start, settings;
	uint64_t clock_given; /* `since` of the latest JOURNAL_CLOCK */
	uint64_t segment_noted, segment_monotonic; /* of the segment whose clocks were noted */
	struct name_table *name_table;
};

static char *sentence_for(const char *path, int error, unsigned int version)
{
	g_autofree char *name = text_escape_dup(path);

	switch (error) {
	case -EPROTONOSUPPORT:
		return g_strdup_printf("%s was written by a newer version (format %u, this program "
				       "reads up to %u): use a newer nfttracectl",
			name, version, JOURNAL_VERSION);
	case -ENODATA:
		return g_strdup_printf(
			"%s is not a journal: no segment (*%s) is in it", name, JOURNAL_SUFFIX);
	case -EBADMSG:
		return g_strdup_printf("%s is not a journal: it has no valid header", name);
	default:
		return g_strdup_printf("%s can't be read: %s", name, g_strerror(-error));
	}
}

static struct journal_reader *reader_new(enum source source)
{
	struct journal_reader *reader = g_new0(struct journal_reader, 1);

	reader->source = source;
	reader->memory_max = READER_MEMORY_MAX;
	reader->name_table = name_table_new();
	reader->series = SERIES_NONE;
	reader->stream = CURSOR_NONE;
	reader->received = RECEIVED_NOTHING;
	return reader;
}

/* Returns the reader if it could be opened, else frees it and sets the reason. */
static int reader_finish(struct journal_reader *reader, const char *path, int error,
	unsigned int version, struct journal_reader **ret, char **ret_reason)
{
	if (error >= 0) {
		*ret = reader;
		return 0;
	}
	journal_reader_free(reader);
	*ret_reason = sentence_for(path, error, version);
	return error == -ENODATA ? -EBADMSG : error;
}

static int path_open(
	struct journal_reader *reader, int dir_fd, const char *path, unsigned int *ret_version)
{
	auto_fd fd = openat(dir_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return series_open(&reader->series, &reader->pool, fd_steal(&fd), ret_version);
	return series_open_file(&reader->series, &reader->pool, fd_steal(&fd), ret_version);
}

/* Reads the names in all segments, with another series, so that the reader stays where it is. */
static void names_gather(void *context, struct name_table *name_table)
{
	struct journal_reader *reader = context;
	auto_chunk_pool pool = { 0 };
	struct series series;
	struct item item;

	if (series_open_again(&series, &pool, &reader->series) >= 0) {
		while (series_next(&series, &item) > 0) {
			name_table_take(
				name_table, item_type(&item), item_payload(&item), item.size);
			chunk_unref(item.chunk);
		}
	}
	series_close(&series);
}

int journal_reader_open(
	int dir_fd, const char *path, struct journal_reader **ret, char **ret_reason)
{
	struct journal_reader *reader = reader_new(SOURCE_SERIES);
	unsigned int version = 0;
	int r;

	r = path_open(reader, dir_fd, path, &version);
	name_table_set_source(reader->name_table, names_gather, reader);
	return reader_finish(reader, path, r, version, ret, ret_reason);
}

int journal_reader_open_stream(int fd, struct journal_reader **ret, char **ret_reason)
{
	struct journal_reader *reader = reader_new(SOURCE_STREAM);
	int r;

	r = cursor_open_stream(&reader->stream, &reader->pool, fd);
	return reader_finish(
		reader, "the stream", r, reader->stream.chunk->segment.version, ret, ret_reason);
}

/* True if a dictionary is the same as before, so that it is not returned again. */
static bool dictionary_repeated(struct dictionary_seen *seen, const struct item *item)
{
	const void *bytes = item_payload(item);

	if (seen->bytes && seen->size == item->size && memcmp(seen->bytes, bytes, seen->size) == 0)
		return true;
	g_free(seen->bytes);
	seen->bytes = g_memdup2(bytes, item->size);
	seen->size = item->size;
	return false;
}

/* Adds a move of the clock; true if it is new. */
static bool clock_new(struct journal_reader *reader, const struct item *item)
{
	struct journal_clock clock;

	item_clock(item, &clock);
	clocks_note(name_table_clocks(reader->name_table), &item->chunk->segment, &clock);
	if (clock.since <= reader->clock_given)
		return false;
	reader->clock_given = clock.since;
	return true;
}

/* Adds the clocks in the header of a segment, at its first item. */
static void segment_note(struct journal_reader *reader, const struct journal_segment *segment)
{
	if (segment->number == reader->segment_noted &&
		segment->monotonic == reader->segment_monotonic)
		return;
	reader->segment_noted = segment->number;
	reader->segment_monotonic = segment->monotonic;
	clocks_note_segment(name_table_clocks(reader->name_table), segment);
}

/* True for items that are returned. An unknown type is of a later program and skipped. */
static bool item_wanted(struct journal_reader *reader, const struct item *item)
{
	segment_note(reader, &item->chunk->segment);
	switch (item_type(item)) {
	case JOURNAL_START:
		return !dictionary_repeated(&reader->start, item);
	case JOURNAL_CLOCK:
		return clock_new(reader, item);
	case JOURNAL_SETTINGS:
		return !dictionary_repeated(&reader->settings, item);
	case JOURNAL_EVENT:
	case JOURNAL_LOSS:
	case JOURNAL_END:
	case JOURNAL_SUPPRESSED:
		return true;
	case JOURNAL_RULES:
	case JOURNAL_SYMBOLS:
	case JOURNAL_REASONS:
	case JOURNAL_NETNS:
		/* A name that can't be read is missing: its events are shown without it. */
		name_table_take(
			reader->name_table, item_type(item), item_payload(item), item->size);
		return false;
	case JOURNAL_POSITION:
		return false; /* the cursor's */
	}
	return false;
}

/* Reduces a retention record to the events that this reader has not received; false: none. */
static bool retention_narrow(struct journal_reader *reader, struct item *item)
{
	struct journal_loss loss;
	struct item narrowed;
	uint64_t count;

	if (item_type(item) != JOURNAL_LOSS)
		return true;
	item_loss(item, &loss);
	if (loss.reason != LOSS_RETENTION)
		return true;
	count = loss.count;
	if (!received_find_missing(&reader->received, &loss))
		return false;
	if (loss.count != count) {
		item_new_loss(&reader->pool, &item->chunk->segment, &loss, &narrowed);
		chunk_unref(item->chunk);
		*item = narrowed;
	}
	return true;
}

static int source_next(struct journal_reader *reader, struct item *ret)
{
	for (;;) {
		int r = reader->source == SOURCE_STREAM ? cursor_next(&reader->stream, ret)
							: series_next(&reader->series, ret);

		if (r <= 0)
			return r;
		received_count(&reader->received, ret);
		if (item_wanted(reader, ret) && retention_narrow(reader, ret))
			return r;
		chunk_unref(ret->chunk);
	}
}

/* Reads until the window is full or the source has no more. */
static void window_fill(struct journal_reader *reader)
{
	while (!reader->paused && merge_length(&reader->merge) < JOURNAL_MERGE_WINDOW &&
		(reader->pool.bytes <= reader->memory_max || merge_length(&reader->merge) == 0)) {
		struct item item;
		int r = source_next(reader, &item);

		if (r > 0) {
			merge_push(&reader->merge, &item);
		} else {
			reader->paused = true;
			reader->status = r;
		}
	}
}

static void forget_given(struct journal_reader *reader)
{
	chunk_unref(reader->given.chunk);
	reader->given = (struct item){ 0 };
}

int journal_reader_next(struct journal_reader *reader, struct journal_entry *ret)
{
	const struct item *item = &reader->given;

	forget_given(reader);
	window_fill(reader);
	if (!merge_pop(&reader->merge, &reader->given)) {
		reader->paused = false;
		return reader->status;
	}

	*ret = (struct journal_entry){
		.type = item_type(item),
		.data = item_payload(item),
		.size = item->size,
		.ring = item_ring(item),
		.position = chunk_u32(item->chunk, item->record->position),
		.byte_order = item->chunk->segment.byte_order,
		.segment = &item->chunk->segment,
	};
	if (ret->type == JOURNAL_LOSS)
		item_loss(item, &ret->loss);
	else if (ret->type == JOURNAL_CLOCK)
		item_clock(item, &ret->clock);
	return 1;
}

int journal_reader_read_ahead(struct journal_reader *reader)
{
	reader->paused = false;
	window_fill(reader);
	return reader->paused ? reader->status : 1;
}

void journal_reader_limit(struct journal_reader *reader, size_t bytes)
{
	reader->memory_max = bytes;
}

void journal_reader_expect_more(struct journal_reader *reader, enum journal_stream stream)
{
	cursor_expect_more(&reader->stream,
		stream == JOURNAL_STREAM_WHOLE ? CURSOR_HEAD_WITH_POSITION
					       : CURSOR_HEAD_WITHOUT_POSITION);
}

bool journal_reader_position(const struct journal_reader *reader, struct journal_position *ret)
{
	return cursor_journal_position(&reader->stream, ret);
}

void journal_reader_continue(struct journal_reader *reader, int fd)
{
	cursor_continue(&reader->stream, fd);
}

bool journal_reader_caught_up(const struct journal_reader *reader)
{
	struct journal_position position;

	if (reader->stream.position_unknown || !cursor_journal_position(&reader->stream, &position))
		return false;
	return position.segment > position.end_segment ||
		(position.segment == position.end_segment &&
			position.offset >= position.end_offset);
}

struct name_table *journal_reader_names(struct journal_reader *reader)
{
	return reader->name_table;
}

void journal_reader_progress(
	const struct journal_reader *reader, uint64_t *ret_read, uint64_t *ret_total)
{
	const struct series *series = &reader->series;

	if (reader->source == SOURCE_STREAM) {
		*ret_read = cursor_position(&reader->stream);
		*ret_total = *ret_read;
		return;
	}
	*ret_read =
		series->passed + (series->cursor.fd >= 0 ? cursor_position(&series->cursor) : 0);
	*ret_total = MAX(series->total, *ret_read);
}

struct journal_reader *journal_reader_free(struct journal_reader *reader)
{
	if (!reader)
		return NULL;
	forget_given(reader);
	merge_clear(&reader->merge);
	received_clear(&reader->received);
	series_close(&reader->series);
	cursor_close(&reader->stream);
	chunk_pool_clear(&reader->pool);
	g_free(reader->start.bytes);
	g_free(reader->settings.bytes);
	name_table_free(reader->name_table);
	g_free(reader);
	return NULL;
}
