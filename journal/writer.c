/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal writer, see writer.h. */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../bpf/event.h"
#include "cleanup.h"
#include "clock.h"
#include "record.h"
#include "retention.h"
#include "segment.h"

/* The least that limits.segment_size can be. */
#define SEGMENT_SIZE_MIN SEGMENT_STEP_MIN

/* A journal with a size limit has at least this many segments, so that the limit takes a part of it
 * at a time. */
#define SEGMENTS_IN_TOTAL 4

struct journal_writer {
	int dir_fd;
	uint64_t session;
	char *start;
	char *settings;
	struct journal_limits limits;

	struct segment segment;
	uint64_t head_end; /* of the segment: where its dictionaries end */
	struct segment_books books; /* of the segment */
	struct retention retention; /* of those before it */

	struct journal_loss unreported; /* removed by retention, record not yet written */
	int error; /* of the last append; 0: it went well */
	uint64_t retry_at; /* ms: an event is not tried again before */
};

static uint64_t coarse_ms(void)
{
	return clock_ns(CLOCK_MONOTONIC_COARSE) / NSEC_PER_MSEC;
}

static int record_append(struct segment *segment, enum journal_type type, uint16_t ring,
	uint32_t position, const void *payload, uint32_t size)
{
	size_t span = journal_record_span(size);
	void *out;
	int r;

	r = segment_reserve(segment, span, &out);
	if (r < 0)
		return r;
	journal_record_write(out, type, ring, position, payload, size);
	segment->end += span;
	return 0;
}

static int json_append(struct segment *segment, enum journal_type type, const char *json)
{
	size_t length = strlen(json);

	if (length == 0 || length > JOURNAL_RECORD_MAX)
		return -EINVAL;
	return record_append(segment, type, 0, 0, json, (uint32_t)length);
}

/* The header and the dictionaries. */
static int head_append(
	const struct journal_writer *writer, uint64_t number, struct segment *segment)
{
	struct journal_segment header;
	void *out;
	int r;

	journal_segment_begin(&header, writer->session, number);
	r = segment_reserve(segment, sizeof(header), &out);
	if (r < 0)
		return r;
	memcpy(out, &header, sizeof(header));
	segment->end += sizeof(header);

	r = json_append(segment, JOURNAL_START, writer->start);
	if (r < 0)
		return r;
	return json_append(segment, JOURNAL_SETTINGS, writer->settings);
}

/* Says what retention removed, in the segment that is there now. */
static int removal_report(struct journal_writer *writer)
{
	int r;

	r = record_append(&writer->segment, JOURNAL_LOSS, 0, 0, &writer->unreported,
		sizeof(writer->unreported));
	if (r < 0)
		return r;
	segment_books_loss(&writer->books, &writer->unreported);
	writer->unreported = (struct journal_loss){ 0 };
	return 0;
}

/* The next segment becomes the current one; if that fails the current one stays. */
static int writer_rotate(struct journal_writer *writer)
{
	struct segment segment = SEGMENT_NONE;
	uint64_t number = writer->books.number + 1;
	int r;

	r = segment_create(writer->dir_fd, &segment);
	if (r < 0)
		return r;
	r = head_append(writer, number, &segment);
	if (r >= 0)
		r = segment_publish(writer->dir_fd, number);
	if (r < 0) {
		segment_close(&segment);
		segment_discard(writer->dir_fd);
		return r;
	}

	if (writer->segment.fd >= 0) {
		writer->books.bytes = writer->segment.end;
		retention_add(&writer->retention, &writer->books);
	}
	segment_close(&writer->segment);
	writer->segment = segment;
	writer->head_end = segment.end;
	writer->books = (struct segment_books){ .number = number };
	retention_trim(&writer->retention, writer->dir_fd, writer->limits.total_size,
		writer->limits.segments, writer->limits.segment_size, &writer->unreported);
	/* If it fails the next append tries again. */
	if (writer->unreported.count > 0)
		removal_report(writer);
	return 0;
}

