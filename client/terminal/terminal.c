/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Terminals; see terminal.h. */
#include "client/terminal/terminal.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_DEFAULT 80
#define ROWS_DEFAULT    24

int terminal_size(int fd, struct terminal_size *ret)
{
	struct winsize size = { 0 };

	if (!isatty(fd))
		return -ENOTTY;
	ioctl(fd, TIOCGWINSZ, &size);
	ret->columns = size.ws_col > 0 ? size.ws_col : COLUMNS_DEFAULT;
	ret->rows = size.ws_row > 0 ? size.ws_row : ROWS_DEFAULT;
	return 0;
}

bool terminal_agrees(const char *question)
{
	char answer[8];

	fprintf(stderr, "%s [y/N] ", question);
	if (!fgets(answer, sizeof(answer), stdin)) {
		/* Further output starts on a new line. */
		fputc('\n', stderr);
		return false;
	}
	g_strstrip(answer);
	return g_ascii_strcasecmp(answer, "y") == 0 || g_ascii_strcasecmp(answer, "yes") == 0;
}

static size_t character_width(gunichar character)
{
	if (g_unichar_iszerowidth(character))
		return 0;
	return g_unichar_iswide(character) ? 2 : 1;
}

size_t terminal_fit(const char *text, size_t columns)
{
	const char *position = text;
	size_t used = 0;

	while (*position) {
		gunichar character = g_utf8_get_char_validated(position, -1);
		bool valid = character < (gunichar)-2;
		size_t width = valid ? character_width(character) : 1;

		if (used + width > columns)
			break;
		used += width;
		position = valid ? g_utf8_next_char(position) : position + 1;
	}
	return (size_t)(position - text);
}

const char *terminal_fit_end(const char *text, size_t columns)
{
	size_t width = terminal_width(text), over = width > columns ? width - columns : 0;
	const char *end = text + terminal_fit(text, over);

	/* A wide character that does not fit is left out. */
	return terminal_width(end) > columns ? text + terminal_fit(text, over + 1) : end;
}

size_t terminal_width(const char *text)
{
	size_t width = 0;

	for (const char *position = text; *position;) {
		gunichar character = g_utf8_get_char_validated(position, -1);
		bool valid = character < (gunichar)-2;

		width += valid ? character_width(character) : 1;
		position = valid ? g_utf8_next_char(position) : position + 1;
	}
	return width;
}
