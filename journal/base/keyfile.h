/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Key files: lines for error messages, which GKeyFile does not report, and values. Stateless. */
#ifndef NFTTRACED_JOURNAL_BASE_KEYFILE_H
#define NFTTRACED_JOURNAL_BASE_KEYFILE_H

#include <stdbool.h>

/*
 * The number of the last line in `text` that sets `key` (the last one is effective). If `key` is a
 * group's header ("[Daemon]"), the number of that line; if it is NULL, of the first line that is
 * neither a setting, a header, a comment nor empty. 0: none.
 */
unsigned int keyfile_line(const char *text, const char *key);

/* yes, true, on, 1 or no, false, off, 0. -EINVAL for another text. */
int keyfile_boolean(const char *text, bool *ret);

/* The words between any of the separators, none of them empty, as a NULL-terminated list
 * (g_strfreev it). */
char **keyfile_words(const char *text, const char *separators);

#endif
