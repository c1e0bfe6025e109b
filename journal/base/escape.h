/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that others chose (names of tables, chains, devices, tasks, paths) made safe to print:
 * printable UTF-8 is kept, everything else becomes \xNN byte by byte: control characters, DEL, C1,
 * invisible and direction-changing characters, line separators, invalid UTF-8, and the backslash
 * itself, so that the original can be restored. Stateless.
 */
#ifndef NFTTRACED_JOURNAL_BASE_ESCAPE_H
#define NFTTRACED_JOURNAL_BASE_ESCAPE_H

#include <glib.h>
#include <stddef.h>

/* Bytes that `length` bytes of text can take at most when escaped, without a terminating NUL. */
#define TEXT_ESCAPED_MAX(length) ((length)*4)

/*
 * Escapes `length` bytes into `out`, at most `out_size` bytes, and returns how many it wrote.
 * Writes no NUL. Stops before the first character that does not fit whole; give
 * TEXT_ESCAPED_MAX(length) and everything fits.
 */
size_t text_escape(const char *bytes, size_t length, char *out, size_t out_size);

/* Like text_escape, and a space becomes \x20: for a field in a line whose fields are separated by
 * spaces. */
size_t text_escape_word(const char *bytes, size_t length, char *out, size_t out_size);

/* The length of the character that `bytes` begin with, if text_escape keeps it; else 0. `length` is
 * at least 1. */
size_t text_printable_length(const char *bytes, size_t length);

/* A NUL-terminated text escaped into a new string (g_free it), for a sentence. */
char *text_escape_dup(const char *text);

/* Like text_escape_dup, for a sentence with text that is escaped already: backslashes are kept. */
char *text_sentence_dup(const char *sentence);

/* text_escape_dup of the first TEXT_EXCERPT_MAX bytes, with "..." behind them if there are more:
 * for a sentence that quotes a request. */
#define TEXT_EXCERPT_MAX 128
char *text_excerpt_dup(const char *text);

#endif
