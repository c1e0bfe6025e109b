/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors with names, as the service manager keeps them for the next daemon. Plain data: a list of
 * them owns its descriptors only where somebody says so.
 */
#ifndef NFTTRACED_DAEMON_BASE_FD_LIST_H
#define NFTTRACED_DAEMON_BASE_FD_LIST_H

#include <glib.h>

#define KEEPSAKE_NAME_MAX 48 /* bytes, with the NUL */

struct keepsake {
	char name[KEEPSAKE_NAME_MAX];
	int fd;
};

/* An empty list. */
static inline GArray *keepsakes_new(void)
{
	return g_array_new(FALSE, TRUE, sizeof(struct keepsake));
}

/* Adds one; nothing if the descriptor is none. */
static inline void keepsake_add(GArray *keepsakes, int fd, const char *name, unsigned int number)
{
	struct keepsake keepsake = { .fd = fd };

	if (fd < 0)
		return;
	g_snprintf(keepsake.name, sizeof(keepsake.name), "nfttraced-%s-%u", name, number);
	g_array_append_val(keepsakes, keepsake);
}

/* Takes one out of the list, which owned it: its descriptor, or -1. */
static inline int keepsake_take(GArray *keepsakes, const char *name, unsigned int number)
{
	char full[KEEPSAKE_NAME_MAX];

	g_snprintf(full, sizeof(full), "nfttraced-%s-%u", name, number);
	for (guint i = 0; i < keepsakes->len; i++) {
		const struct keepsake *keepsake = &g_array_index(keepsakes, struct keepsake, i);
		int fd = keepsake->fd;

		if (g_str_equal(keepsake->name, full)) {
			g_array_remove_index_fast(keepsakes, i);
			return fd;
		}
	}
	return -1;
}

#endif