static int writer_append(struct journal_writer *writer, enum journal_type type, uint16_t ring,
	uint32_t position, const void *payload, uint32_t size)
{
	size_t span = journal_record_span(size);
	int r = 0;

	if (G_UNLIKELY(writer->segment.end + span > writer->limits.segment_size &&
		    writer->segment.end > writer->head_end))
		r = writer_rotate(writer);
	if (r >= 0 && G_UNLIKELY(writer->unreported.count > 0))
		r = removal_report(writer);
	if (r >= 0)
		r = record_append(&writer->segment, type, ring, position, payload, size);
	writer->error = r;
	if (r < 0)
		writer->retry_at = coarse_ms() + JOURNAL_RETRY_MS;
	return r;
}

int journal_writer_append_event(struct journal_writer *writer, uint16_t ring, uint32_t position,
	const void *event, uint32_t size)
{
	const struct event_head *head = event;
	int r;

	if (size < sizeof(*head) || size > JOURNAL_RECORD_MAX)
		return -EINVAL;
	/* A million events a second against a full disk must cost no system call each. */
	if (G_UNLIKELY(writer->error < 0) && coarse_ms() < writer->retry_at)
		return writer->error;

	r = writer_append(writer, JOURNAL_EVENT, ring, position, event, size);
	if (r < 0)
		return r;
	segment_books_event(&writer->books, head->time);
	return 0;
}

int journal_writer_append_json(
	struct journal_writer *writer, enum journal_type type, const char *json)
{
	size_t length = strlen(json);

	if (length == 0 || length > JOURNAL_RECORD_MAX)
		return -EINVAL;
	if (type == JOURNAL_SETTINGS) {
		g_free(writer->settings);
		writer->settings = g_strdup(json);
	}
	return writer_append(writer, type, 0, 0, json, (uint32_t)length);
}

int journal_writer_append_loss(struct journal_writer *writer, const struct journal_loss *loss)
{
	int r;

	r = writer_append(writer, JOURNAL_LOSS, 0, 0, loss, sizeof(*loss));
	if (r < 0)
		return r;
	segment_books_loss(&writer->books, loss);
	return 0;
}

void journal_writer_totals(const struct journal_writer *writer, struct journal_totals *ret)
{
	const struct retention *retention = &writer->retention;

	*ret = (struct journal_totals){
		.events = retention->events + retention->removed + writer->books.events,
		.removed = retention->removed,
		.bytes = retention->bytes + writer->segment.allocated,
		.segments = retention->segments.length + 1,
	};
}

static void limits_set(struct journal_writer *writer, const struct journal_limits *limits)
{
	writer->limits = *limits;
	if (limits->total_size > 0)
		writer->limits.segment_size =
			MIN(limits->segment_size, limits->total_size / SEGMENTS_IN_TOTAL);
	writer->limits.segment_size = MAX(writer->limits.segment_size, SEGMENT_SIZE_MIN);
}

int journal_writer_open(int dir_fd, uint64_t session, const char *start, const char *settings,
	const struct journal_limits *limits, struct journal_writer **ret)
{
	struct journal_writer *writer = g_new0(struct journal_writer, 1);
	int r;

	writer->session = session;
	writer->start = g_strdup(start);
	writer->settings = g_strdup(settings);
	writer->segment = SEGMENT_NONE;
	limits_set(writer, limits);
	writer->dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
	r = writer->dir_fd < 0 ? -errno : 0;
	if (r >= 0)
		r = retention_open(&writer->retention, writer->dir_fd, &writer->books.number);
	if (r >= 0)
		r = writer_rotate(writer);
	if (r < 0) {
		journal_writer_free(writer);
		return r;
	}
	*ret = writer;
	return 0;
}

struct journal_writer *journal_writer_free(struct journal_writer *writer)
{
	if (!writer)
		return NULL;
	segment_close(&writer->segment);
	retention_clear(&writer->retention);
	fd_close(&writer->dir_fd);
	g_free(writer->start);
	g_free(writer->settings);
	g_free(writer);
	return NULL;
}
