/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRC-32C, see crc32c.h. */
#include "journal/format/crc32c.h"

#include <glib.h>
#include <string.h>

/* The polynomial 0x1edc6f41 with its bits in the order in which bytes are sent. */
#define POLYNOMIAL 0x82f63b78U

/* Bytes that the portable functions process at a time, each with its own table. */
#define SLICES 8

static uint32_t tables[SLICES][256];

static void tables_fill(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;

		for (unsigned int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		tables[0][byte] = crc;
	}
	for (unsigned int slice = 1; slice < SLICES; slice++)
		for (unsigned int byte = 0; byte < 256; byte++)
			tables[slice][byte] = tables[slice - 1][byte] >> 8 ^
				tables[0][tables[slice - 1][byte] & 0xff];
}

uint32_t crc32c_portable(uint32_t before, const void *bytes, size_t size)
{
	static gsize filled;
	const uint8_t *at = bytes;
	uint32_t crc = ~before;

	if (g_once_init_enter(&filled)) {
		tables_fill();
		g_once_init_leave(&filled, 1);
	}
	for (; size >= SLICES; at += SLICES, size -= SLICES) {
		uint32_t next = 0;

		for (unsigned int i = 0; i < SLICES; i++) {
			uint8_t byte = i < sizeof(crc) ? at[i] ^ (uint8_t)(crc >> 8 * i) : at[i];

			next ^= tables[SLICES - 1 - i][byte];
		}
		crc = next;
	}
	for (; size > 0; at++, size--)
		crc = crc >> 8 ^ tables[0][(crc ^ *at) & 0xff];
	return ~crc;
}

uint32_t crc32c_copy_portable(
	uint64_t first, void *restrict out, const void *restrict bytes, size_t size)
{
	memcpy(out, bytes, size);
	return crc32c_portable(crc32c_portable(0, &first, sizeof(first)), bytes, size);
}

#if defined(__x86_64__)

#define WITH_INSTRUCTION __attribute__((target("sse4.2")))

/* Bytes in an iteration of a loop: few iterations, and a copy of few instructions. */
#define BLOCK (4 * sizeof(uint64_t))

static uint64_t word_at(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

WITH_INSTRUCTION static uint64_t block_add(uint64_t crc, const uint8_t *at)
{
	crc = __builtin_ia32_crc32di(crc, word_at(at));
	crc = __builtin_ia32_crc32di(crc, word_at(at + sizeof(crc)));
	crc = __builtin_ia32_crc32di(crc, word_at(at + 2 * sizeof(crc)));
	return __builtin_ia32_crc32di(crc, word_at(at + 3 * sizeof(crc)));
}

/* Less than a block. */
WITH_INSTRUCTION static uint64_t rest_add(uint64_t crc, const uint8_t *at, size_t size)
{
	for (; size >= sizeof(crc); at += sizeof(crc), size -= sizeof(crc))
		crc = __builtin_ia32_crc32di(crc, word_at(at));
	for (; size > 0; at++, size--)
		crc = __builtin_ia32_crc32qi((uint32_t)crc, *at);
	return crc;
}

WITH_INSTRUCTION static uint32_t crc32c_instruction(uint32_t before, const uint8_t *at, size_t size)
{
	uint64_t crc = ~before;

	for (; size >= BLOCK; at += BLOCK, size -= BLOCK)
		crc = block_add(crc, at);
	return ~(uint32_t)rest_add(crc, at, size);
}

WITH_INSTRUCTION static uint32_t copy_instruction(
	uint64_t first, uint8_t *restrict out, const uint8_t *restrict at, size_t size)
{
	uint64_t crc = __builtin_ia32_crc32di(UINT32_MAX, first);

	for (; size >= BLOCK; at += BLOCK, out += BLOCK, size -= BLOCK) {
		memcpy(out, at, BLOCK);
		crc = block_add(crc, at);
	}
	for (; size >= sizeof(crc); at += sizeof(crc), out += sizeof(crc), size -= sizeof(crc)) {
		memcpy(out, at, sizeof(crc));
		crc = __builtin_ia32_crc32di(crc, word_at(at));
	}
	for (size_t i = 0; i < size; i++)
		out[i] = at[i];
	return ~(uint32_t)rest_add(crc, at, size);
}

uint32_t crc32c(uint32_t before, const void *bytes, size_t size)
{
	if (__builtin_cpu_supports("sse4.2"))
		return crc32c_instruction(before, bytes, size);
	return crc32c_portable(before, bytes, size);
}

uint32_t crc32c_copy(uint64_t first, void *restrict out, const void *restrict bytes, size_t size)
{
	if (__builtin_cpu_supports("sse4.2"))
		return copy_instruction(first, out, bytes, size);
	return crc32c_copy_portable(first, out, bytes, size);
}

#else

uint32_t crc32c(uint32_t before, const void *bytes, size_t size)
{
	return crc32c_portable(before, bytes, size);
}

uint32_t crc32c_copy(uint64_t first, void *restrict out, const void *restrict bytes, size_t size)
{
	return crc32c_copy_portable(first, out, bytes, size);
}

#endif
