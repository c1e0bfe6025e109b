/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts helper processes: forks of the daemon that talk to it through a socket. Stateless. */
#ifndef NFTTRACED_DAEMON_BASE_HELPER_PROCESS_H
#define NFTTRACED_DAEMON_BASE_HELPER_PROCESS_H

#include <sys/types.h>

/* Its end of the socket is the only descriptor that `run` gets, besides the standard ones. */
typedef void (*helper_run)(int fd);

/*
 * Forks a process named `name` (at most 15 bytes) that calls `run`, exits when it returns, and is
 * killed when the thread that started it ends. Returns our end of the SOCK_SEQPACKET socket (close
 * it), or negative errno; *ret_pid is for waitpid.
 */
int helper_process_start(const char *name, helper_run run, pid_t *ret_pid);

#endif
