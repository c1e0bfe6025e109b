/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of the saved sessions; see saved-sessions.h. */
#include "daemon/engine/saved-sessions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/base/cleanup.h"

#define SAVED_SESSIONS_FILE     "sessions"
#define SAVED_SESSIONS_FILE_NEW "sessions.new"
#define SAVED_SESSIONS_FILE_BAD "sessions.bad"

static int file_read(int dir_fd, char **ret, size_t *ret_size)
{
	auto_fd fd = openat(dir_fd, SAVED_SESSIONS_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	g_autofree char *text = NULL;
	struct stat status;
	ssize_t length;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode) || status.st_size > SAVED_SESSIONS_SIZE_MAX)
		return -EBADMSG;
	text = g_malloc((size_t)status.st_size + 1);
	length = read(fd, text, (size_t)status.st_size);
	if (length < 0)
		return -errno;
	*ret_size = (size_t)length;
	*ret = g_steal_pointer(&text);
	return 0;
}

int saved_sessions_load(int dir_fd, struct saved_sessions **ret, char **ret_reason)
{
	g_autofree char *text = NULL, *why = NULL;
	size_t size = 0;
	int r = file_read(dir_fd, &text, &size);

	if (r == 0)
		r = saved_sessions_parse(text, size, ret, &why);
	if (r == 0)
		return 0;
	*ret_reason = g_strdup_printf("the saved sessions can't be used (%s)%s",
		why ? why : g_strerror(-r),
		r != -ENOENT &&
				renameat(dir_fd, SAVED_SESSIONS_FILE, dir_fd,
					SAVED_SESSIONS_FILE_BAD) == 0
			? ": it was set aside as " SAVED_SESSIONS_FILE_BAD " in the state directory"
			: "");
	return r;
}

int saved_sessions_write(int dir_fd, const char *text, size_t size)
{
	auto_fd fd = openat(dir_fd, SAVED_SESSIONS_FILE_NEW,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = write(fd, text, size);
	if (length < 0)
		return -errno;
	if ((size_t)length != size)
		return -ENOSPC;
	if (fdatasync(fd) < 0 ||
		renameat(dir_fd, SAVED_SESSIONS_FILE_NEW, dir_fd, SAVED_SESSIONS_FILE) < 0)
		return -errno;
	return 0;
}

void saved_sessions_remove(int dir_fd)
{
	unlinkat(dir_fd, SAVED_SESSIONS_FILE, 0);
}
