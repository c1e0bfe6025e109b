/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records in another order; see ordering.h. Keys are sorted twice: by tracking id, which brings the
 * events of a journey together and finds its first one; then by that first event.
 */
#include "client/read/ordering.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "client/read/external-sort.h"
#include "client/read/temp-file.h"
#include "journal/event/decode.h"

/* The order of recording; `sequence` is for records of the same time. */
struct moment {
	uint64_t time;
	uint64_t sequence;
};

struct key {
	struct moment first; /* of the journey */
	struct moment moment;
	uint64_t track_time, track_head;
	uint64_t offset; /* of the record in the file */
	uint32_t boot;
	uint16_t event; /* 0: another record */
	uint16_t tracked;
};

/* A record as it is in the file; its payload follows. */
struct stored {
	struct journal_set_record record; /* without pointers */
	uint32_t segment; /* in ordering.segments, from 1; 0: none */
	uint32_t size; /* of the payload */
};

struct ordering {
	struct ordering_options order;
	struct temp_file *file;
	struct external_sort *by_packet; /* tracked events */
	struct external_sort *by_moment; /* everything */
	GArray *segments; /* struct journal_segment */
	uint64_t sequence;
	uint64_t journeys; /* an event that is not tracked is one */
	bool ordered;

	/* The state of ordering_next. */
	uint64_t begun; /* journeys so far */
	struct moment first; /* of the last one */
	uint64_t number; /* its events so far */
	struct {
		struct stored stored;
		uint8_t payload[JOURNAL_RECORD_MAX];
	} * buffer;
};

static int number_compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int moment_compare(const struct moment *a, const struct moment *b)
{
	int r = number_compare(a->time, b->time);

	return r != 0 ? r : number_compare(a->sequence, b->sequence);
}

static int packet_compare(const struct key *a, const struct key *b)
{
	int r = number_compare(a->track_time, b->track_time);

	if (r == 0)
		r = number_compare(a->track_head, b->track_head);
	return r != 0 ? r : number_compare(a->boot, b->boot);
}

static int compare_by_packet(const void *a, const void *b)
{
	const struct key *one = a, *other = b;
	int r = packet_compare(one, other);

	return r != 0 ? r : moment_compare(&one->moment, &other->moment);
}

static int compare_by_moment(const void *a, const void *b)
{
	const struct key *one = a, *other = b;
	int r = moment_compare(&one->first, &other->first);

	return r != 0 ? r : moment_compare(&one->moment, &other->moment);
}

static int compare_newest_first(const void *a, const void *b)
{
	const struct key *one = a, *other = b;
	int r = moment_compare(&other->first, &one->first);

	return r != 0 ? r : moment_compare(&one->moment, &other->moment);
}

struct ordering *ordering_new(const struct ordering_options *order, size_t memory)
{
	struct ordering *ordering = g_new0(struct ordering, 1);

	ordering->order = *order;
	ordering->file = temp_file_new();
	/* Half of it for each: both are full while one is moved to the other. */
	ordering->by_packet = external_sort_new(sizeof(struct key), compare_by_packet, memory / 2);
	ordering->by_moment = external_sort_new(sizeof(struct key),
		order->newest_first ? compare_newest_first : compare_by_moment, memory / 2);
	ordering->segments = g_array_new(FALSE, FALSE, sizeof(struct journal_segment));
	ordering->buffer = g_malloc(sizeof(*ordering->buffer));
	return ordering;
}

/* The number of a segment in the list, to which a new one is added. Records come segment by
 * segment, so only the last few segments are compared. */
static uint32_t segment_keep(struct ordering *ordering, const struct journal_segment *segment)
{
	static const guint looked_at = 64;

	if (!segment)
		return 0;
	for (guint i = ordering->segments->len, n = 0; i-- > 0 && n < looked_at; n++) {
		if (memcmp(&g_array_index(ordering->segments, struct journal_segment, i), segment,
			    sizeof(*segment)) == 0)
			return i + 1;
	}
	g_array_append_val(ordering->segments, *segment);
	return ordering->segments->len;
}

static int record_store(
	struct ordering *ordering, const struct journal_set_record *record, uint64_t *ret_offset)
{
	struct stored stored = {
		.record = *record,
		.segment = segment_keep(ordering, record->entry.segment),
		.size = record->entry.size,
	};
	uint64_t payload;
	int r;

