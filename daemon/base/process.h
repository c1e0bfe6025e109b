/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another process: which one it is, beyond its number, and how it was started. Stateless, any
 * thread. */
#ifndef NFTTRACED_DAEMON_BASE_PROCESS_H
#define NFTTRACED_DAEMON_BASE_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* When process `pid` was started, in clock ticks since boot; with the number it names one process
 * of this boot. Negative errno. */
int process_start_time(pid_t pid, uint64_t *ret);

/* A descriptor that becomes readable when process `pid` ends, if it is the one that was started at
 * `start`; -ESRCH if it is not there or is another one. Other negative errno. */
int process_open(pid_t pid, uint64_t start);

/* The words of its command line, quoted, or "" if they can't be read; g_free it. */
char *process_command(pid_t pid);

#endif
