/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options --color, --utc and --json of commands that print events, and the form that follows
 * from them and the terminal. Owned by the command.
 */
#ifndef NFTTRACED_CLIENT_PRINT_STYLE_H
#define NFTTRACED_CLIENT_PRINT_STYLE_H

#include <glib.h>
#include <stdbool.h>

#include "client/text/text.h"

struct style {
	char *colour; /* the argument of --color, or NULL */
	gboolean utc;
	gboolean json;
};

/* The entries of --color, --utc and --json for a table of options, with `style` a struct style. */
#define STYLE_OPTIONS(style)                                                                    \
	{ "color", 0, 0, G_OPTION_ARG_STRING, &(style).colour,                                  \
		"Use colour: auto (on a terminal), always, never", "WHEN" },                    \
		{ "utc", 0, 0, G_OPTION_ARG_NONE, &(style).utc,                                 \
			"Print dates and times instead of nanoseconds", NULL },                 \
	{                                                                                       \
		"json", 0, 0, G_OPTION_ARG_NONE, &(style).json, "Print one JSON object a line", \
			NULL                                                                    \
	}

/* The form that the options select: which renderer, and how it renders. */
struct print_form {
	bool json; /* else text */
	struct text_form text;
};

/* The form for standard output, without the text of rules. -EINVAL: --color said something else. */
int style_resolve(const struct style *style, struct print_form *ret);

/* A renderer of that form; see text_new() and json_new(). renderer_free() it. */
struct renderer *print_renderer_new(
	const struct print_form *form, struct output *output, struct name_table *name_table);

/* Accepts a zeroed struct. */
void style_clear(struct style *style);

#define auto_style __attribute__((cleanup(style_clear))) struct style

#endif
