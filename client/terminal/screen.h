/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal as a screen that is redrawn, with keys that are read one by one. Leaving it restores
 * the terminal. Owned by the command; no function is safe in a signal handler: signals come through
 * the event loop.
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

/* Takes the terminal, unless it is taken already. */
void screen_enter(struct screen *screen);

/* Draws lines over the previous ones, at once; at most as many as the terminal has rows. */
void screen_draw(const char *lines);

/* Restores the terminal, if it was taken. */
void screen_leave(struct screen *screen);

#endif
