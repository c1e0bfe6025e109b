/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the functions of the commands that read journals: the bytes are a few records, each after
 * its type and length, as a journal from an untrusted source may hold them. They are selected,
 * sorted, printed, counted and written as a capture. Run as: fuzz_reading CORPUS_DIRECTORY.
 */
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client/pcap/capture.h"
#include "client/print/printer.h"
#include "client/read/event-filter.h"
#include "client/read/ordering.h"
#include "client/stats/stats.h"
#include "journal/format/record.h"

#define TINY_MEMORY 256
#define TOP         5
#define COLUMNS     40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct journal_segment segment = {
	.magic = JOURNAL_MAGIC,
	.byte_order = JOURNAL_BYTE_ORDER,
	.version = JOURNAL_VERSION,
	.header_size = sizeof(segment),
	.number = 1,
	.session = 1,
	.boot_id = { 1 },
	.realtime = 2000,
	.monotonic = 1000,
};

/* Journals without a record. */
static struct journal_set *journals_empty(void)
{
	int fd = memfd_create("journal", MFD_CLOEXEC);
	struct journal_reader *reader = NULL;
	g_autofree char *reason = NULL;

	if (fd < 0 || write(fd, &segment, sizeof(segment)) != sizeof(segment) ||
		lseek(fd, 0, SEEK_SET) < 0 || journal_reader_open_stream(fd, &reader, &reason) < 0)
		abort();
	return journal_set_new(reader);
}

struct reading {
	struct journal_set *journals;
	struct output *output;
	struct printer *printer;
	struct ordering *ordering;
	struct stats *stats;
	struct capture *capture;
	struct event_filter *filter;
};

static void record_use(struct reading *reading, const struct journal_set_record *record)
{
	struct name_table *name_table = journal_set_names(reading->journals, 0);

	if (record->entry.type != JOURNAL_LOSS)
		name_table_take(
			name_table, record->entry.type, record->entry.data, record->entry.size);
	if (ordering_add(reading->ordering, record) < 0)
		abort();
	stats_take(reading->stats, record);
	capture_take(reading->capture, record);
	if (event_filter_record(reading->filter, name_table, record))
		printer_print(reading->printer, record, NULL);
	reading->output->used = 0;
}

/* Takes the records from the bytes. */
static void records_use(struct reading *reading, const uint8_t *data, size_t size)
{
	uint64_t time = 0;

	while (size > 3) {
		size_t length = MIN((size_t)(data[1] | data[2] << 8), size - 3);
		/* Laid out like an item: aligned, and no longer than its length. */
		g_autofree uint8_t *payload = g_memdup2(data + 3, MAX(length, 1));
		const struct journal_set_record record = {
			.entry = {
				.type = data[0] % (JOURNAL_POSITION + 1),
				.data = payload,
				.size = (uint32_t)length,
				.byte_order = data[0] & 0x80 ? __builtin_bswap32(JOURNAL_BYTE_ORDER)
							     : JOURNAL_BYTE_ORDER,
				.segment = &segment,
				.loss = { .reason = data[1], .count = data[2] },
			},
			.time = time += data[1],
		};

		record_use(reading, &record);
		data += 3 + length;
		size -= 3 + length;
	}
}

static void ordered_use(struct reading *reading)
{
	struct journal_set_record record;
	struct ordering_step step;

	while (ordering_next(reading->ordering, &record, &step) > 0) {
		printer_print(reading->printer, &record, &step);
		reading->output->used = 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ordering_options order = { .journeys = true,
		.last = size % 2 ? 3 : UINT64_MAX };
	const struct print_form print_form = { .text = { TEXT_TIME_UTC, TEXT_COLOUR_ON,
						       TEXT_RULES_ON } };
	const struct stats_form form = { TOP, COLUMNS, TIMELINE_UTF8 };
	char *names[] = { (char *)"firewalld", NULL };
	const struct event_filter_options wanted = {
		.verdicts = size % 3 ? NULL : (char *)"drop",
		.filter = size % 5 ? NULL : (char *)"udp port 53 or tcp[13] & 2 != 0",
		.tables = size % 7 ? NULL : names,
	};
	g_autofree char *reason = NULL;
	auto_journal_set *journals = journals_empty();
	auto_output output = { 0 };
	auto_printer printer = { 0 };
	auto_stats *stats = stats_new(journals, 2);
	auto_capture *capture = capture_new(journals, &output);
	auto_event_filter *filter = NULL;
	struct reading reading;

	output_open(&output, OUTPUT_MEMORY);
	printer_open(&printer, &output, journals, &print_form);
	if (event_filter_new(&wanted, WHEN_UTC, &filter, &reason) < 0)
		abort();
	reading = (struct reading){ journals, &output, &printer, ordering_new(&order, TINY_MEMORY),
		stats, capture, filter };
	records_use(&reading, data, size);
	ordered_use(&reading);
	stats_print(stats, &form, &output);
	capture_end(capture);
	ordering_free(reading.ordering);
	return 0;
}
