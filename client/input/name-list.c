/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of names; see name-list.h. */
#include "client/input/name-list.h"

#include <errno.h>
#include <glib.h>

int name_list_parse(const char *text, char ***ret)
{
	g_auto(GStrv) names = g_strsplit(text, ",", -1);

	if (!*names)
		return -EINVAL;
	for (size_t i = 0; names[i]; i++) {
		g_strstrip(names[i]);
		if (!*names[i])
			return -EINVAL;
	}
	*ret = g_steal_pointer(&names);
	return 0;
}
