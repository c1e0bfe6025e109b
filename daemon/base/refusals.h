/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that were refused because their callers had or wanted too much: counted, and in the log
 * once in a while. Of the process, whichever bus they came from; on the control thread.
 */
#ifndef NFTTRACED_DAEMON_BASE_REFUSALS_H
#define NFTTRACED_DAEMON_BASE_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define UID_UNKNOWN ((uid_t)-1) /* of a caller that the bus has not told about yet */

/* Counts a refused call; `reason`, a sentence, is logged once a minute and user at most, with the
 * number of those in between. `answered`: an error was sent to the caller. */
void refusals_add(const char *name, uid_t uid, const char *reason, bool answered);

/* How many there were since the process began, and how many of them had no answer: none was wanted,
 * or too many answers wait to be read. */
uint64_t refusals_count(void);
uint64_t refusals_unanswered(void);

#endif
