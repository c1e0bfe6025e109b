/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of an event belongs to a session: the sections and further probes that the settings in its
 * journal name. A record is shared by the sessions that it matched, and may carry more. Owned by
 * whoever reads the journal; zeroed, it is the view of a journal that does not say, and shows
 * everything.
 */
#ifndef NFTTRACED_JOURNAL_EVENT_SESSION_VIEW_H
#define NFTTRACED_JOURNAL_EVENT_SESSION_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "journal/event/decode.h"
#include "journal/format/dictionary.h"

struct session_view {
	bool told; /* the settings named sections */
	uint32_t sections; /* 1 << enum event_section_type */
	uint32_t stacks; /* bit n: stacks of probe n */
	char *symbols[EVENT_PROBES_MAX]; /* of further probes, by number; NULL: not named */
};

/* Takes over what settings say from here on. A probe that they do not name any more keeps its name:
 * events of it may be on their way. */
void session_view_set(struct session_view *view, const struct dictionary_settings *settings);

/* Takes from an event what the session did not ask for. Its head stays whole. */
void session_view_narrow(const struct session_view *view, struct event *event);

/* The symbol of an event's probe, not escaped; "unknown" if no settings named it. The view's. */
const char *session_view_symbol(const struct session_view *view, const struct event *event);

/* Accepts a zeroed struct, and leaves one. */
void session_view_clear(struct session_view *view);

#endif
