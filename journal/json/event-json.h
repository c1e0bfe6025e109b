/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A journal as JSON: one object a line, with the sections, fields and types of Retis's events, so that
 * its tools read them, and what it has not got in fields beside them and in a section "nfttraced". The
 * first line of a journal is its start. Names are made valid UTF-8. Owned by its caller, who also owns
 * the output and the name table; for readers (client) and streams (daemon).
 */
#ifndef NFTTRACED_JOURNAL_JSON_EVENT_JSON_H
#define NFTTRACED_JOURNAL_JSON_EVENT_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "journal/base/output.h"
#include "journal/event/session-view.h"
#include "journal/reader/name-table.h"
#include "journal/reader/reader.h"

/* Waits for a rule's text that may still come; NULL if it does not. */
typedef const struct rule_name *(*json_await)(void *context, const struct event *event);

struct json {
	struct output *output;
	struct name_table *name_table; /* names, or NULL */
	json_await await; /* of a journal that is still being written, or NULL */
	void *await_context;
	struct session_view view;
	bool started; /* the first line was written */
	bool ended; /* the final totals were written */
	bool incomplete; /* the journal says that events are missing, or is damaged */
	uint64_t events; /* written */
	uint64_t session; /* id, 0 before any record */
	bool numbered; /* the next event is a step of a journey: `number` is told */
	uint64_t number; /* of the step, from 0 */
	uint64_t time; /* ns, CLOCK_MONOTONIC, of the latest record that had one */
};

/* Readies a renderer that writes to `output`. `name_table` may be NULL. */
void json_open(struct json *json, struct output *output, struct name_table *name_table);

/* Writes one record as one line. Records of names are passed over: the name table has them. */
void json_render(struct json *json, const struct journal_entry *entry);

/* The next event is a step of a packet's journey, counted from 0. */
void json_number_step(struct json *json, uint64_t number);

/* Writes one event without the newline. What the session did not ask for is in `event` no more. */
void json_event(struct json *json, const struct event *event);

/* Frees what the renderer holds. Accepts a zeroed struct. */
void json_close(struct json *json);

#define auto_json_lines __attribute__((cleanup(json_close))) struct json

#endif
