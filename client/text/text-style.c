/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colours, times and names for all files of the text renderer; see text-sections.h. */
#include <string.h>

#include "client/text/text-sections.h"
#include "journal/base/clock.h"

#define USEC_DIGITS 6

void text_style(struct text *text, enum text_style style)
{
	static const char *const codes[] = {
		[TEXT_STYLE_NONE] = "\x1b[0m",
		[TEXT_STYLE_PROBE] = "\x1b[1m",
		[TEXT_STYLE_DROP] = "\x1b[1;31m",
		[TEXT_STYLE_ACCEPT] = "\x1b[32m",
		[TEXT_STYLE_VERDICT] = "\x1b[33m",
		[TEXT_STYLE_REMARK] = "\x1b[36m",
		[TEXT_STYLE_LOSS] = "\x1b[1;31m",
	};

	if (text->form.colour == TEXT_COLOUR_ON)
		output_text(text->renderer.output, codes[style]);
}

static void date_update(struct text *text, time_t second)
{
	struct tm tm = { 0 };

	if (second == text->date_second)
		return;
	text->date_second = second;
	gmtime_r(&second, &tm);
	if (strftime(text->date, sizeof(text->date), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		g_strlcpy(text->date, "?", sizeof(text->date));
}

void text_moment(struct text *text, uint64_t monotonic)
{
	const struct clocks *clocks =
		text->renderer.name_table ? name_table_clocks(text->renderer.name_table) : NULL;
	uint64_t real = monotonic +
		(clocks ? clocks_offset(clocks, &text->segment, monotonic)
			: text->segment.realtime - text->segment.monotonic);

	if (text->form.time == TEXT_TIME_MONOTONIC) {
		output_number(text->renderer.output, monotonic);
		return;
	}
	date_update(text, (time_t)(real / NSEC_PER_SEC));
	output_text(text->renderer.output, text->date);
	output_char(text->renderer.output, '.');
	output_number_padded(
		text->renderer.output, real % NSEC_PER_SEC / NSEC_PER_USEC, USEC_DIGITS);
}

void text_named(struct output *output, const char *before, struct event_text name, uint64_t handle)
{
	output_text(output, before);
	output_word(output, name.bytes, name.length);
	output_number_after(output, " (", handle);
	output_char(output, ')');
}

/* The form of Retis, followed by the name if there is one. */
void text_netns(struct text *text, uint64_t cookie, uint32_t inode)
{
	const char *name = name_table_netns(text->renderer.name_table, cookie, inode);

	output_text(text->renderer.output, " ns ");
	if (cookie != 0) {
		output_text(text->renderer.output, "0x");
		output_hex(text->renderer.output, cookie);
		output_char(text->renderer.output, '/');
	}
	output_number(text->renderer.output, inode);
	if (!name)
		return;
	output_text(text->renderer.output, " (");
	output_word(text->renderer.output, name, strlen(name));
	output_char(text->renderer.output, ')');
}
