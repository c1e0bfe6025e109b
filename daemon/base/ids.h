/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of session ids, as GArray of uint64_t. Any thread's that owns the list. */
#ifndef NFTTRACED_DAEMON_BASE_IDS_H
#define NFTTRACED_DAEMON_BASE_IDS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* `ids` may be NULL, and in any order. */
static inline bool ids_contain(const GArray *ids, uint64_t id)
{
	for (unsigned int i = 0; ids && i < ids->len; i++) {
		if (g_array_index(ids, uint64_t, i) == id)
			return true;
	}
	return false;
}

#endif
