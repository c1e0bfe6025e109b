/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Identifies other processes beyond their numbers, and reads their command lines. Stateless; any
 * thread.
 */
#ifndef NFTTRACED_DAEMON_BASE_PROCESS_H
#define NFTTRACED_DAEMON_BASE_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* When process `pid` was started, in clock ticks since boot; together with the number it identifies
 * a process of this boot. Negative errno. */
int process_start_time(pid_t pid, uint64_t *ret);

/* A descriptor (close it) that becomes readable when process `pid`, started at `start`, ends.
 * -ESRCH: it does not exist, or is another one. Or another negative errno. */
int process_open(pid_t pid, uint64_t start);

/* The words of its command line, quoted, or "" if they can't be read; g_free it. */
char *process_command(pid_t pid);

#endif
