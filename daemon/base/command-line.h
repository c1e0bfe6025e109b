/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formats a command line as one text, for the journal. Stateless. */
#ifndef NFTTRACED_DAEMON_BASE_COMMAND_LINE_H
#define NFTTRACED_DAEMON_BASE_COMMAND_LINE_H

#define COMMAND_LINE_MAX 4096 /* bytes; longer ones are cut and end in "..." */

/*
 * Joins the words with spaces, quoted for a shell where they need it; unprintable characters are
 * not changed. The caller g_free's the text.
 */
char *command_line_join(char *const *words);

#endif
