/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal as a screen that is drawn again and again, with keys that are read one by one. What
 * was on the terminal before comes back when it is left. Owned by the command; nothing of it is
 * safe to call in a signal handler: signals come through the event loop.
 */
#ifndef NFTTRACED_CLIENT_TERMINAL_SCREEN_H
#define NFTTRACED_CLIENT_TERMINAL_SCREEN_H

#include <stdbool.h>
#include <termios.h>

#include "journal/base/output.h"

struct screen {
	bool entered;
	bool keys; /* standard input is a terminal, too: its settings are in `saved` */
	struct termios saved;
};

/* True if standard output is a terminal that can be drawn on. */
bool screen_possible(void);

/* Takes the terminal; nothing if it has it. */
void screen_enter(struct screen *screen);

/* Draws lines over what is there, at once; no more of them than there are rows. */
void screen_draw(const char *lines);

/* Gives the terminal back as it was; nothing if it has not got it. */
void screen_leave(struct screen *screen);

#endif
