/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal writer, see writer.h. */
#include "journal/writer/writer-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bpf/shared/event.h"
#include "journal/base/cleanup.h"
#include "journal/base/clock.h"
#include "journal/format/record.h"

/* At most this many closed segments wait for the disk, each with a descriptor. Beyond it the
 * segment being written exceeds its size until some are synced. */
#define SEGMENTS_WAITING_MAX 64

/* The minimum of limits.segment_size. */
#define SEGMENT_SIZE_MIN (64U << 10)

/* A journal with a size limit has at least this many segments, so that retention removes a small
 * part at a time. */
#define SEGMENTS_IN_TOTAL 4

static uint64_t coarse_ms(void)
{
	return clock_ns(CLOCK_MONOTONIC_COARSE) / NSEC_PER_MSEC;
}

static void ready_set(struct journal_writer *writer)
{
	uint64_t end = writer->segment.end, size = writer->limits.segment_size;

	writer->ready = size > end ? MIN(size - end, JOURNAL_STAGE_SIZE) : 0;
	if (writer->error < 0 || writer->unreported.count > 0 || writer->spoilt)
		writer->ready = 0;
}

/* Keeps the result of a write. */
static int writer_note(struct journal_writer *writer, int result)
{
	writer->error = result;
	if (result < 0)
		writer->retry_at = coarse_ms() + JOURNAL_RETRY_MS;
	ready_set(writer);
	return result;
}

/* Appends `size` bytes of whole records. */
static void records_count(const uint8_t *records, size_t size, struct segment_totals *totals)
{
	size_t at = 0;

	while (at < size) {
		const struct journal_record *record = (const void *)(records + at);
		const struct event_head *head = (const void *)(record + 1);

		segment_totals_event(totals, head->time);
		at += journal_record_span(record->size);
	}
}

static int stage_write(struct journal_writer *writer)
{
	struct segment_totals wrote = { 0 };
	size_t appended, staged = writer->staged;
	int r;

	if (staged == 0)
		return 0;
	r = segment_append(&writer->segment, writer->stage, staged, &appended);
	records_count(writer->stage, appended, &wrote);
	segment_totals_add(&writer->totals, &wrote);
	unsynced_write(&writer->unsynced, appended, &wrote);
	writer->staged = 0;
	if (r < 0) {
		records_count(writer->stage + appended, staged - appended, &writer->lost);
		writer->lost_error = r;
	}
	return writer_note(writer, r);
}

/* Writes a record that is not an event, behind the events that were taken before. */
static int record_append(
	struct journal_writer *writer, enum journal_type type, const void *payload, uint32_t size)
{
	size_t appended, span = journal_record_span(size);
	g_autofree uint8_t *record = g_malloc(span);
	int r;

	journal_record_write(record, type, 0, 0, payload, size);
	r = stage_write(writer);
	if (r >= 0)
		r = segment_append(&writer->segment, record, span, &appended);
	if (r >= 0) {
		unsynced_write(&writer->unsynced, appended, NULL);
		if (type == JOURNAL_LOSS)
			unsynced_add_loss(&writer->unsynced, payload);
	}
	return writer_note(writer, r);
}

static void head_add_json(GByteArray *head, enum journal_type type, const char *json)
{
	uint32_t size = (uint32_t)strlen(json);
	guint at = head->len;

	g_byte_array_set_size(head, at + (guint)journal_record_span(size));
	journal_record_write(head->data + at, type, 0, 0, json, size);
}

/* Creates a segment with the header and the dictionaries. */
static int head_write(const struct journal_writer *writer, uint64_t number, struct segment *ret)
{
	g_autoptr(GByteArray) head = g_byte_array_new();
	struct journal_segment header;

	journal_segment_begin(&header, writer->session, number);
	g_byte_array_append(head, (const guint8 *)&header, sizeof(header));
	head_add_json(head, JOURNAL_START, writer->start);
	head_add_json(head, JOURNAL_SETTINGS, writer->settings);
	return segment_create(writer->dir_fd, head->data, head->len, ret);
}

