/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keeper's process: begun and ended; see keeper.h. What it does is in keeper-loop.c. */
#include "keeper.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../journal/cleanup.h"
#include "keeper-loop.h"

#define FAR_FD (STDERR_FILENO + 1)

static int near_fd = -1;
static pid_t keeper_pid;

int keeper_start(void)
{
	int ends[2];
	int r = 0;

	if (near_fd >= 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	keeper_pid = fork();
	if (keeper_pid == 0) {
		/* Begun again, it has all that the daemon has open. */
		dup2(ends[1], FAR_FD);
		close_range(FAR_FD + 1, ~0U, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "nfttraced-names");
		keeper_loop(FAR_FD);
		_exit(EXIT_SUCCESS);
	}
	if (keeper_pid < 0)
		r = -errno;
	close(ends[1]);
	near_fd = ends[0];
	if (r < 0)
		fd_close(&near_fd);
	return r;
}

int keeper_fd(void)
{
	return near_fd;
}

void keeper_stop(void)
{
	if (near_fd < 0)
		return;
	fd_close(&near_fd);
	kill(keeper_pid, SIGKILL);
	while (waitpid(keeper_pid, NULL, 0) < 0 && errno == EINTR)
		;
}
