/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ends of child processes. One that is killed is gone in an instant, unless the kernel holds it
 * in a call that can't be interrupted: then it is waited for later, and nobody's loop stands still.
 * Owned by who began the children; one thread at a time.
 */
#ifndef NFTTRACED_DAEMON_BASE_REAPER_H
#define NFTTRACED_DAEMON_BASE_REAPER_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* All zero to begin with. */
struct reaper {
	GArray *children; /* pid_t that were killed and not waited for; NULL: none ever was */
};

/* Kills the child and waits for it, at most for an instant. What is left of others is waited for,
 * too. */
void reaper_kill(struct reaper *reaper, pid_t child);

/* Waits for a child that has ended, without waiting for it to end. True when there is nothing to
 * wait for any more. */
bool reaper_has_ended(pid_t child);

/* Waits for what has ended of those that were killed, without waiting. */
void reaper_reap(struct reaper *reaper);

#endif
