/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of an event that belong to a session: the sections and further probes that the settings
 * in its journal name. The sessions that an event matched share one record, which may have more.
 * Owned by the reader of the journal. Zeroed it is the view of a journal without such settings, and
 * hides nothing.
 */
#ifndef NFTTRACED_JOURNAL_EVENT_SESSION_VIEW_H
#define NFTTRACED_JOURNAL_EVENT_SESSION_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "journal/event/decode.h"
#include "journal/format/dictionary.h"

struct session_view {
	bool known; /* the settings named sections */
	uint32_t sections; /* 1 << enum event_section_type */
	uint32_t stacks; /* bit n: stacks of probe n */
	char *symbols[EVENT_PROBES_MAX]; /* of further probes, by number; NULL: not named */
};

/* Applies settings to the events that follow. A probe that they no longer name keeps its name:
 * events of it may still come. */
void session_view_set(struct session_view *view, const struct dictionary_settings *settings);

/* Removes the sections that the session did not ask for from an event. Its head is not changed. */
void session_view_narrow(const struct session_view *view, struct event *event);

/* The symbol of an event's probe, not escaped; "unknown" if no settings named it. Owned by the
 * view. */
const char *session_view_symbol(const struct session_view *view, const struct event *event);

/* Accepts a zeroed struct, and leaves one. */
void session_view_clear(struct session_view *view);

#endif
