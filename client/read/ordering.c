/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records in another order; see ordering.h. Keys are sorted twice: by tracking id, which brings the
 * events of a journey together and tells which one is its first; then by that first event.
 */
#include "client/read/ordering.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "client/read/external-sort.h"
#include "client/read/temp-file.h"
#include "journal/event/decode.h"

/* What is recorded first comes first; `sequence` tells apart what has one time. */
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
	uint16_t event; /* 0: it is none */
	uint16_t tracked;
};

/* A record as it is in the file; its payload follows. */
struct stored {
	struct journals_record record; /* without pointers */
	uint32_t segment; /* in arrange.segments, from 1; 0: none */
	uint32_t size; /* of the payload */
};

struct arrange {
	struct arrange_order order;
	struct spool *spool;
	struct sorter *by_packet; /* tracked events */
	struct sorter *by_moment; /* everything */
	GArray *segments; /* struct journal_segment */
	uint64_t sequence;
	uint64_t journeys; /* an event that is not tracked is one */
	bool arranged;

	/* What is being given. */
	uint64_t begun; /* journeys */
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

struct arrange *arrange_new(const struct arrange_order *order, size_t memory)
{
	struct arrange *arrange = g_new0(struct arrange, 1);

	arrange->order = *order;
	arrange->spool = spool_new();
	/* Half of it for each: both are full while one is poured into the other. */
	arrange->by_packet = sorter_new(sizeof(struct key), compare_by_packet, memory / 2);
	arrange->by_moment = sorter_new(sizeof(struct key),
		order->newest_first ? compare_newest_first : compare_by_moment, memory / 2);
	arrange->segments = g_array_new(FALSE, FALSE, sizeof(struct journal_segment));
	arrange->buffer = g_malloc(sizeof(*arrange->buffer));
	return arrange;
}

/* The number of a segment in the list, where it comes at the end if it is new. A journal's records
 * come segment by segment: only the last few can be it. */
static uint32_t segment_keep(struct arrange *arrange, const struct journal_segment *segment)
{
	static const guint looked_at = 64;

	if (!segment)
		return 0;
	for (guint i = arrange->segments->len, n = 0; i-- > 0 && n < looked_at; n++) {
		if (memcmp(&g_array_index(arrange->segments, struct journal_segment, i), segment,
			    sizeof(*segment)) == 0)
			return i + 1;
	}
	g_array_append_val(arrange->segments, *segment);
	return arrange->segments->len;
}

static int record_store(
	struct arrange *arrange, const struct journals_record *record, uint64_t *ret_offset)
{
	struct stored stored = {
		.record = *record,
		.segment = segment_keep(arrange, record->entry.segment),
		.size = record->entry.size,
	};
	uint64_t payload;
	int r;

	stored.record.entry.data = NULL;
	stored.record.entry.segment = NULL;
	r = spool_append(arrange->spool, &stored, sizeof(stored), ret_offset);
	if (r >= 0 && stored.size > 0)
		r = spool_append(arrange->spool, record->entry.data, stored.size, &payload);
	return r;
}

/* The key of an event that is tracked, if it is: what can't be decoded stands alone. */
static void key_track(struct key *key, const struct journals_record *record)
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

int arrange_add(struct arrange *arrange, const struct journals_record *record)
{
	struct key key = {
		.moment = { .time = record->order, .sequence = arrange->sequence++ },
		.event = record->entry.type == JOURNAL_EVENT,
		.boot = record->boot,
	};
	int r = record_store(arrange, record, &key.offset);

	if (r < 0)
		return r;
	if (key.event && arrange->order.journeys)
		key_track(&key, record);
	if (key.tracked)
		return sorter_add(arrange->by_packet, &key);
	key.first = key.moment;
	arrange->journeys += key.event;
	return sorter_add(arrange->by_moment, &key);
}

/* Tells every tracked event which one is its journey's first. */
static int journeys_find(struct arrange *arrange)
{
	struct key key, last = { 0 };
	int r;

	while ((r = sorter_next(arrange->by_packet, &key)) > 0) {
		if (!last.tracked || packet_compare(&key, &last) != 0) {
			arrange->journeys++;
			last = key;
		}
		key.first = last.moment;
		r = sorter_add(arrange->by_moment, &key);
		if (r < 0)
			return r;
	}
	arrange->by_packet = sorter_free(arrange->by_packet);
	return r;
}

/* Counts; true if the record's journey is one of those that were asked for. */
static bool key_wanted(struct arrange *arrange, const struct key *key)
{
	uint64_t last = arrange->order.last;
	bool begins = arrange->begun == 0 || moment_compare(&key->first, &arrange->first) != 0;

	if (key->event && begins) {
		arrange->begun++;
		arrange->first = key->first;
		arrange->number = 0;
	} else if (key->event) {
		arrange->number++;
	}
	if (arrange->order.newest_first)
		return arrange->begun <= last;
	/* What is told between events goes with the event before it. */
	return arrange->journeys <= last || arrange->begun > arrange->journeys - last;
}

static int record_load(struct arrange *arrange, uint64_t offset, struct journals_record *ret)
{
	struct stored *stored = &arrange->buffer->stored;
	int r = spool_read(arrange->spool, offset, stored, sizeof(*stored));

	if (r < 0)
		return r;
	if (stored->size > 0)
		r = spool_read(arrange->spool, offset + sizeof(*stored), arrange->buffer->payload,
			stored->size);
	if (r < 0)
		return r;
	*ret = stored->record;
	ret->entry.data = arrange->buffer->payload;
	if (stored->segment > 0)
		ret->entry.segment = &g_array_index(
			arrange->segments, struct journal_segment, stored->segment - 1);
	return 1;
}

int arrange_next(
	struct arrange *arrange, struct journals_record *ret, struct arrange_step *ret_step)
{
	struct key key;
	int r;

	if (!arrange->arranged) {
		r = journeys_find(arrange);
		if (r < 0)
			return r;
		arrange->arranged = true;
	}
	while ((r = sorter_next(arrange->by_moment, &key)) > 0) {
		if (!key_wanted(arrange, &key))
			continue;
		*ret_step = (struct arrange_step){
			.tracked = key.tracked,
			.number = key.tracked ? arrange->number : 0,
		};
		return record_load(arrange, key.offset, ret);
	}
	return r;
}

struct arrange *arrange_free(struct arrange *arrange)
{
	if (!arrange)
		return NULL;
	sorter_free(arrange->by_packet);
	sorter_free(arrange->by_moment);
	spool_free(arrange->spool);
	g_array_unref(arrange->segments);
	g_free(arrange->buffer);
	g_free(arrange);
	return NULL;
}