/* Records what retention removed, in the current segment. */
static int removal_report(struct journal_writer *writer)
{
	int r;

	r = record_append(writer, JOURNAL_LOSS, &writer->unreported, sizeof(writer->unreported));
	if (r < 0)
		return r;
	segment_totals_loss(&writer->totals, &writer->unreported);
	writer->unreported = (struct journal_loss){ 0 };
	ready_set(writer);
	return 0;
}

/* The next segment becomes the current one; if that fails the current one stays. */
static int writer_rotate(struct journal_writer *writer)
{
	struct segment segment = SEGMENT_NONE;
	uint64_t number = writer->totals.number + 1, first;
	int r;

	r = head_write(writer, number, &segment);
	if (r < 0)
		return r;
	r = segment_publish(writer->dir_fd, number);
	if (r < 0) {
		segment_close(&segment);
		segment_discard(writer->dir_fd);
		return r;
	}

	if (writer->segment.fd >= 0) {
		writer->totals.bytes = writer->segment.end;
		retention_add(&writer->retention, &writer->totals);
		unsynced_close(&writer->unsynced, writer->segment.fd);
	}
	writer->segment = segment;
	unsynced_open(&writer->unsynced, number, segment.end);
	writer->spoilt = false;
	writer->head_end = segment.end;
	writer->totals = (struct segment_totals){ .number = number };
	retention_trim(&writer->retention, writer->dir_fd, writer->limits.total_size,
		writer->limits.segments, writer->limits.segment_size, &writer->unreported);
	first = retention_first(&writer->retention);
	unsynced_forget(&writer->unsynced, first ? first : number);
	/* If it fails the next append tries again. */
	if (writer->unreported.count > 0)
		removal_report(writer);
	return 0;
}

/* True if the segment has its full size. */
static bool is_full(const struct journal_writer *writer, size_t span)
{
	uint64_t end = writer->segment.end + writer->staged;

	if (writer->spoilt)
		return true;
	return end + span > writer->limits.segment_size && end > writer->head_end &&
		writer->unsynced.open < SEGMENTS_WAITING_MAX;
}

/* Ensures that `span` more bytes fit into the segment, behind the staged events. */
static int room_make(struct journal_writer *writer, size_t span)
{
	int r = 0;

	if (is_full(writer, span)) {
		r = stage_write(writer);
		if (r >= 0)
			r = writer_note(writer, writer_rotate(writer));
	}
	if (r >= 0 && writer->unreported.count > 0)
		r = removal_report(writer);
	return r;
}

/* Flushes or rotates, if necessary before `span` bytes can be taken. */
static int stage_prepare(struct journal_writer *writer, size_t span)
{
	int r = 0;

	if (span > JOURNAL_STAGE_SIZE)
		return -EINVAL;
	/* A million events a second must not cost a system call each when the disk is full. */
	if (writer->error < 0 && coarse_ms() < writer->retry_at)
		return writer->error;
	if (writer->staged + span > JOURNAL_STAGE_SIZE)
		r = stage_write(writer);
	return r < 0 ? r : room_make(writer, span);
}

/* Makes room for the record of an event. */
static int stage_take(struct journal_writer *writer, uint32_t size, uint8_t **ret)
{
	size_t span = journal_record_span(size);

	if (size < sizeof(struct event_head))
		return -EINVAL;
	if (G_UNLIKELY(writer->staged + span > writer->ready)) {
		int r = stage_prepare(writer, span);

		if (r < 0)
			return r;
	}
	writer->last = writer->staged;
	writer->staged += span;
	*ret = writer->stage + writer->last;
	return 0;
}

int journal_writer_append_event(struct journal_writer *writer, uint16_t ring, uint32_t position,
	const void *event, uint32_t size)
{
	uint8_t *out;
	int r;

	r = stage_take(writer, size, &out);
	if (r < 0)
		return r;
	journal_record_write(out, JOURNAL_EVENT, ring, position, event, size);
	return 0;
}

const struct journal_record *journal_writer_last(const struct journal_writer *writer)
{
	return (const void *)(writer->stage + writer->last);
}

