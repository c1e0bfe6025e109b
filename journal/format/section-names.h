/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sections of an event by name, as in options on the bus and in the settings of a journal.
 * Stateless.
 */
#ifndef NFTTRACED_JOURNAL_FORMAT_SECTION_NAMES_H
#define NFTTRACED_JOURNAL_FORMAT_SECTION_NAMES_H

#include <stdint.h>

#include "bpf/shared/event.h"

/* A section's bit, and those of the default sections. */
#define SECTION_BIT(type) (1u << (type))
#define SECTION_MASK_DEFAULT                                                           \
	(SECTION_BIT(EVENT_SECTION_PACKET) | SECTION_BIT(EVENT_SECTION_DEVICE) |       \
		SECTION_BIT(EVENT_SECTION_NETNS) | SECTION_BIT(EVENT_SECTION_CT) |     \
		SECTION_BIT(EVENT_SECTION_NFT) | SECTION_BIT(EVENT_SECTION_TRACKING) | \
		SECTION_BIT(EVENT_SECTION_DROP))
#define SECTION_MASK_ALL \
	(SECTION_MASK_DEFAULT | SECTION_BIT(EVENT_SECTION_SKB) | SECTION_BIT(EVENT_SECTION_STACK))

/*
 * A NULL-terminated list of names ("packet", "dev", "ns", "ct", "nft", "tracking", "drop", "skb",
 * "stack"; "all" is every one) as a mask of SECTION_BITs. Returns NULL, or the first unknown name;
 * *ret is not set then.
 */
const char *section_names_parse(const char *const *names, uint32_t *ret);

/* The names in a mask, in the order above, NULL-terminated; g_strfreev it. */
char **section_names(uint32_t sections);

#endif
