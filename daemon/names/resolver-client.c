/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resolver's process; see resolver-client.h. Its work is in resolver.c. The service manager
 * starts one, with limits of its own, for each connection to the socket of the environment; without
 * that socket it is a child, with the daemon's rights.
 */
#include "daemon/names/resolver-client.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/base/cpu-progress.h"
#include "daemon/base/helper-process.h"
#include "daemon/base/reaper.h"
#include "daemon/resolver/resolver.h"
#include "journal/base/cleanup.h"

static int near_fd = -1;
static pid_t resolver_pid; /* 0: it is not our child */
static pid_t sender_pid; /* of one that is not our child; 0: it has sent nothing yet */
static int sender_fd = -1; /* its pidfd */
static struct cpu_progress progress;
static struct reaper reaper;

/* Does not wait: the socket keeps questions until the service manager has started a resolver. */
static int connect_resolver(const char *path)
{
	auto_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int on = 1;

	/* For the sender's pid: the peer of the connection is the service manager. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return -errno;
	if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	resolver_pid = 0;
	return fd_steal(&fd);
}

int resolver_start(void)
{
	const char *path = getenv(RESOLVER_SOCKET_VARIABLE);

	if (near_fd >= 0)
		return 0;
	reaper_reap(&reaper);
	if (path)
		near_fd = connect_resolver(path);
	if (near_fd < 0)
		near_fd = helper_process_start("nfttraced-names", resolver_loop, &resolver_pid);
	return MIN(near_fd, 0);
}

int resolver_fd(void)
{
	return near_fd;
}

/* Remembers the sender, so that a resolver that the service manager started can be killed. */
static void take_sender(struct msghdr *message)
{
	const struct cmsghdr *header = CMSG_FIRSTHDR(message);
	struct ucred sender;

	if (sender_fd >= 0 || !header || header->cmsg_level != SOL_SOCKET ||
		header->cmsg_type != SCM_CREDENTIALS)
		return;
	memcpy(&sender, CMSG_DATA(header), sizeof(sender));
	sender_fd = sender.pid > 0 ? pidfd_open(sender.pid, 0) : -1;
	sender_pid = sender.pid;
}

/* Lengths are checked: the resolver handles rules of other users. */
int resolver_receive(struct resolver_answer *answer, char *text)
{
	union {
		char buffer[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr header;
	} sender = { 0 };
	struct iovec parts[] = {
		{ .iov_base = answer, .iov_len = sizeof(*answer) },
		{ .iov_base = text, .iov_len = RESOLVER_TEXT_MAX },
	};
	struct msghdr message = {
		.msg_iov = parts,
		.msg_iovlen = G_N_ELEMENTS(parts),
		.msg_control = sender.buffer,
		.msg_controllen = sizeof(sender.buffer),
	};
	ssize_t n;

	do
		n = recvmsg(resolver_fd(), &message, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n < (ssize_t)sizeof(*answer) || answer->length != (size_t)n - sizeof(*answer))
		return -EBADMSG;
	take_sender(&message);
	return 0;
}

void resolver_expect(void)
{
	/* A resolver that did not exit at once when it was killed has exited by now. */
	reaper_reap(&reaper);
	cpu_progress_begin(&progress, resolver_pid ? resolver_pid : sender_pid);
}

bool resolver_idle(int64_t patience)
{
	return progress.pid == 0 || cpu_progress_hangs(&progress, patience);
}

void resolver_stop(void)
{
	if (near_fd < 0)
		return;
	fd_close(&near_fd);
	if (sender_fd >= 0)
		pidfd_send_signal(sender_fd, SIGKILL, NULL, 0);
	fd_close(&sender_fd);
	sender_pid = 0;
	if (resolver_pid > 0)
		reaper_kill(&reaper, resolver_pid);
	resolver_pid = 0;
}
