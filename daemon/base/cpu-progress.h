/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a process that has work to do gets on with it: one that is stopped, or held in the
 * kernel, uses no processor time. How busy the machine is makes no difference but for the time in
 * which it shows.
 */
#ifndef NFTTRACED_DAEMON_BASE_CPU_PROGRESS_H
#define NFTTRACED_DAEMON_BASE_CPU_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cpu_progress {
	pid_t pid;
	int64_t used; /* ns, at `moved` */
	int64_t moved; /* us of g_get_monotonic_time: when it was last seen to have used more */
};

/* From now on. */
void cpu_progress_begin(struct cpu_progress *progress, pid_t pid);

/* True if it has used no processor time for `patience` us. */
bool cpu_progress_hangs(struct cpu_progress *progress, int64_t patience);

#endif