int journal_writer_append_record(struct journal_writer *writer, const struct journal_record *record)
{
	uint8_t *out;
	int r;

	r = stage_take(writer, record->size, &out);
	if (r < 0)
		return r;
	memcpy(out, record, journal_record_span(record->size));
	return 0;
}

int journal_writer_flush(struct journal_writer *writer, struct journal_loss *ret_lost)
{
	int r;

	stage_write(writer);
	r = writer->lost_error;
	*ret_lost = (struct journal_loss){
		.count = writer->lost.events,
		.since = writer->lost.since,
		.until = writer->lost.until,
	};
	writer->lost = (struct segment_totals){ 0 };
	writer->lost_error = 0;
	return r;
}

static int record_write(
	struct journal_writer *writer, enum journal_type type, const void *payload, uint32_t size)
{
	int r;

	r = room_make(writer, journal_record_span(size));
	return r < 0 ? r : record_append(writer, type, payload, size);
}

static bool json_fits(const char *json)
{
	size_t length = strlen(json);

	return length > 0 && length <= JOURNAL_RECORD_MAX;
}

int journal_writer_append_json(
	struct journal_writer *writer, enum journal_type type, const char *json)
{
	if (!json_fits(json))
		return -EINVAL;
	if (type == JOURNAL_SETTINGS) {
		g_free(writer->settings);
		writer->settings = g_strdup(json);
	}
	return record_write(writer, type, json, (uint32_t)strlen(json));
}

int journal_writer_append_clock(struct journal_writer *writer, const struct journal_clock *clock)
{
	return record_write(writer, JOURNAL_CLOCK, clock, sizeof(*clock));
}

int journal_writer_append_loss(struct journal_writer *writer, const struct journal_loss *loss)
{
	int r;

	r = record_write(writer, JOURNAL_LOSS, loss, sizeof(*loss));
	if (r < 0)
		return r;
	segment_totals_loss(&writer->totals, loss);
	return 0;
}

uint64_t journal_writer_segment(const struct journal_writer *writer)
{
	return writer->totals.number;
}

uint64_t journal_writer_end(const struct journal_writer *writer)
{
	return writer->segment.end;
}

void journal_writer_totals(struct journal_writer *writer, struct journal_totals *ret)
{
	const struct retention *retention = &writer->retention;

	retention_read(&writer->retention, writer->dir_fd);
	*ret = (struct journal_totals){
		.events = retention->events + retention->removed + writer->totals.events,
		.removed = retention->removed,
		.bytes = retention->bytes + writer->segment.end,
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

/* Their writer may have ended before they were synced. */
static void segments_found(struct journal_writer *writer)
{
	for (GList *link = writer->retention.segments.head; link; link = link->next) {
		const struct segment_totals *totals = link->data;

		unsynced_add(&writer->unsynced, totals->number, totals->bytes);
	}
}

int journal_writer_open(int dir_fd, uint64_t session, const char *start, const char *settings,
	const struct journal_limits *limits, struct journal_writer **ret)
{
	struct journal_writer *writer;
	int r;

	if (!json_fits(start) || !json_fits(settings))
		return -EINVAL;
	writer = g_new0(struct journal_writer, 1);
	writer->session = session;
	writer->start = g_strdup(start);
	writer->settings = g_strdup(settings);
	writer->segment = SEGMENT_NONE;
	writer->stage = g_malloc(JOURNAL_STAGE_SIZE);
	limits_set(writer, limits);
	writer->dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
	r = writer->dir_fd < 0 ? -errno : 0;
	if (r >= 0)
		r = retention_open(&writer->retention, writer->dir_fd, &writer->totals.number);
	if (r >= 0) {
		segments_found(writer);
		r = writer_note(writer, writer_rotate(writer));
	}
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
	stage_write(writer);
	segment_close(&writer->segment);
	unsynced_clear(&writer->unsynced);
	retention_clear(&writer->retention);
	fd_close(&writer->dir_fd);
	g_free(writer->stage);
	g_free(writer->start);
	g_free(writer->settings);
	g_free(writer);
	return NULL;
}
