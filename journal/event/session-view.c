/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of an event that belong to a session, see session-view.h. */
#include "journal/event/session-view.h"

#include "journal/format/section-names.h"

/* An unknown name is of a later program, and of a section that is unknown, too. */
static uint32_t sections_mask(char *const *names)
{
	uint32_t sections = 0;

	for (; *names; names++) {
		const char *const one[] = { *names, NULL };
		uint32_t mask = 0;

		section_names_parse(one, &mask);
		sections |= mask;
	}
	return sections;
}

void session_view_set(struct session_view *view, const struct dictionary_settings *settings)
{
	view->known = settings->sections && *settings->sections;
	view->sections = view->known ? sections_mask(settings->sections) : 0;
	view->stacks = settings->stack ? 1U << EVENT_PROBE_NFT : 0;
	if (view->sections & SECTION_BIT(EVENT_SECTION_STACK))
		view->stacks = UINT32_MAX;
	for (size_t i = 0; i < settings->probe_count; i++) {
		const struct dictionary_probe *probe = &settings->probes[i];

		if (probe->number >= EVENT_PROBES_MAX)
			continue;
		if (probe->stack)
			view->stacks |= 1U << probe->number;
		g_free(view->symbols[probe->number]);
		view->symbols[probe->number] = g_strdup(probe->symbol);
	}
}

static bool shows_stack(const struct session_view *view, const struct event *event)
{
	return event->head.probe < EVENT_PROBES_MAX && view->stacks >> event->head.probe & 1;
}

void session_view_narrow(const struct session_view *view, struct event *event)
{
	const struct {
		enum event_section_type type;
		bool *has;
	} parts[] = {
		{ EVENT_SECTION_NFT, &event->has_nft },
		{ EVENT_SECTION_DEVICE, &event->has_device },
		{ EVENT_SECTION_PACKET, &event->has_packet },
		{ EVENT_SECTION_SKB, &event->has_skb },
		{ EVENT_SECTION_CT, &event->has_ct },
		{ EVENT_SECTION_DROP, &event->has_drop },
		{ EVENT_SECTION_NETNS, &event->has_netns },
		{ EVENT_SECTION_TRACKING, &event->has_tracking },
	};

	if (!view->known)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
		*parts[i].has = *parts[i].has && view->sections & SECTION_BIT(parts[i].type);
	event->has_connection = event->has_connection && event->has_ct;
	event->has_master = event->has_master && event->has_ct;
	event->has_stack = event->has_stack && shows_stack(view, event);
}

const char *session_view_symbol(const struct session_view *view, const struct event *event)
{
	if (event->head.probe == EVENT_PROBE_NFT)
		return "__nft_trace_packet";
	if (event->head.probe < EVENT_PROBES_MAX && view->symbols[event->head.probe])
		return view->symbols[event->head.probe];
	return "unknown";
}

void session_view_clear(struct session_view *view)
{
	for (size_t i = 0; i < EVENT_PROBES_MAX; i++)
		g_free(view->symbols[i]);
	*view = (struct session_view){ 0 };
}
