/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text renderer: records of a journal as the lines that network engineers know. What is about the
 * journal and not about a packet (losses, changed settings, the final totals) is a line that begins
 * with "-- ". Owned by its caller, who also owns the output it writes to; used by show and follow.
 */
#ifndef NFTTRACED_CLIENT_TEXT_TEXT_H
#define NFTTRACED_CLIENT_TEXT_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "journal/base/output.h"
#include "journal/event/decode.h"
#include "journal/event/session-view.h"
#include "journal/json/event-json.h"
#include "journal/reader/reader.h"

enum text_time {
	TEXT_TIME_MONOTONIC, /* nanoseconds, as in the record */
	TEXT_TIME_UTC, /* date and time of day */
};

enum text_colour {
	TEXT_COLOUR_OFF,
	TEXT_COLOUR_ON,
};

enum text_form {
	TEXT_FORM_LINES,
	TEXT_FORM_JSON, /* journal/json/event-json.h writes instead */
};

enum text_rules {
	TEXT_RULES_OFF,
	TEXT_RULES_ON, /* a line with the rule's text under its event */
};

/* Waits for a rule's text that may still come; NULL if it does not. */
typedef const struct rule_name *(*text_await)(void *context, const struct event *event);

#define TEXT_DATE_SIZE sizeof("2026-11-22 05:30:17")

struct text {
	struct output *output;
	enum text_time time;
	enum text_colour colour;
	struct name_table *name_table; /* names, or NULL */
	enum text_rules rules;
	text_await await; /* or NULL */
	void *await_context;
	struct json *json; /* TEXT_FORM_JSON: the renderer in this one's place, or NULL */
	struct session_view view; /* what of events is the session's */

	bool started; /* something was printed: a blank line comes before the next block */
	bool settings_next; /* the start block waits for its line on the session */
	bool ended; /* the final totals were printed */
	bool incomplete; /* the journal says that events are missing, or is damaged */
	bool several; /* other journals are printed between: a remark tells whose it is */
	bool numbered; /* events are steps of a journey: `number` is told */
	uint64_t number; /* of the step, from 0 */
	struct output step; /* where a step is rendered before it is indented */
	uint64_t events; /* printed */
	uint64_t session; /* id, 0 before any record */
	char *name; /* of the session, or NULL */
	struct journal_segment segment; /* of the record: whose clocks they are */
	time_t date_second; /* that `date` is the text of */
	char date[TEXT_DATE_SIZE];
};

/* Readies a renderer that writes to `output`. */
void text_open(
	struct text *text, struct output *output, enum text_time time, enum text_colour colour);

/* Has names shown beside numbers. the name table must live as long as records are rendered. */
void text_use_names(struct text *text, struct name_table *name_table, enum text_rules rules);

/* Of a journal that is still being written: who waits for the text of a rule. */
void text_use_await(struct text *text, text_await await, void *context);

/* Has records rendered in this form. Follows text_use_names and text_use_await. */
void text_use_form(struct text *text, enum text_form form);

/* Renders one record. Records of an unknown type are passed over. */
void text_render(struct text *text, const struct journal_entry *entry);

/*
 * Renders an event as a step of a packet's journey, `number` counted from 0: the first as always but
 * for its number, the others indented below it without a blank line. As JSON it gets its number.
 */
void text_render_step(struct text *text, const struct journal_entry *entry, uint64_t number);

/* Renders one event as its block of lines, without the blank line before it. What the session did not
 * ask for is in `event` no more. */
void text_event(struct text *text, const struct event *event);

/* A moment in the renderer's way of telling time; `monotonic` in ns. */
void text_moment(struct text *text, uint64_t monotonic);

enum text_style {
	TEXT_STYLE_NONE,
	TEXT_STYLE_PROBE,
	TEXT_STYLE_DROP,
	TEXT_STYLE_ACCEPT,
	TEXT_STYLE_VERDICT, /* any other */
	TEXT_STYLE_REMARK,
	TEXT_STYLE_LOSS,
};

/* Prints what follows in this way until TEXT_STYLE_NONE, if there is colour. */
void text_style(struct text *text, enum text_style style);

/* Frees what the renderer holds. Accepts a zeroed struct. */
void text_close(struct text *text);

#define auto_text __attribute__((cleanup(text_close))) struct text

#endif
