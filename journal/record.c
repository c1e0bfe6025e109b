/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records and segment headers in memory, see record.h. Stateless. */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "cleanup.h"
#include "clock.h"

/* What the checksum covers of the record's own header: everything behind the checksum. */
#define RECORD_COVERED (sizeof(struct journal_record) - offsetof(struct journal_record, type_ring))

static uint32_t record_checksum(const struct journal_record *record, uint32_t size)
{
	return (uint32_t)XXH3_64bits(&record->type_ring, RECORD_COVERED + size);
}

void journal_record_write(void *out, enum journal_type type, uint16_t ring, uint32_t position,
	const void *payload, uint32_t size)
{
	struct journal_record *record = out;

	memcpy(record + 1, payload, size);
	record->type_ring = ((uint32_t)ring << 8) | (uint32_t)type;
	record->position = position;
	record->checksum = record_checksum(record, size);
	__atomic_store_n(&record->size, size, __ATOMIC_RELEASE);
}

bool journal_record_verify(const struct journal_record *record, uint32_t size, bool swapped)
{
	uint32_t stored = swapped ? __builtin_bswap32(record->checksum) : record->checksum;

	return record_checksum(record, size) == stored;
}

/* The kernel's text, 8-4-4-4-12 hex digits, as 16 bytes; zero where there is none. */
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
		.realtime = clock_ns(CLOCK_REALTIME),
		.monotonic = clock_ns(CLOCK_MONOTONIC),
	};
	memcpy(segment->magic, JOURNAL_MAGIC, sizeof(segment->magic));
	boot_id_read(segment->boot_id);
}
