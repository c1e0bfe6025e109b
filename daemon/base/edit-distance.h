/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The edit distance of two names, for the hint "did you mean ...?". Stateless. */
#ifndef NFTTRACED_DAEMON_BASE_EDIT_DISTANCE_H
#define NFTTRACED_DAEMON_BASE_EDIT_DISTANCE_H

#define SPELLING_MAX 127 /* bytes */

/* The number of letters to insert, remove or replace to turn one name into the other; if that is
 * more than `most`, any number above `most`. `b` has at most SPELLING_MAX bytes. */
unsigned int spelling_distance(const char *a, const char *b, unsigned int most);

#endif
