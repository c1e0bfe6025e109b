/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the text-*.c files: the renderer, and a function for each part of an event, which
 * writes whole lines, indented, newline included, or nothing if the event does not have that part.
 * Private to the text renderer (text.h).
 */
#ifndef NFTTRACED_CLIENT_TEXT_TEXT_SECTIONS_H
#define NFTTRACED_CLIENT_TEXT_TEXT_SECTIONS_H

#include <glib.h>
#include <time.h>

#include "client/text/text.h"

#define TEXT_DATE_SIZE sizeof("2026-11-22 05:30:17")

struct text {
	struct renderer renderer;
	struct text_form form;
	bool settings_next; /* the start block waits for its line on the session */
	struct output step; /* where a step is rendered before it is indented */
	char *name; /* of the session, or NULL */
	struct journal_segment segment; /* of the record: whose clocks they are */
	time_t date_second; /* that `date` is the text of */
	char date[TEXT_DATE_SIZE];
};

/* Renders the event of a journey's step. */
void text_render_step(struct renderer *renderer, const struct journal_entry *entry);

/* Renders one event as its block of lines, without the blank line before it. `event` no longer has
 * the sections that the session did not ask for. */
void text_event(struct text *text, const struct event *event);

/* A moment, as the renderer's form of time says; `monotonic` in ns. */
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

/* Prints what follows in this style until TEXT_STYLE_NONE, if there is colour. */
void text_style(struct text *text, enum text_style style);

/* The stack, one line for each address: its name, or the number where the journal has no name. */
void text_stack(struct text *text, const struct event *event);

/* The skb's own fields. */
void text_skb(struct output *output, const struct event *event);

/* The connection, and the one that expected it. */
void text_ct(struct output *output, const struct event *event);

/* The network namespace, a space before it: its cookie, its inode, and its name if there is one. */
void text_netns(struct text *text, uint64_t cookie, uint32_t inode);

/* `before`, then the name of a table or chain and its handle in brackets. */
void text_named(struct output *output, const char *before, struct event_text name, uint64_t handle);

/* Suppressed events, an array of at least one struct suppressed_rule, which it sorts: the first
 * line is the sum, and not indented. */
void text_suppressed(struct text *text, GArray *rules);

#endif
