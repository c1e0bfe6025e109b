/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines and values of key files; see keyfile.h. */
#include "journal/base/keyfile.h"

#include <errno.h>
#include <glib.h>
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

int keyfile_boolean(const char *text, bool *ret)
{
	static const char *const yes[] = { "yes", "true", "on", "1", NULL };
	static const char *const no[] = { "no", "false", "off", "0", NULL };

	if (g_strv_contains(yes, text))
		*ret = true;
	else if (g_strv_contains(no, text))
		*ret = false;
	else
		return -EINVAL;
	return 0;
}

char **keyfile_words(const char *text, const char *separators)
{
	g_auto(GStrv) parts = g_strsplit_set(text, separators, -1);
	g_autoptr(GPtrArray) words = g_ptr_array_new();

	for (char **part = parts; *part; part++) {
		if (**part)
			g_ptr_array_add(words, g_strdup(*part));
	}
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_steal(words, NULL);
}
