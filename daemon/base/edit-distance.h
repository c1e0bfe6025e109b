/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a name is from another one, for the question "did you mean ...?". Stateless. */
#ifndef NFTTRACED_DAEMON_BASE_EDIT_DISTANCE_H
#define NFTTRACED_DAEMON_BASE_EDIT_DISTANCE_H

#define SPELLING_MAX 127 /* bytes */

/* Letters to insert, remove or replace to make one name of the other; more than `most`: any number
 * that is. `b` has at most SPELLING_MAX bytes. */
unsigned int spelling_distance(const char *a, const char *b, unsigned int most);

#endif
