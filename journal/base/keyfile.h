/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What GKeyFile does not tell of a file's lines, for a sentence about it. Stateless. */
#ifndef NFTTRACED_JOURNAL_BASE_KEYFILE_H
#define NFTTRACED_JOURNAL_BASE_KEYFILE_H

/*
 * The number of the line in `text` that sets `key` last (which counts), of the group's header if `key`
 * is one ("[Daemon]"), or, with NULL, of the first line that is neither a setting, a header, a comment
 * nor empty. 0: there is none.
 */
unsigned int keyfile_line(const char *text, const char *key);

#endif
