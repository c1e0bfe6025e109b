/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colour and time by options, environment and terminal; see style.h. */
#include "client/print/style.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "journal/json/event-json.h"

/* https://no-color.org: any value but an empty one. */
static bool terminal_has_colour(void)
{
	const char *refused = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	if (refused && *refused)
		return false;
	return isatty(STDOUT_FILENO) && terminal && !g_str_equal(terminal, "dumb");
}

int style_resolve(const struct style *style, struct print_form *ret)
{
	const char *when = style->colour ? style->colour : "auto";
	enum text_colour colour = TEXT_COLOUR_OFF;

	if (g_str_equal(when, "always"))
		colour = TEXT_COLOUR_ON;
	else if (g_str_equal(when, "auto"))
		colour = terminal_has_colour() ? TEXT_COLOUR_ON : TEXT_COLOUR_OFF;
	else if (!g_str_equal(when, "never"))
		return -EINVAL;
	*ret = (struct print_form){
		.json = style->json,
		.text.colour = colour,
		.text.time = style->utc ? TEXT_TIME_UTC : TEXT_TIME_MONOTONIC,
		.text.rules = TEXT_RULES_OFF,
	};
	return 0;
}

struct renderer *print_renderer_new(
	const struct print_form *form, struct output *output, struct name_table *name_table)
{
	return form->json ? json_new(output, name_table)
			  : text_new(output, name_table, &form->text);
}

void style_clear(struct style *style)
{
	g_clear_pointer(&style->colour, g_free);
}
