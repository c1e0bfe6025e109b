/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of control groups, see memory-limit.h. */
#include "daemon/base/memory-limit.h"

#include <glib.h>
#include <string.h>

#define ROOT "/sys/fs/cgroup"
#define SELF "/proc/self/cgroup"

/* The line of version 2: "0::PATH". */
#define PREFIX "0::"

/* The group's path below the root, with a slash at the beginning; NULL: there is none. */
static char *group_path(const char *self)
{
	g_auto(GStrv) lines = NULL;
	g_autofree char *text = NULL;

	if (!g_file_get_contents(self, &text, NULL, NULL))
		return NULL;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		if (g_str_has_prefix(*line, PREFIX "/"))
			return g_strdup(*line + strlen(PREFIX));
	}
	return NULL;
}

/* The text of a group's file; NULL: there is none. */
static char *group_read(const char *root, const char *group, const char *file)
{
	g_autofree char *path = g_build_filename(root, group, file, NULL);
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

/* "max", and a file that can't be read, mean no limit. */
static uint64_t group_limit(const char *root, const char *group)
{
	g_autofree char *text = group_read(root, group, "memory.max");

	return text && g_ascii_isdigit(*text) ? g_ascii_strtoull(text, NULL, 10) : MEMORY_UNLIMITED;
}

/* A number of memory.stat. */
static uint64_t stat_number(char *const *lines, const char *name)
{
	size_t length = strlen(name);

	for (; *lines; lines++) {
		if (strncmp(*lines, name, length) == 0 && (*lines)[length] == ' ')
			return g_ascii_strtoull(*lines + length, NULL, 10);
	}
	return 0;
}

/* The page cache is reclaimed when memory is short; pages of tmpfs are not. */
static uint64_t group_used(const char *root, const char *group)
{
	g_autofree char *current = group_read(root, group, "memory.current");
	g_autofree char *stat = group_read(root, group, "memory.stat");
	g_auto(GStrv) lines = g_strsplit(stat ? stat : "", "\n", -1);
	uint64_t used = current ? g_ascii_strtoull(current, NULL, 10) : 0;
	uint64_t files = stat_number(lines, "file"), shared = stat_number(lines, "shmem");

	return used - MIN(used, files - MIN(files, shared));
}

uint64_t memory_limit(const char *root, const char *self)
{
	g_autofree char *group = group_path(self ? self : SELF);
	uint64_t limit = MEMORY_UNLIMITED;

	/* Parents have limits, too. */
	while (group) {
		uint64_t one = group_limit(root ? root : ROOT, group);
		char *slash = strrchr(group, '/');

		limit = MIN(limit, one);
		if (!slash || group[1] == '\0')
			break;
		slash[slash == group] = '\0';
	}
	return limit;
}

uint64_t memory_used(const char *root, const char *self)
{
	g_autofree char *group = group_path(self ? self : SELF);

	return group ? group_used(root ? root : ROOT, group) : 0;
}
