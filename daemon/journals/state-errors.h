/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads and writes of the state directory that failed: the list of what runs, the checkpoint, ids,
 * journals' directories, and what is looked up in them for lists and quotas. What a journal itself
 * loses is in its session's totals. Any thread's.
 */
#ifndef NFTTRACED_DAEMON_JOURNALS_STATE_ERRORS_H
#define NFTTRACED_DAEMON_JOURNALS_STATE_ERRORS_H

#include <stdint.h>

/* Counts `r`, which such a thing has returned, if it is an error of the disk or of the system: that
 * something is there, or is not, is an answer. Returns it. */
int state_counted(int r);

/* How many, ever. */
uint64_t state_errors(void);

#endif
