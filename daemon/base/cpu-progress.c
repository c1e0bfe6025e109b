/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU time as a sign of progress, see cpu-progress.h. */
#include "daemon/base/cpu-progress.h"

#include <glib.h>
#include <time.h>

#include "journal/base/clock.h"

/* ns; 0: unknown, as for a process that has ended. */
static int64_t cpu_used(pid_t pid)
{
	struct timespec time;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) < 0)
		return 0;
	return (int64_t)time.tv_sec * (int64_t)NSEC_PER_SEC + time.tv_nsec;
}

void cpu_progress_begin(struct cpu_progress *progress, pid_t pid)
{
	*progress = (struct cpu_progress){
		.pid = pid,
		.used = cpu_used(pid),
		.moved = g_get_monotonic_time(),
	};
}

bool cpu_progress_hangs(struct cpu_progress *progress, int64_t patience)
{
	int64_t used = cpu_used(progress->pid), now = g_get_monotonic_time();

	if (used != progress->used) {
		progress->used = used;
		progress->moved = now;
	}
	return now - progress->moved >= patience;
}
