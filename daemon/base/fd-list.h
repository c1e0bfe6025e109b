/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of descriptors with names, as the service manager stores them for the next daemon. Plain
 * data: a list owns its descriptors only where its owner says so.
 */
#ifndef NFTTRACED_DAEMON_BASE_FD_LIST_H
#define NFTTRACED_DAEMON_BASE_FD_LIST_H

#include <glib.h>

#define STORED_FD_NAME_MAX 48 /* bytes, with the NUL */

struct stored_fd {
	char name[STORED_FD_NAME_MAX];
	int fd;
};

/* An empty list. */
static inline GArray *stored_fds_new(void)
{
	return g_array_new(FALSE, TRUE, sizeof(struct stored_fd));
}

/* Adds a descriptor; does nothing if it is negative. */
static inline void stored_fd_add(GArray *stored_fds, int fd, const char *name, unsigned int number)
{
	struct stored_fd stored_fd = { .fd = fd };

	if (fd < 0)
		return;
	g_snprintf(stored_fd.name, sizeof(stored_fd.name), "nfttraced-%s-%u", name, number);
	g_array_append_val(stored_fds, stored_fd);
}

/* Removes a descriptor from the list, which owned it, and returns it; -1: there is none. */
static inline int stored_fd_take(GArray *stored_fds, const char *name, unsigned int number)
{
	char full[STORED_FD_NAME_MAX];

	g_snprintf(full, sizeof(full), "nfttraced-%s-%u", name, number);
	for (guint i = 0; i < stored_fds->len; i++) {
		const struct stored_fd *stored_fd = &g_array_index(stored_fds, struct stored_fd, i);
		int fd = stored_fd->fd;

		if (g_str_equal(stored_fd->name, full)) {
			g_array_remove_index_fast(stored_fds, i);
			return fd;
		}
	}
	return -1;
}

#endif
