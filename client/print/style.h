/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How printing verbs print: the options --color, --utc and --json, and what they mean on this
 * terminal. Owned by the command that prints.
 */
#ifndef NFTTRACED_CLIENT_PRINT_STYLE_H
#define NFTTRACED_CLIENT_PRINT_STYLE_H

#include <glib.h>

#include "client/text/text.h"

struct style {
	char *colour; /* what --color said, or NULL */
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

/* What --json means. */
enum text_form style_form(const struct style *style);

/* What the options mean for standard output. -EINVAL: --color said something else. */
int style_resolve(
	const struct style *style, enum text_time *ret_time, enum text_colour *ret_colour);

/* Accepts a zeroed struct. */
void style_clear(struct style *style);

#define auto_style __attribute__((cleanup(style_clear))) struct style

#endif
