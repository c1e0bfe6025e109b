/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records and segment headers in memory: laid out, checksummed, and checked. Used by the writer,
 * the reader and follow streams. Stateless.
 */
#ifndef NFTTRACED_JOURNAL_FORMAT_RECORD_H
#define NFTTRACED_JOURNAL_FORMAT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/format/format.h"

/* Bytes that a record with `size` bytes of payload takes in a segment or a stream, padding
 * included. */
static inline size_t journal_record_span(uint32_t size)
{
	return (sizeof(struct journal_record) + (size_t)size + JOURNAL_ALIGN - 1) &
		~(size_t)(JOURNAL_ALIGN - 1);
}

/*
 * Writes a record to `out`, which has journal_record_span(size) bytes and is aligned to
 * JOURNAL_ALIGN: the header, the payload, and zeros up to the next record.
 */
void journal_record_write(void *out, enum journal_type type, uint16_t ring, uint32_t position,
	const void *payload, uint32_t size);

/* How many of `size` bytes are whole records. They begin with a record that this machine wrote. */
size_t journal_records_whole(const void *records, size_t size);

/* True if the checksum of the record at `record`, whose payload of `size` bytes follows it, is
 * right. `swapped`: the record has the other byte order. */
bool journal_record_verify(const struct journal_record *record, uint32_t size, bool swapped);

/* Fills in the header of a segment that begins now: magic, versions, boot id and clocks. */
void journal_segment_begin(struct journal_segment *segment, uint64_t session, uint64_t number);

#endif
