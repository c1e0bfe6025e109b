/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal that a descriptor may be: its size, and text that fits into its columns. Stateless.
 *
 * This folder has all that needs a terminal: pager.h, screen.h, progress.h and table.h. Each object
 * is the command's; one thread. Without a terminal they print plain text, or nothing, and don't
 * fail.
 */
#ifndef NFTTRACED_CLIENT_TERMINAL_TERMINAL_H
#define NFTTRACED_CLIENT_TERMINAL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

struct terminal_size {
	size_t columns, rows;
};

/* -ENOTTY if it is no terminal. A terminal of unknown size has 80 by 24. */
int terminal_size(int fd, struct terminal_size *ret);

/* Asks on standard error, and reads the answer from standard input: true for "y" or "yes" only. */
bool terminal_agrees(const char *question);

/* Columns that a UTF-8 text takes: two for wide characters, none for marks. */
size_t terminal_width(const char *text);

/* Bytes of the longest beginning of a text that takes no more columns than that. */
size_t terminal_fit(const char *text, size_t columns);

/* Where the longest end of a text begins that takes no more columns than that. */
const char *terminal_fit_end(const char *text, size_t columns);

#endif
