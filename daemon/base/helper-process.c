/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts helper processes, see helper-process.h. */
#include "daemon/base/helper-process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/helper-limits.h"
#include "journal/base/cleanup.h"

#define HELPER_FD (STDERR_FILENO + 1)

noreturn static void run_helper(const char *name, helper_run run, int fd)
{
	/* A helper that is started again inherits all that the daemon has open by then. */
	if (dup2(fd, HELPER_FD) < 0)
		_exit(EXIT_FAILURE);
	close_range(HELPER_FD + 1, ~0U, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	helper_yield_memory();
	run(HELPER_FD);
	_exit(EXIT_SUCCESS);
}

int helper_process_start(const char *name, helper_run run, pid_t *ret_pid)
{
	auto_fd near_end = -1, far_end = -1;
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	near_end = ends[0];
	far_end = ends[1];
	pid = fork();
	if (pid == 0)
		run_helper(name, run, far_end);
	if (pid < 0)
		return -errno;
	*ret_pid = pid;
	return fd_steal(&near_end);
}
