/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kills and reaps child processes. A killed process ends at once, unless the kernel holds it in a
 * call that can't be interrupted: then it is reaped later, so that no loop waits for it. Owned by
 * the code that forked the children; one thread at a time.
 */
#ifndef NFTTRACED_DAEMON_BASE_REAPER_H
#define NFTTRACED_DAEMON_BASE_REAPER_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* All zero to begin with. */
struct reaper {
	GArray *children; /* pid_t: killed and not reaped yet; NULL: none so far */
};

/* Kills the child and waits for it, 50 ms at most. Reaps earlier ones, too. */
void reaper_kill(struct reaper *reaper, pid_t child);

/* Reaps the child if it has ended. True if it has, or was reaped before. */
bool reaper_has_ended(pid_t child);

/* Reaps the killed children that have ended by now. */
void reaper_reap(struct reaper *reaper);

#endif
