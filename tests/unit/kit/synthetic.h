/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event records made up for tests and benchmarks, laid out as the kernel side does it. Owned by the
 * test; an event is finished when its last section has been added.
 */
#ifndef NFTTRACED_TESTS_UNIT_KIT_SYNTHETIC_H
#define NFTTRACED_TESTS_UNIT_KIT_SYNTHETIC_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/shared/event.h"

struct synthetic {
	_Alignas(EVENT_ALIGN) uint8_t bytes[EVENT_MAX_SIZE];
	size_t size;
};

/* Begins a record with this head; size and version are filled in. */
void synthetic_begin(struct synthetic *event, const struct event_head *head);

/* Adds a section; names may be NULL. The header's type, size and name lengths are filled in. */
void synthetic_nft(struct synthetic *event, const struct event_nft *nft, const char *table,
	const char *chain, const char *target);
void synthetic_device(struct synthetic *event, const struct event_device *device, const char *name,
	const char *out_name);
void synthetic_packet(
	struct synthetic *event, const struct event_packet *packet, const uint8_t *bytes);

/* Adds any other section, and what follows its struct; the header's size is filled in. */
void synthetic_section(struct synthetic *event, const void *section, size_t size, const void *rest,
	size_t rest_size);

#endif
