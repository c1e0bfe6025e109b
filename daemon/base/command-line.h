/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command line as one text, for the journal. Stateless. */
#ifndef NFTTRACED_DAEMON_BASE_COMMAND_LINE_H
#define NFTTRACED_DAEMON_BASE_COMMAND_LINE_H

#define COMMAND_LINE_MAX 4096 /* bytes; what is longer ends in "..." */

/*
 * Joins the words with spaces. A word that a shell would not take as it is, is quoted as a shell
 * wants it; what does not print stays as it is. The caller g_free's the text.
 */
char *command_line_join(char *const *words);

#endif
