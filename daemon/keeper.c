/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keeper's process: begun and ended; see keeper.h. What it does is in keeper-loop.c. The service
 * manager begins one with limits of its own for whoever connects to the socket that the environment
 * names; where there is none it is a child, with what the daemon may do.
 */
#include "keeper.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../journal/cleanup.h"
#include "keeper-loop.h"

#define FAR_FD (STDERR_FILENO + 1)

static int near_fd = -1;
static pid_t keeper_pid; /* 0: it is not our child */

/* What is sent is kept until the service manager has begun one: nobody waits for that. */
static int connect_keeper(const char *path)
{
	auto_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (fd < 0)
		return -errno;
	if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	keeper_pid = 0;
	return fd_steal(&fd);
}

static int fork_keeper(void)
{
	int ends[2];
	int r = 0;

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
	if (r < 0) {
		close(ends[0]);
		return r;
	}
	return ends[0];
}

int keeper_start(void)
{
	const char *path = getenv(KEEPER_SOCKET_VARIABLE);

	if (near_fd >= 0)
		return 0;
	if (path)
		near_fd = connect_keeper(path);
	if (near_fd < 0)
		near_fd = fork_keeper();
	return MIN(near_fd, 0);
}

int keeper_fd(void)
{
	return near_fd;
}

/* It deals with strangers' rules, so lengths are checked. */
int keeper_receive(struct keeper_answer *answer, char *text)
{
	struct iovec parts[] = {
		{ .iov_base = answer, .iov_len = sizeof(*answer) },
		{ .iov_base = text, .iov_len = KEEPER_TEXT_MAX },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = G_N_ELEMENTS(parts) };
	ssize_t n;

	do
		n = recvmsg(keeper_fd(), &message, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n < (ssize_t)sizeof(*answer) || answer->length != (size_t)n - sizeof(*answer))
		return -EBADMSG;
	return 0;
}

void keeper_stop(void)
{
	if (near_fd < 0)
		return;
	fd_close(&near_fd);
	if (keeper_pid == 0)
		return;
	kill(keeper_pid, SIGKILL);
	while (waitpid(keeper_pid, NULL, 0) < 0 && errno == EINTR)
		;
}
