/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Detects a process that has work to do and makes no progress: a stopped one, or one that the
 * kernel holds, uses no CPU time. On a busy machine this only takes longer. Plain data of its user.
 */
#ifndef NFTTRACED_DAEMON_BASE_CPU_PROGRESS_H
#define NFTTRACED_DAEMON_BASE_CPU_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cpu_progress {
	pid_t pid;
	int64_t used; /* ns, at `moved` */
	int64_t moved; /* us of g_get_monotonic_time: when it was last found to have used more */
};

/* Starts to observe `pid`. */
void cpu_progress_begin(struct cpu_progress *progress, pid_t pid);

/* True if it has used no CPU time for `patience` us. To be called now and then. */
bool cpu_progress_hangs(struct cpu_progress *progress, int64_t patience);

#endif
