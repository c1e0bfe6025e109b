/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text renderer: the records of a journal as the lines that network engineers know. A record
 * about the journal rather than a packet (losses, changed settings, the final totals) is a line
 * that begins with "-- ". An event is a header line (time, CPU, process, probe), then lines
 * indented by two spaces: stack, packet (packet-*.c, one protocol each), namespace and devices,
 * skb, nf_tables, connection.
 *
 * text_new() gives a renderer (journal/reader/renderer.h), which show, follow and start --follow
 * use; everything else in this folder belongs to it, except session-totals.h. One thread, no
 * failures: the output keeps its error, and a record that can't be understood is rendered as a
 * loss.
 */
#ifndef NFTTRACED_CLIENT_TEXT_TEXT_H
#define NFTTRACED_CLIENT_TEXT_TEXT_H

#include "journal/reader/renderer.h"

enum text_time {
	TEXT_TIME_MONOTONIC, /* nanoseconds, as in the record */
	TEXT_TIME_UTC, /* date and time of day */
};

enum text_colour {
	TEXT_COLOUR_OFF,
	TEXT_COLOUR_ON,
};

enum text_rules {
	TEXT_RULES_OFF,
	TEXT_RULES_ON, /* a line with the rule's text under its event */
};

/* How records are rendered. */
struct text_form {
	enum text_time time;
	enum text_colour colour;
	enum text_rules rules;
};

/*
 * A renderer that writes to `output`. Names from `name_table` are shown beside numbers; NULL: no
 * names. The first event of a journey is rendered as usual but for its number, the others are
 * indented below it without a blank line. renderer_free() it.
 */
struct renderer *text_new(
	struct output *output, struct name_table *name_table, const struct text_form *form);

#endif
