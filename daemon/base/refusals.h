/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts calls that were refused because of a limit, and logs them now and then. One count for the
 * process, whatever bus they came from; on the control thread.
 */
#ifndef NFTTRACED_DAEMON_BASE_REFUSALS_H
#define NFTTRACED_DAEMON_BASE_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define UID_UNKNOWN ((uid_t)-1) /* of a caller whose uid the bus has not reported yet */

/* Counts a refused call; `reason`, a sentence, is logged at most once a minute for each user, with
 * the number of calls since the last line. `answered`: an error was sent to the caller. */
void refusals_add(const char *name, uid_t uid, const char *reason, bool answered);

/* The number of refused calls since the process began, and of those that got no answer: none was
 * wanted, or too many answers wait to be read. */
uint64_t refusals_count(void);
uint64_t refusals_unanswered(void);

#endif
