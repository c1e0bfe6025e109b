/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several journals as one; see journal-set.h. */
#include "client/read/journal-set.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "bpf/shared/event.h"
#include "client/read/event-filter.h"
#include "client/read/source.h"
#include "client/terminal/progress.h"
#include "journal/base/escape.h"

#define BOOT_ID_SIZE sizeof(((struct journal_segment *)NULL)->boot_id)

/* How many records are read before the clock is read for the progress line. */
#define PROGRESS_RECORDS 4096

/* A boot of a machine. All its journals have one clock offset, so that their events keep the order
 * of their common monotonic clock even if the wall clock was moved. */
struct boot {
	uint8_t id[BOOT_ID_SIZE];
	uint64_t offset; /* CLOCK_REALTIME - CLOCK_MONOTONIC, ns, modulo 2^64 */
	uint64_t measured; /* when, by CLOCK_MONOTONIC */
};

/* A journal and its next record. */
struct source {
	struct journal_reader *reader;
	struct journal_entry entry;
	int state; /* as journal_reader_next returned it */
	bool taken; /* the record was given to the caller: read the next one */
	bool timed; /* an event has been seen */
	uint64_t monotonic; /* of the last event seen */
	unsigned int boot;
	uint64_t segment; /* number of the segment whose clocks were taken */
	uint64_t segment_time;
};

/* An event that was given, to find copies of it in other journals. */
struct given {
	unsigned int journal;
	unsigned int boot;
	uint16_t ring;
	uint32_t position;
	struct event_head head;
};

struct journal_set {
	struct source *sources;
	unsigned int count;
	GArray *boots; /* struct boot */
	GArray *given; /* struct given: those at `given_time` */
	uint64_t given_time;
	const struct event_filter *filter; /* NULL: every event */
	struct progress progress;
	unsigned int records; /* since the progress was updated */
};

static struct journal_set *journal_set_with(unsigned int count)
{
	struct journal_set *journals = g_new0(struct journal_set, 1);

	journals->sources = g_new0(struct source, count);
	journals->count = count;
	journals->boots = g_array_new(FALSE, TRUE, sizeof(struct boot));
	journals->given = g_array_new(FALSE, TRUE, sizeof(struct given));
	progress_begin(&journals->progress, -1);
	for (unsigned int i = 0; i < count; i++)
		journals->sources[i].taken = true;
	return journals;
}

unsigned int journal_set_count(const struct journal_set *journals)
{
	return journals->count;
}

struct name_table *journal_set_names(const struct journal_set *journals, unsigned int journal)
{
	return journal_reader_names(journals->sources[journal].reader);
}

static struct boot *boot_at(const struct journal_set *journals, unsigned int index)
{
	return &g_array_index(journals->boots, struct boot, index);
}

/* The boot of a segment, which is added if it is new. */
static unsigned int boot_of(struct journal_set *journals, const struct journal_segment *segment)
{
	struct boot boot = { 0 };

	for (unsigned int i = 0; i < journals->boots->len; i++) {
		if (memcmp(boot_at(journals, i)->id, segment->boot_id, BOOT_ID_SIZE) == 0)
			return i;
	}
	memcpy(boot.id, segment->boot_id, BOOT_ID_SIZE);
	g_array_append_val(journals->boots, boot);
	return journals->boots->len - 1;
}

/* Takes the clocks of the segment that the source has reached. */
static void source_note_segment(struct journal_set *journals, struct source *source)
{
	const struct journal_segment *segment = source->entry.segment;
	struct boot *boot;

	if (!segment ||
		(segment->number == source->segment && segment->monotonic == source->segment_time))
		return;
	source->segment = segment->number;
	source->segment_time = segment->monotonic;
	/* A record that the reader made, such as of a loss, has no clocks. */
	if (segment->realtime == 0)
		return;
	source->boot = boot_of(journals, segment);
	boot = boot_at(journals, source->boot);
	if (segment->monotonic >= boot->measured) {
		boot->measured = segment->monotonic;
		boot->offset = segment->realtime - segment->monotonic;
	}
}

static bool is_event(const struct journal_entry *entry)
{
	return entry->type == JOURNAL_EVENT && entry->size >= sizeof(struct event_head);
}

static void source_advance(struct journal_set *journals, struct source *source)
{
	source->taken = false;
	source->state = journal_reader_next(source->reader, &source->entry);
	if (source->state <= 0)
		return;
	source_note_segment(journals, source);
	if (is_event(&source->entry)) {
		const struct event_head *head = source->entry.data;

		source->timed = true;
		source->monotonic = source->entry.byte_order == JOURNAL_BYTE_ORDER
			? head->time
			: __builtin_bswap64(head->time);
	}
}

static uint64_t source_time(const struct journal_set *journals, const struct source *source)
{
	if (!source->timed)
		return 0;
	if (source->boot >= journals->boots->len)
		return source->monotonic;
	return boot_at(journals, source->boot)->offset + source->monotonic;
}

/* The wall clock at the source's last event, with its changes. */
static uint64_t source_realtime(const struct source *source, uint64_t order)
{
	const struct journal_segment *segment = source->entry.segment;
	struct name_table *name_table = journal_reader_names(source->reader);

	if (!source->timed || !segment || segment->realtime == 0)
		return order;
	return clocks_offset(name_table_clocks(name_table), segment, source->monotonic) +
		source->monotonic;
}

