/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every record of the text renderer shares: colours, moments, network namespaces; see text.h. */
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

	if (text->colour == TEXT_COLOUR_ON)
		output_text(text->output, codes[style]);
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
	const struct clocks *clocks = text->name_table ? name_table_clocks(text->name_table) : NULL;
	uint64_t real = monotonic +
		(clocks ? clocks_offset(clocks, &text->segment, monotonic)
			: text->segment.realtime - text->segment.monotonic);

	if (text->time == TEXT_TIME_MONOTONIC) {
		output_number(text->output, monotonic);
		return;
	}
	date_update(text, (time_t)(real / NSEC_PER_SEC));
	output_text(text->output, text->date);
	output_char(text->output, '.');
	output_number_padded(text->output, real % NSEC_PER_SEC / NSEC_PER_USEC, USEC_DIGITS);
}

/* The reference's form, with the name behind it where there is one. */
void text_netns(struct text *text, uint64_t cookie, uint32_t inode)
{
	const char *name =
		text->name_table ? name_table_netns(text->name_table, cookie, inode) : NULL;

	output_text(text->output, " ns ");
	if (cookie != 0) {
		output_text(text->output, "0x");
		output_hex(text->output, cookie);
		output_char(text->output, '/');
	}
	output_number(text->output, inode);
	if (!name)
		return;
	output_text(text->output, " (");
	output_word(text->output, name, strlen(name));
	output_char(text->output, ')');
}
