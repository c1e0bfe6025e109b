/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The project's cleanup convention: GLib's g_autoptr, g_autofree and g_steal_pointer for memory,
 * and these for file descriptors. A destructor accepts NULL and half-built objects.
 */
#ifndef NFTTRACED_JOURNAL_BASE_CLEANUP_H
#define NFTTRACED_JOURNAL_BASE_CLEANUP_H

#include <errno.h>
#include <unistd.h>

/* Closes *fd if it is open, keeps errno, leaves -1. */
static inline void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

/* Hands over the descriptor: the caller owns it now. */
static inline int fd_steal(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

/* A descriptor variable that is closed when it goes out of scope; initialise it with -1 or
 * open(). */
#define auto_fd __attribute__((cleanup(fd_close))) int

/* Defines NAME_freep() for the cleanup attribute of a pointer to struct NAME. */
#define DEFINE_FREEP(name)                                    \
	static inline void name##_freep(struct name **object) \
	{                                                     \
		name##_free(*object);                         \
	}

#endif
