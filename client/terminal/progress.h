/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line on standard error that shows how much of a long reading is done: on a terminal, once it
 * takes longer than a moment, erased before anything else is printed. Owned by the set of journals.
 */
#ifndef NFTTRACED_CLIENT_TERMINAL_PROGRESS_H
#define NFTTRACED_CLIENT_TERMINAL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* How long a reading takes before the line is shown, and the time between its updates. */
#define PROGRESS_FIRST_USEC  700000
#define PROGRESS_UPDATE_USEC 200000

struct progress {
	int fd; /* -1: no line */
	int64_t begun, updated; /* us, monotonic; updated 0: not yet */
	bool shown;
};

/* Starts a reading whose line is shown on `fd` (-1: not shown). */
void progress_begin(struct progress *progress, int fd);

/* The descriptor for progress_begin: standard error if it is a terminal. */
int progress_terminal(void);

/* Shows that `read` bytes of `total` were read, if it is time to. A `total` equal to `read` is an
 * unknown length. */
void progress_update(struct progress *progress, uint64_t read, uint64_t total);

/* Erases the line, and shows it no more. */
void progress_end(struct progress *progress);

#endif
