/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CRC-32C (Castagnoli), the checksum of journal records: the processor computes it eight bytes at a
 * time, over bytes that need not lie together. Stateless.
 */
#ifndef NFTTRACED_JOURNAL_FORMAT_CRC32C_H
#define NFTTRACED_JOURNAL_FORMAT_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continues the checksum `before` (0 to begin) with `size` more bytes. */
uint32_t crc32c(uint32_t before, const void *bytes, size_t size);

/* Copies `size` bytes to `out` and returns the checksum of the 8 bytes of `first`, in host order,
 * followed by them. */
uint32_t crc32c_copy(uint64_t first, void *restrict out, const void *restrict bytes, size_t size);

/* Both, for processors without an instruction for it. */
uint32_t crc32c_portable(uint32_t before, const void *bytes, size_t size);
uint32_t crc32c_copy_portable(
	uint64_t first, void *restrict out, const void *restrict bytes, size_t size);

#endif
