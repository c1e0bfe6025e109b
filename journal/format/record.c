/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records and segment headers in memory, see format/record.h. Stateless. */
#include "journal/format/record.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>

#include "journal/base/cleanup.h"
#include "journal/base/clock.h"
#include "journal/format/crc32c.h"

_Static_assert(offsetof(struct journal_record, type_ring) + sizeof(uint64_t) ==
		sizeof(struct journal_record),
	"what the checksum covers of a record's header is one word");

/* The part of the header that the checksum covers: all behind the checksum. */
#define RECORD_COVERED (sizeof(struct journal_record) - offsetof(struct journal_record, type_ring))

void journal_record_write(void *out, enum journal_type type, uint16_t ring, uint32_t position,
	const void *payload, uint32_t size)
{
	struct journal_record *record = out;
	uint8_t *end = (uint8_t *)(record + 1) + size;
	uint64_t covered;

	record->size = size;
	record->type_ring = ((uint32_t)ring << 8) | (uint32_t)type;
	record->position = position;
	memcpy(&covered, &record->type_ring, sizeof(covered));
	record->checksum = crc32c_copy(covered, record + 1, payload, size);
	for (; (uintptr_t)end % JOURNAL_ALIGN != 0; end++)
		*end = 0;
}

size_t journal_records_whole(const void *records, size_t size)
{
	const uint8_t *bytes = records;
	size_t whole = 0;

	while (size - whole >= sizeof(struct journal_record)) {
		const struct journal_record *record = (const void *)(bytes + whole);
		size_t span = journal_record_span(record->size);

		if (span > size - whole)
			break;
		whole += span;
	}
	return whole;
}

bool journal_record_verify(const struct journal_record *record, uint32_t size, bool swapped)
{
	uint32_t stored = swapped ? __builtin_bswap32(record->checksum) : record->checksum;

	return crc32c(0, &record->type_ring, RECORD_COVERED + size) == stored;
}

/* The kernel's text, 8-4-4-4-12 hex digits, as 16 bytes; zeros if it can't be read. */
static void boot_id_read(uint8_t ret[16])
{
	auto_fd fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char text[64];
	ssize_t length;
	size_t digits = 0;

	if (fd < 0)
		return;
	length = read(fd, text, sizeof(text));
	for (ssize_t i = 0; i < length && digits < 32; i++) {
		int value = g_ascii_xdigit_value(text[i]);

		if (value < 0)
			continue;
		ret[digits / 2] = (uint8_t)(ret[digits / 2] << 4 | value);
		digits++;
	}
}

void journal_segment_begin(struct journal_segment *segment, uint64_t session, uint64_t number)
{
	*segment = (struct journal_segment){
		.byte_order = JOURNAL_BYTE_ORDER,
		.version = JOURNAL_VERSION,
		.header_size = sizeof(*segment),
		.number = number,
		.session = session,
	};
	uint64_t realtime = 0, monotonic = 0;

	clock_pair(&realtime, &monotonic);
	segment->realtime = realtime;
	segment->monotonic = monotonic;
	memcpy(segment->magic, JOURNAL_MAGIC, sizeof(segment->magic));
	boot_id_read(segment->boot_id);
}
