/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names in a journal's directory, see segment-names.h. Stateless. */
#include "journal/format/segment-names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "journal/base/cleanup.h"

void segment_name(uint64_t number, char ret_name[SEGMENT_NAME_SIZE])
{
	snprintf(ret_name, SEGMENT_NAME_SIZE, "%010" PRIu64 JOURNAL_SUFFIX, number);
}

bool segment_name_parse(const char *name, uint64_t *ret_number)
{
	char canonical[SEGMENT_NAME_SIZE];
	uint64_t number;

	if (!g_ascii_isdigit(*name))
		return false;
	number = g_ascii_strtoull(name, NULL, 10);
	segment_name(number, canonical);
	if (number == 0 || strcmp(name, canonical) != 0)
		return false;
	*ret_number = number;
	return true;
}

static int number_compare(gconstpointer a, gconstpointer b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static void dir_close(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int segment_list(int dir_fd, GArray **ret)
{
	g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	__attribute__((cleanup(dir_close))) DIR *dir = NULL;
	auto_fd fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	fd_steal(&fd);

	for (;;) {
		struct dirent *entry;
		uint64_t number;

		errno = 0;
		entry = readdir(dir);
		if (!entry)
			break;
		if (segment_name_parse(entry->d_name, &number))
			g_array_append_val(numbers, number);
	}
	if (errno != 0)
		return -errno;
	g_array_sort(numbers, number_compare);
	*ret = g_steal_pointer(&numbers);
	return 0;
}
