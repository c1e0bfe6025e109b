/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The edit distance of two names, see edit-distance.h. */
#include "daemon/base/edit-distance.h"

#include <glib.h>
#include <string.h>

unsigned int spelling_distance(const char *a, const char *b, unsigned int most)
{
	unsigned int row[SPELLING_MAX + 1], length = (unsigned int)strlen(b);

	for (unsigned int j = 0; j <= length; j++)
		row[j] = j;
	for (unsigned int i = 0; a[i]; i++) {
		unsigned int diagonal = row[0], least = row[0] = i + 1;

		for (unsigned int j = 0; j < length; j++) {
			unsigned int change = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] = MIN(change, MIN(row[j], diagonal) + 1);
			least = MIN(least, row[j + 1]);
		}
		if (least > most)
			return least;
	}
	return row[length];
}
