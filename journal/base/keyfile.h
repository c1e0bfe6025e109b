/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Line numbers in a key file, for error messages: GKeyFile does not report them. Stateless. */
#ifndef NFTTRACED_JOURNAL_BASE_KEYFILE_H
#define NFTTRACED_JOURNAL_BASE_KEYFILE_H

/*
 * The number of the last line in `text` that sets `key` (the last one is effective). If `key` is a
 * group's header ("[Daemon]"), the number of that line; if it is NULL, of the first line that is
 * neither a setting, a header, a comment nor empty. 0: none.
 */
unsigned int keyfile_line(const char *text, const char *key);

#endif
