/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a key file; see keyfile.h. */
#include "journal/base/keyfile.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

static bool is_nothing(const char *line)
{
	const char *equal = strchr(line, '=');

	return *line && *line != '#' && *line != '[' && (!equal || equal == line);
}

static bool sets_key(char *line, const char *key)
{
	char *equal = strchr(line, '=');

	if (*line == '#' || !equal)
		return false;
	*equal = '\0';
	return g_str_equal(g_strchomp(line), key);
}

unsigned int keyfile_line(const char *text, const char *key)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	unsigned int found = 0;

	for (unsigned int i = 0; lines[i]; i++) {
		char *line = g_strstrip(lines[i]);

		if (!key && is_nothing(line))
			return i + 1;
		if (key && *line == '[' && g_str_equal(line, key))
			return i + 1;
		if (key && sets_key(line, key))
			found = i + 1;
	}
	return found;
}
