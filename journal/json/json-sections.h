/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the JSON renderer's files: the renderer, and an event's sections as members of its JSON
 * object. Each function for a section writes a comma and the section, or nothing if the event does
 * not have it. Private to the JSON renderer (event-json.h).
 */
#ifndef NFTTRACED_JOURNAL_JSON_JSON_SECTIONS_H
#define NFTTRACED_JOURNAL_JSON_JSON_SECTIONS_H

#include <glib.h>

#include "journal/json/event-json.h"
#include "journal/json/json-output.h"

struct json {
	struct renderer renderer;
	bool started; /* the journal's first line was written */
	uint64_t time; /* ns, CLOCK_MONOTONIC, of the latest record that had one */
};

/* Writes one event without the newline. `event` no longer has the sections that the session did not
 * ask for. */
void json_event(struct json *json, const struct event *event);

/* `before`, then a text of the event as a string. */
static inline void json_text(struct output *output, const char *before, struct event_text text)
{
	output_text(output, before);
	json_string(output, text.bytes, text.length);
}

void json_skb(struct output *output, const struct event *event);
void json_nft(struct json *json, const struct event *event);

/* The network namespace, with its name if there is one. */
void json_netns(struct json *json, uint64_t cookie, uint32_t inode);

/* Of the section "nfttraced": suppressed events, an array of struct suppressed_rule. */
void json_suppressed(struct json *json, const GArray *rules);

/* A connection, as far as Retis's form has it. */
void json_ct(struct output *output, const struct event *event);

/* The rest of a connection, as a member of the section "nfttraced": that there is no connection, or
 * one of another protocol. */
void json_ct_more(struct output *output, const struct event *event);

#endif
