/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Object paths of sessions. */
#include <inttypes.h>

#include "daemon/bus/bus-private.h"

char *bus_session_path(const struct session *session)
{
	return g_strdup_printf(BUS_SESSION_ROOT "/%" PRIu64, session->id);
}

struct session *bus_session_find(struct bus *bus, const char *path)
{
	guint64 id;

	if (!g_str_has_prefix(path, BUS_SESSION_ROOT "/"))
		return NULL;
	path += strlen(BUS_SESSION_ROOT "/");
	/* A session has one path: no signs, no leading zeros. */
	if (*path == '0' || !g_ascii_isdigit(*path) ||
		!g_ascii_string_to_unsigned(path, 10, 1, G_MAXUINT64, &id, NULL))
		return NULL;
	return manager_session_find(bus->manager, id);
}
