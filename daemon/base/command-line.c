/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command line as one text, see command-line.h. */
#include "daemon/base/command-line.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define ELLIPSIS "..."

/* Characters, beside letters and digits, that have no meaning in any shell. */
#define PLAIN_PUNCTUATION "-_./:=,+@%"

static bool is_plain(const char *word)
{
	if (!*word)
		return false;
	for (; *word; word++) {
		if (!g_ascii_isalnum(*word) && !strchr(PLAIN_PUNCTUATION, *word))
			return false;
	}
	return true;
}

char *command_line_join(char *const *words)
{
	GString *line = g_string_new(NULL);

	for (; *words && line->len <= COMMAND_LINE_MAX; words++) {
		g_autofree char *quoted = is_plain(*words) ? NULL : g_shell_quote(*words);

		if (line->len > 0)
			g_string_append_c(line, ' ');
		g_string_append(line, quoted ? quoted : *words);
	}
	if (line->len > COMMAND_LINE_MAX) {
		g_string_truncate(line, COMMAND_LINE_MAX - strlen(ELLIPSIS));
		g_string_append(line, ELLIPSIS);
	}
	return g_string_free(line, FALSE);
}
