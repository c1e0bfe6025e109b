/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A terminal as a screen; see screen.h. */
#include "client/terminal/screen.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <unistd.h>

/* Sequences that all common terminals understand. */
#define ENTER     "\033[?1049h\033[?25l" /* the other screen, no cursor */
#define LEAVE     "\033[?25h\033[?1049l"
#define HOME      "\033[H"
#define LINE_END  "\033[K" /* clears the rest of the line */
#define CLEAR_END "\033[J" /* clears everything below */

static void write_all(const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDOUT_FILENO, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return;
		bytes += written;
		length -= (size_t)written;
	}
}

bool screen_possible(void)
{
	const char *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && terminal && *terminal && !g_str_equal(terminal, "dumb");
}

void screen_enter(struct screen *screen)
{
	struct termios raw;

	if (screen->entered)
		return;
	screen->entered = true;
	screen->keys = tcgetattr(STDIN_FILENO, &screen->saved) == 0;
	if (screen->keys) {
		raw = screen->saved;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 1;
		raw.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	write_all(ENTER, sizeof(ENTER) - 1);
}

/* One write, because a frame in pieces flickers. */
void screen_draw(const char *lines)
{
	g_autoptr(GString) frame = g_string_new(HOME);

	for (const char *c = lines; *c; c++) {
		if (*c != '\n')
			g_string_append_c(frame, *c);
		else if (c[1])
			g_string_append(frame, LINE_END "\r\n");
	}
	g_string_append(frame, LINE_END CLEAR_END);
	write_all(frame->str, frame->len);
}

void screen_leave(struct screen *screen)
{
	if (!screen->entered)
		return;
	screen->entered = false;
	write_all(LEAVE, sizeof(LEAVE) - 1);
	if (screen->keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &screen->saved);
}