/* Reads the next record of every source whose record was given. */
static void sources_fill(struct journal_set *journals)
{
	for (unsigned int i = 0; i < journals->count; i++) {
		if (journals->sources[i].taken)
			source_advance(journals, &journals->sources[i]);
	}
}

int journal_set_open(char *const *sources, struct journal_set **ret, char **ret_reason)
{
	auto_journal_set *journals = NULL;
	unsigned int count = 0;

	while (sources[count])
		count++;
	journals = journal_set_with(count);
	for (unsigned int i = 0; i < count; i++) {
		int r = source_open(sources[i], &journals->sources[i].reader, ret_reason);

		if (r < 0)
			return r;
	}
	/* The boots are known from the first records. */
	sources_fill(journals);
	*ret = g_steal_pointer(&journals);
	return 0;
}

struct journal_set *journal_set_new(struct journal_reader *reader)
{
	struct journal_set *journals = journal_set_with(1);

	journals->sources[0].reader = reader;
	return journals;
}

void journal_set_continue(struct journal_set *journals, int fd)
{
	journal_reader_continue(journals->sources[0].reader, fd);
	journals->sources[0].taken = true;
}

unsigned int journal_set_boots(const struct journal_set *journals)
{
	return journals->boots->len;
}

unsigned int journal_set_boot(const struct journal_set *journals, unsigned int journal)
{
	return journals->sources[journal].boot;
}

/* The source with the oldest record, the first of these as named; NULL if no source has one. A
 * source that failed comes before all others, so that the failure is reported. */
static struct source *sources_first(struct journal_set *journals)
{
	struct source *first = NULL;
	uint64_t first_time = 0;

	for (unsigned int i = 0; i < journals->count; i++) {
		struct source *source = &journals->sources[i];
		uint64_t time;

		if (source->state < 0)
			return source;
		if (source->state == 0)
			continue;
		time = source_time(journals, source);
		if (!first || time < first_time) {
			first = source;
			first_time = time;
		}
	}
	return first;
}

static bool same_event(const struct given *given, unsigned int boot, const struct source *source)
{
	return given->boot == boot && given->ring == source->entry.ring &&
		given->position == source->entry.position &&
		memcmp(&given->head, source->entry.data, sizeof(given->head)) == 0;
}

/* True if another journal had the same event. Else the event is remembered as given. */
static bool given_before(struct journal_set *journals, unsigned int journal, uint64_t time)
{
	const struct source *source = &journals->sources[journal];
	struct given given = {
		.journal = journal,
		.boot = source->boot,
		.ring = source->entry.ring,
		.position = source->entry.position,
	};

	if (time != journals->given_time)
		g_array_set_size(journals->given, 0);
	journals->given_time = time;
	for (unsigned int i = 0; i < journals->given->len; i++) {
		const struct given *other = &g_array_index(journals->given, struct given, i);

		if (other->journal != journal && same_event(other, source->boot, source))
			return true;
	}
	memcpy(&given.head, source->entry.data, sizeof(given.head));
	g_array_append_val(journals->given, given);
	return false;
}

/* The next record in order, whatever the filter says. */
static int read_next(struct journal_set *journals, struct journal_set_record *ret)
{
	for (;;) {
		struct source *source;
		unsigned int journal;
		uint64_t time;

		sources_fill(journals);
		source = sources_first(journals);
		if (!source)
			return 0;
		journal = (unsigned int)(source - journals->sources);
		source->taken = true;
		if (source->state < 0) {
			ret->journal = journal;
			return source->state;
		}
		time = source_time(journals, source);
		if (journals->count > 1 && is_event(&source->entry) &&
			given_before(journals, journal, time))
			continue;
		*ret = (struct journal_set_record){
			.entry = source->entry,
			.journal = journal,
			.boot = source->boot,
			.time = source_realtime(source, time),
			.order = time,
		};
		return 1;
	}
}

void journal_set_select(
	struct journal_set *journals, const struct event_filter *filter, int progress)
{
	journals->filter = filter;
	progress_begin(&journals->progress, progress);
}

static void update_progress(struct journal_set *journals)
{
	uint64_t read_sum = 0, total_sum = 0;

	for (unsigned int i = 0; i < journals->count; i++) {
		uint64_t read, total;

		journal_reader_progress(journals->sources[i].reader, &read, &total);
		read_sum += read;
		total_sum += total;
	}
	progress_update(&journals->progress, read_sum, total_sum);
}

int journal_set_next(struct journal_set *journals, struct journal_set_record *ret)
{
	int r;

	while ((r = read_next(journals, ret)) > 0) {
		if (++journals->records == PROGRESS_RECORDS) {
			journals->records = 0;
			update_progress(journals);
		}
		if (event_filter_record(
			    journals->filter, journal_set_names(journals, ret->journal), ret))
			return r;
	}
	journal_set_end_progress(journals);
	return r;
}

void journal_set_end_progress(struct journal_set *journals)
{
	progress_end(&journals->progress);
}

char *journal_set_failure(char *const *sources, unsigned int journal, int error)
{
	g_autofree char *source = text_escape_dup(sources[journal]);

	return g_strdup_printf("%s can't be read further: %s", source, g_strerror(-error));
}

struct journal_set *journal_set_free(struct journal_set *journals)
{
	if (!journals)
		return NULL;
	for (unsigned int i = 0; i < journals->count; i++)
		journal_reader_free(journals->sources[i].reader);
	g_free(journals->sources);
	g_array_unref(journals->boots);
	g_array_unref(journals->given);
	g_free(journals);
	return NULL;
}
