/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CRC-32C (Castagnoli), the checksum of journal records: the processor computes it eight bytes at a
 * time, over bytes that need not lie together. Stateless.
 */
#ifndef NFTTRACED_JOURNAL_FORMAT_CRC32C_H
#define NFTTRACED_JOURNAL_FORMAT_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of the bytes that `before` is the checksum of, 0 for none, and these `size` ones. */
uint32_t crc32c(uint32_t before, const void *bytes, size_t size);

/* Copies `size` bytes to `out` on the way, and gives the checksum of the 8 bytes of `first`, as this
 * machine stores them, and of these. */
uint32_t crc32c_copy(uint64_t first, void *restrict out, const void *restrict bytes, size_t size);

/* The same two on a processor without an instruction for it. */
uint32_t crc32c_portable(uint32_t before, const void *bytes, size_t size);
uint32_t crc32c_copy_portable(
	uint64_t first, void *restrict out, const void *restrict bytes, size_t size);

#endif
