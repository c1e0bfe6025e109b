/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts reads and writes of the state directory that failed: of saved sessions, the checkpoint,
 * ids, and journals' directories, including those for lists and quotas. Losses of a journal are in
 * its session's totals instead. Any thread.
 */
#ifndef NFTTRACED_DAEMON_JOURNALS_STATE_ERRORS_H
#define NFTTRACED_DAEMON_JOURNALS_STATE_ERRORS_H

#include <stdint.h>

/* Counts the result `r` of a read or write if it is an error of the disk or of the system; that a
 * file exists, or does not, is none. Returns `r`. */
int state_counted(int r);

/* The number since the process began. */
uint64_t state_errors(void);

#endif
