/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks of a pcapng file; see pcapng.h. */
#include "client/pcap/pcapng.h"

#include <glib.h>

enum block_type {
	BLOCK_INTERFACE = 1,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
};

/* Numbers of options: the first two are for all blocks, the others for their own. */
enum option {
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	SECTION_HARDWARE = 2,
	SECTION_OS = 3,
	SECTION_APPLICATION = 4,
	INTERFACE_NAME = 2,
	INTERFACE_DESCRIPTION = 3,
	INTERFACE_RESOLUTION = 9,
	INTERFACE_FILTER = 11,
	PACKET_ID = 5,
	STATISTICS_FIRST = 2,
	STATISTICS_LAST = 3,
	STATISTICS_OS_DROPPED = 7,
	STATISTICS_DELIVERED = 8,
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4dU
#define VERSION_MAJOR    1
#define VERSION_MINOR    0
#define LENGTH_UNKNOWN   UINT64_MAX
#define ALIGN            4
#define FILTER_STRING    0 /* the kind of filter: a libpcap expression */
#define NANOSECONDS      9 /* a resolution of 10^-9 s */

void pcapng_open(struct pcapng *pcapng, struct output *output)
{
	*pcapng = (struct pcapng){ .output = output };
	output_open(&pcapng->block, OUTPUT_MEMORY);
}

void pcapng_close(struct pcapng *pcapng)
{
	output_close(&pcapng->block);
}

static void put_u16(struct output *output, uint16_t value)
{
	output_bytes(output, (const char *)&value, sizeof(value));
}

static void put_u32(struct output *output, uint32_t value)
{
	output_bytes(output, (const char *)&value, sizeof(value));
}

static void put_u64(struct output *output, uint64_t value)
{
	output_bytes(output, (const char *)&value, sizeof(value));
}

/* A time is written in two halves, the upper one first, in any byte order. */
static void put_time(struct output *output, uint64_t time)
{
	put_u32(output, (uint32_t)(time >> 32));
	put_u32(output, (uint32_t)time);
}

static void put_padded(struct output *output, const void *bytes, size_t size)
{
	static const char zeros[ALIGN];

	if (size > 0)
		output_bytes(output, bytes, size);
	output_bytes(output, zeros, (ALIGN - size % ALIGN) % ALIGN);
}

static void put_option(struct output *output, enum option code, const void *value, size_t size)
{
	put_u16(output, (uint16_t)code);
	put_u16(output, (uint16_t)size);
	put_padded(output, value, size);
}

static void put_text(struct output *output, enum option code, const char *text)
{
	if (text && *text)
		put_option(output, code, text, MIN(strlen(text), PCAPNG_OPTION_MAX));
}

static void put_number(struct output *output, enum option code, uint64_t number)
{
	put_option(output, code, &number, sizeof(number));
}

static void put_time_option(struct output *output, enum option code, uint64_t time)
{
	put_u16(output, (uint16_t)code);
	put_u16(output, sizeof(time));
	put_time(output, time);
}

/* Writes out the finished block. */
static void block_end(struct pcapng *pcapng, enum block_type type)
{
	struct output *block = &pcapng->block;
	uint32_t length = (uint32_t)(3 * sizeof(uint32_t) + block->used);

	put_u32(pcapng->output, type);
	put_u32(pcapng->output, length);
	output_bytes(pcapng->output, block->bytes, block->used);
	put_u32(pcapng->output, length);
	block->used = 0;
}

static void options_end(struct output *block)
{
	put_option(block, OPTION_END, NULL, 0);
}

void pcapng_section(
	struct pcapng *pcapng, const char *hardware, const char *os, const char *application)
{
	struct output *block = &pcapng->block;

	put_u32(block, BYTE_ORDER_MAGIC);
	put_u16(block, VERSION_MAJOR);
	put_u16(block, VERSION_MINOR);
	put_u64(block, LENGTH_UNKNOWN);
	put_text(block, SECTION_HARDWARE, hardware);
	put_text(block, SECTION_OS, os);
	put_text(block, SECTION_APPLICATION, application);
	options_end(block);
	block_end(pcapng, BLOCK_SECTION);
}

static void put_filter(struct output *block, const char *filter)
{
	g_autofree char *value = NULL;

	if (!filter || !*filter)
		return;
	value = g_strdup_printf("%c%s", FILTER_STRING, filter);
	put_option(block, INTERFACE_FILTER, value, MIN(1 + strlen(filter), PCAPNG_OPTION_MAX));
}

void pcapng_interface(struct pcapng *pcapng, const struct pcapng_interface *interface)
{
	const uint8_t resolution = NANOSECONDS;
	struct output *block = &pcapng->block;

	put_u16(block, interface->link_type);
	put_u16(block, 0);
	put_u32(block, interface->snapshot);
	put_text(block, INTERFACE_NAME, interface->name);
	put_text(block, INTERFACE_DESCRIPTION, interface->description);
	put_option(block, INTERFACE_RESOLUTION, &resolution, sizeof(resolution));
	put_filter(block, interface->filter);
	options_end(block);
	block_end(pcapng, BLOCK_INTERFACE);
}

void pcapng_packet(struct pcapng *pcapng, const struct pcapng_packet *packet)
{
	struct output *block = &pcapng->block;

	put_u32(block, packet->interface);
	put_time(block, packet->time);
	put_u32(block, packet->captured);
	put_u32(block, packet->length);
	put_padded(block, packet->bytes, packet->captured);
	put_text(block, OPTION_COMMENT, packet->comment);
	if (packet->id != 0)
		put_number(block, PACKET_ID, packet->id);
	options_end(block);
	block_end(pcapng, BLOCK_PACKET);
}

void pcapng_statistics(struct pcapng *pcapng, const struct pcapng_statistics *statistics)
{
	struct output *block = &pcapng->block;

	put_u32(block, statistics->interface);
	put_time(block, statistics->time);
	put_text(block, OPTION_COMMENT, statistics->comment);
	put_time_option(block, STATISTICS_FIRST, statistics->first);
	put_time_option(block, STATISTICS_LAST, statistics->last);
	if (statistics->dropped != UINT64_MAX)
		put_number(block, STATISTICS_OS_DROPPED, statistics->dropped);
	put_number(block, STATISTICS_DELIVERED, statistics->delivered);
	options_end(block);
	block_end(pcapng, BLOCK_STATISTICS);
}
