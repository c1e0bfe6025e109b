/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event records for tests; see synthetic.h. */
#include "tests/unit/kit/synthetic.h"

#include <string.h>

/* Appends bytes to the section that was begun last. */
static void append(struct synthetic *event, const void *bytes, size_t length)
{
	if (length > 0)
		memcpy(event->bytes + event->size, bytes, length);
	event->size += length;
}

static uint8_t text_length(const char *text)
{
	return text ? (uint8_t)strlen(text) : 0;
}

/* Pads the record and returns its size. */
static void finish(struct synthetic *event)
{
	struct event_head *head = (struct event_head *)event->bytes;

	while (event->size % EVENT_ALIGN != 0)
		event->bytes[event->size++] = 0;
	head->size = (uint32_t)event->size;
}

void synthetic_begin(struct synthetic *event, const struct event_head *head)
{
	struct event_head copy = *head;

	copy.version = EVENT_VERSION;
	event->size = 0;
	append(event, &copy, sizeof(copy));
	finish(event);
}

void synthetic_nft(struct synthetic *event, const struct event_nft *nft, const char *table,
	const char *chain, const char *target)
{
	struct event_nft copy = *nft;

	copy.table_length = text_length(table);
	copy.chain_length = text_length(chain);
	copy.target_length = text_length(target);
	copy.section.type = EVENT_SECTION_NFT;
	copy.section.size = (uint16_t)(sizeof(copy) + copy.table_length + copy.chain_length +
		copy.target_length);
	append(event, &copy, sizeof(copy));
	append(event, table, copy.table_length);
	append(event, chain, copy.chain_length);
	append(event, target, copy.target_length);
	finish(event);
}

void synthetic_device(struct synthetic *event, const struct event_device *device, const char *name,
	const char *out_name)
{
	struct event_device copy = *device;

	copy.name_length = text_length(name);
	copy.out_length = text_length(out_name);
	copy.section.type = EVENT_SECTION_DEVICE;
	copy.section.size = (uint16_t)(sizeof(copy) + copy.name_length + copy.out_length);
	append(event, &copy, sizeof(copy));
	append(event, name, copy.name_length);
	append(event, out_name, copy.out_length);
	finish(event);
}

void synthetic_packet(
	struct synthetic *event, const struct event_packet *packet, const uint8_t *bytes)
{
	struct event_packet copy = *packet;

	copy.section.type = EVENT_SECTION_PACKET;
	copy.section.size = (uint16_t)(sizeof(copy) + copy.captured);
	append(event, &copy, sizeof(copy));
	append(event, bytes, copy.captured);
	finish(event);
}

void synthetic_section(struct synthetic *event, const void *section, size_t size, const void *rest,
	size_t rest_size)
{
	struct event_section head;

	memcpy(&head, section, sizeof(head));
	head.size = (uint16_t)(size + rest_size);
	append(event, &head, sizeof(head));
	append(event, (const uint8_t *)section + sizeof(head), size - sizeof(head));
	append(event, rest, rest_size);
	finish(event);
}
