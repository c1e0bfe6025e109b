/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first process and those that it forks, see filter-process.h. A process that is the child of one
 * without threads can use libpcap and the allocator, whatever locks the daemon's threads hold.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/helper-limits.h"
#include "daemon/base/privileges.h"
#include "daemon/filter/filter-compile.h"
#include "daemon/filter/filter-process-private.h"
#include "journal/base/cleanup.h"

#define NICE 10 /* of a process that has FILTER_SECONDS_MAX: others come first */

/* The socket of this process's expression, for end_late. */
static int answer_fd = -1;

int filter_pass(int socket, const void *bytes, size_t size, int fd)
{
	struct iovec data = { (void *)bytes, size };
	union passed passed = { 0 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = passed.buffer,
		.msg_controllen = sizeof(passed.buffer),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static void answer_send(int fd, int result, const struct filter *filter, const char *reason)
{
	size_t size = sizeof(struct answer);
	g_autofree char *packet = g_malloc(ANSWER_MAX);
	struct answer answer = { .result = result, .view = filter->view };

	answer.reason_length =
		reason != NULL ? (uint32_t)MIN(strlen(reason), FILTER_REASON_MAX) : 0;
	for (unsigned int v = 0; v < FILTER_VARIANTS; v++) {
		size_t bytes = filter->programs[v].len * sizeof(struct sock_filter);

		answer.lengths[v] = filter->programs[v].len;
		if (bytes > 0)
			memcpy(packet + size, filter->programs[v].filter, bytes);
		size += bytes;
	}
	if (answer.reason_length > 0)
		memcpy(packet + size, reason, answer.reason_length);
	size += answer.reason_length;
	memcpy(packet, &answer, sizeof(answer));
	if (send(fd, packet, size, MSG_NOSIGNAL) < 0)
		_exit(EXIT_FAILURE);
}

static void answer_end(int fd, enum answer_end how)
{
	const uint8_t byte = (uint8_t)how;

	send(fd, &byte, sizeof(byte), MSG_NOSIGNAL);
}

static void answer_failure(int fd, int error)
{
	const struct filter nothing = { 0 };

	answer_send(fd, error, &nothing,
		"can't start a process that compiles the filter: no process or memory is left; try "
		"again");
	answer_end(fd, ANSWER_DONE);
}

static void end_late(int signal)
{
	(void)signal;
	answer_end(answer_fd, ANSWER_LATE);
	_exit(EXIT_FAILURE);
}

/* Limits this process to what its expression may cost; one that does not hear of it is killed a second later. */
static void limit_time(enum filter_patience patience)
{
	const struct rlimit seconds = { FILTER_SECONDS_MAX, FILTER_SECONDS_MAX + 1 };
	const struct itimerval quick = { .it_value.tv_usec = FILTER_QUICK_USEC };

	signal(SIGXCPU, end_late);
	signal(SIGPROF, end_late);
	setrlimit(RLIMIT_CPU, &seconds);
	helper_limit_memory(FILTER_MEMORY_MAX);
	if (patience == FILTER_QUICK)
		setitimer(ITIMER_PROF, &quick, NULL);
	else
		setpriority(PRIO_PROCESS, 0, NICE);
}

/* First as it is, which is quick, then optimised: what was told last counts. */
static void compile_and_exit(int fd, enum filter_patience patience)
{
	const enum optimise ways[] = { OPTIMISE_NO, OPTIMISE_YES };
	char *expression = g_malloc(FILTER_EXPRESSION_MAX + 1);
	struct pollfd peer = { .fd = fd };
	ssize_t length;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	answer_fd = fd;
	limit_time(patience);
	length = recv(fd, expression, FILTER_EXPRESSION_MAX, 0);
	/* SIGIO, which ends it, when nobody waits for the answer any more; perhaps that is so already. */
	if (length <= 0 || fcntl(fd, F_SETOWN, getpid()) < 0 || fcntl(fd, F_SETFL, O_ASYNC) < 0 ||
		poll(&peer, 1, 0) != 0)
		_exit(EXIT_FAILURE);
	expression[length] = '\0';
	for (unsigned int i = 0; i < G_N_ELEMENTS(ways); i++) {
		struct filter filter = { .expression = expression };
		char *reason = NULL;
		int r = filter_compile(&filter, ways[i], &reason);

		answer_send(fd, r, &filter, reason);
		if (r < 0 && r != -EAGAIN)
			break;
	}
	answer_end(fd, ANSWER_DONE);
	_exit(EXIT_SUCCESS);
}

/* False: nobody will ask any more. */
static bool request_receive(int socket, int *ret_fd, enum filter_patience *ret_patience)
{
	uint8_t byte = FILTER_QUICK;
	struct iovec data = { &byte, sizeof(byte) };
	union passed passed = { 0 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = passed.buffer,
		.msg_controllen = sizeof(passed.buffer),
	};
	struct cmsghdr *header;
	ssize_t size;

	while ((size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	header = size > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return false;
	memcpy(ret_fd, CMSG_DATA(header), sizeof(*ret_fd));
	*ret_patience = byte;
	return true;
}

/* Those that have ended, as the signal says that `children` is of. */
static void reap_children(int children)
{
	struct signalfd_siginfo info;

	while (read(children, &info, sizeof(info)) > 0)
		;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* Waits until there is something to receive, an end among it. */
static bool request_await(int socket, int children)
{
	struct pollfd fds[] = {
		{ .fd = socket, .events = POLLIN },
		{ .fd = children, .events = POLLIN },
	};

	do {
		if (poll(fds, G_N_ELEMENTS(fds), -1) < 0) {
			if (errno == EINTR)
				continue;
			return false;
		}
		if (fds[1].revents)
			reap_children(children);
	} while (!fds[0].revents);
	return true;
}

/* The child is not waited for while it is spoken of, so that nobody else can have its number. */
static void fork_one(int socket, int fd, enum filter_patience patience, const sigset_t *ended)
{
	auto_fd pid_fd = -1;
	struct forked forked;
	pid_t child;
	int gate[2];

	if (pipe2(gate, O_CLOEXEC) < 0) {
		answer_failure(fd, -errno);
		return;
	}
	child = fork();
	if (child == 0) {
		sigprocmask(SIG_UNBLOCK, ended, NULL);
		close(socket);
		close(gate[1]);
		/* Until it has been spoken of. */
		if (read(gate[0], &forked, sizeof(forked)) == 0)
			compile_and_exit(fd, patience);
		_exit(EXIT_FAILURE);
	}
	if (child < 0) {
		answer_failure(fd, -errno);
	} else {
		pid_fd = pidfd_open(child, 0);
		forked.pid = child;
		if (pid_fd < 0 || filter_pass(fd, &forked, sizeof(forked), pid_fd) < 0)
			kill(child, SIGKILL);
	}
	close(gate[0]);
	close(gate[1]);
}

/* The first process: forks one for each expression, until the daemon is gone. */
void filter_first_run(int socket)
{
	enum filter_patience patience;
	sigset_t ended;
	int fd, children;

	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ended, NULL);
	children = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
	if (children < 0)
		_exit(EXIT_FAILURE);
	/* An expression is a stranger's text. */
	if (privileges_drop() < 0)
		_exit(EXIT_FAILURE);
	while (request_await(socket, children) && request_receive(socket, &fd, &patience)) {
		fork_one(socket, fd, patience, &ended);
		close(fd);
	}
	_exit(EXIT_SUCCESS);
}