	stored.record.entry.data = NULL;
	stored.record.entry.segment = NULL;
	r = temp_file_append(ordering->file, &stored, sizeof(stored), ret_offset);
	if (r >= 0 && stored.size > 0)
		r = temp_file_append(ordering->file, record->entry.data, stored.size, &payload);
	return r;
}

/* Sets the tracking id in the key of a tracked event. An event that can't be decoded has none. */
static void key_track(struct key *key, const struct journal_set_record *record)
{
	bool swapped = record->entry.byte_order != JOURNAL_BYTE_ORDER;
	struct event event;

	if (event_decode(record->entry.data, record->entry.size, swapped, &event) < 0 ||
		!(event.head.flags & EVENT_TRACKED))
		return;
	key->tracked = true;
	key->track_time = event.head.track_time;
	key->track_head = event.head.track_head;
}

int ordering_add(struct ordering *ordering, const struct journal_set_record *record)
{
	struct key key = {
		.moment = { .time = record->order, .sequence = ordering->sequence++ },
		.event = record->entry.type == JOURNAL_EVENT,
		.boot = record->boot,
	};
	int r = record_store(ordering, record, &key.offset);

	if (r < 0)
		return r;
	if (key.event && ordering->order.journeys)
		key_track(&key, record);
	if (key.tracked)
		return external_sort_add(ordering->by_packet, &key);
	key.first = key.moment;
	ordering->journeys += key.event;
	return external_sort_add(ordering->by_moment, &key);
}

/* Sets the first event of its journey in the key of every tracked event. */
static int journeys_find(struct ordering *ordering)
{
	struct key key, last = { 0 };
	int r;

	while ((r = external_sort_next(ordering->by_packet, &key)) > 0) {
		if (!last.tracked || packet_compare(&key, &last) != 0) {
			ordering->journeys++;
			last = key;
		}
		key.first = last.moment;
		r = external_sort_add(ordering->by_moment, &key);
		if (r < 0)
			return r;
	}
	ordering->by_packet = external_sort_free(ordering->by_packet);
	return r;
}

/* Counts journeys; true if that of the record is to be given. */
static bool key_wanted(struct ordering *ordering, const struct key *key)
{
	uint64_t last = ordering->order.last;
	bool begins = ordering->begun == 0 || moment_compare(&key->first, &ordering->first) != 0;

	if (key->event && begins) {
		ordering->begun++;
		ordering->first = key->first;
		ordering->number = 0;
	} else if (key->event) {
		ordering->number++;
	}
	if (ordering->order.newest_first)
		return ordering->begun <= last;
	/* Records between events belong to the event before them. */
	return ordering->journeys <= last || ordering->begun > ordering->journeys - last;
}

static int record_load(struct ordering *ordering, uint64_t offset, struct journal_set_record *ret)
{
	struct stored *stored = &ordering->buffer->stored;
	int r = temp_file_read(ordering->file, offset, stored, sizeof(*stored));

	if (r < 0)
		return r;
	if (stored->size > 0)
		r = temp_file_read(ordering->file, offset + sizeof(*stored),
			ordering->buffer->payload, stored->size);
	if (r < 0)
		return r;
	*ret = stored->record;
	ret->entry.data = ordering->buffer->payload;
	if (stored->segment > 0)
		ret->entry.segment = &g_array_index(
			ordering->segments, struct journal_segment, stored->segment - 1);
	return 1;
}

int ordering_next(
	struct ordering *ordering, struct journal_set_record *ret, struct ordering_step *ret_step)
{
	struct key key;
	int r;

	if (!ordering->ordered) {
		r = journeys_find(ordering);
		if (r < 0)
			return r;
		ordering->ordered = true;
	}
	while ((r = external_sort_next(ordering->by_moment, &key)) > 0) {
		if (!key_wanted(ordering, &key))
			continue;
		*ret_step = (struct ordering_step){
			.tracked = key.tracked,
			.number = key.tracked ? ordering->number : 0,
		};
		return record_load(ordering, key.offset, ret);
	}
	return r;
}

struct ordering *ordering_free(struct ordering *ordering)
{
	if (!ordering)
		return NULL;
	external_sort_free(ordering->by_packet);
	external_sort_free(ordering->by_moment);
	temp_file_free(ordering->file);
	g_array_unref(ordering->segments);
	g_free(ordering->buffer);
	g_free(ordering);
	return NULL;
}
