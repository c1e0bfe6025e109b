/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes as text; see terminal/size.h. */
#include "client/terminal/size.h"

#include <glib.h>

char *size_text(uint64_t bytes)
{
	static const char units[] = { 'K', 'M', 'G', 'T' };
	double size = (double)bytes;
	int unit = -1;

	while (size >= 1023.5 && unit < (int)G_N_ELEMENTS(units) - 1) {
		size /= 1024;
		unit++;
	}
	if (unit < 0)
		return g_strdup_printf("%" G_GUINT64_FORMAT, bytes);
	/* One digit after the point, but none that is 0 and none where there are digits enough. */
	if (size >= 9.95 || (uint64_t)(size * 10 + 0.5) % 10 == 0)
		return g_strdup_printf("%.0f%c", size, units[unit]);
	return g_strdup_printf("%.1f%c", size, units[unit]);
}
