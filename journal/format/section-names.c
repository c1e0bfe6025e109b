/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of an event's sections, see section-names.h. */
#include "journal/format/section-names.h"

#include <glib.h>

static const struct {
	const char *name;
	uint32_t mask;
} sections[] = {
	{ "packet", SECTION_BIT(EVENT_SECTION_PACKET) },
	{ "dev", SECTION_BIT(EVENT_SECTION_DEVICE) },
	{ "ns", SECTION_BIT(EVENT_SECTION_NETNS) },
	{ "ct", SECTION_BIT(EVENT_SECTION_CT) },
	{ "nft", SECTION_BIT(EVENT_SECTION_NFT) },
	{ "tracking", SECTION_BIT(EVENT_SECTION_TRACKING) },
	{ "drop", SECTION_BIT(EVENT_SECTION_DROP) },
	{ "skb", SECTION_BIT(EVENT_SECTION_SKB) },
	{ "stack", SECTION_BIT(EVENT_SECTION_STACK) },
};

/* 0: unknown. */
static uint32_t name_mask(const char *name)
{
	if (g_str_equal(name, "all"))
		return SECTION_MASK_ALL;
	for (size_t i = 0; i < G_N_ELEMENTS(sections); i++) {
		if (g_str_equal(name, sections[i].name))
			return sections[i].mask;
	}
	return 0;
}

const char *section_names_parse(const char *const *names, uint32_t *ret)
{
	uint32_t chosen = 0;

	for (; *names; names++) {
		uint32_t mask = name_mask(*names);

		if (!mask)
			return *names;
		chosen |= mask;
	}
	*ret = chosen;
	return NULL;
}

char **section_names(uint32_t chosen)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (size_t i = 0; i < G_N_ELEMENTS(sections); i++) {
		if (chosen & sections[i].mask)
			g_ptr_array_add(names, g_strdup(sections[i].name));
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_steal(names, NULL);
}
