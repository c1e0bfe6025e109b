/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records put together section by section, for tests that decode or render them. */
#ifndef NFTTRACED_TESTS_UNIT_KIT_SAMPLE_RECORD_H
#define NFTTRACED_TESTS_UNIT_KIT_SAMPLE_RECORD_H

#include <linux/in.h>
#include <string.h>
#include <sys/socket.h>

#include "journal/event/decode.h"

#define SAMPLE_LABELS_SIZE 16

struct sample_record {
	uint8_t bytes[EVENT_MAX_SIZE] __attribute__((aligned(EVENT_ALIGN)));
	uint32_t size;
};

static inline void sample_record_head(struct sample_record *record, const struct event_head *head)
{
	*record = (struct sample_record){ .size = sizeof(*head) };
	memcpy(record->bytes, head, sizeof(*head));
	memcpy(record->bytes, &record->size, sizeof(record->size));
}

static inline void sample_record_begin(struct sample_record *record)
{
	const struct event_head head = { .version = EVENT_VERSION, .time = 5, .pid = 6 };

	sample_record_head(record, &head);
}

/* Adds a section and what follows it; sets the section's size. */
static inline void sample_record_add(struct sample_record *record, const void *section, size_t size,
	const void *rest, size_t rest_size)
{
	struct event_section head;

	memcpy(record->bytes + record->size, section, size);
	memcpy(&head, section, sizeof(head));
	head.size = (uint16_t)(size + rest_size);
	memcpy(record->bytes + record->size, &head, sizeof(head));
	if (rest_size > 0)
		memcpy(record->bytes + record->size + size, rest, rest_size);
	record->size += (uint32_t)(size + rest_size + EVENT_ALIGN - 1) & ~(EVENT_ALIGN - 1U);
	memcpy(record->bytes, &record->size, sizeof(record->size));
}

/* Appends a connection from 10.0.42.1 to .2, answered from .3 to .4, or fd00::1 to ::2 likewise. */
static inline size_t sample_connection(
	uint8_t *bytes, const struct event_connection *connection, const char *labels)
{
	size_t length = connection->family == AF_INET ? EVENT_IPV4_SIZE : EVENT_IPV6_SIZE;
	size_t used = sizeof(*connection);

	memcpy(bytes, connection, sizeof(*connection));
	for (uint8_t host = 1; host <= 4; host++, used += length) {
		memset(bytes + used, 0, length);
		memcpy(bytes + used, length == EVENT_IPV4_SIZE ? "\x0a\x00\x2a" : "\xfd\x00\x00",
			3);
		bytes[used + length - 1] = host;
	}
	if (connection->flags & EVENT_CT_LABELS) {
		memcpy(bytes + used, labels, SAMPLE_LABELS_SIZE);
		used += SAMPLE_LABELS_SIZE;
	}
	return used;
}

/* Adds a connection with labels, and its master, of these families. */
static inline void sample_record_ct(struct sample_record *record, uint8_t family, uint8_t master)
{
	const struct event_ct ct = {
		.section.type = EVENT_SECTION_CT,
		.info = 2,
		.flags = EVENT_CT_CONNECTION,
	};
	const struct event_connection connection = {
		.status = 0x120,
		.mark = 7,
		.zone_direction = EVENT_ZONE_DEFAULT,
		.family = family,
		.protocol = IPPROTO_UDP,
		.flags = EVENT_CT_LABELS | EVENT_CT_MARK | EVENT_CT_MASTER,
		.tuples = { { 35379, 7070 }, { 8080, 35379 } },
	};
	const struct event_connection expecting = {
		.status = 0x18e,
		.zone = 5,
		.zone_direction = EVENT_ZONE_ORIGINAL,
		.family = master,
		.protocol = IPPROTO_TCP,
		.state = 3,
		.tuples = { { 40000, 21 }, { 21, 40000 } },
	};
	uint8_t bytes[512];
	size_t used = sample_connection(bytes, &connection, "0123456789abcdef");

	used += sample_connection(bytes + used, &expecting, NULL);
	sample_record_add(record, &ct, sizeof(ct), bytes, used);
}

#endif
