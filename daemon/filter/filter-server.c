/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fork server and its children, see filter-process.h. Because the server has no threads, a
 * child can use libpcap and the allocator whatever locks the daemon's threads hold.
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
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/fd-message.h"
#include "daemon/base/helper-limits.h"
#include "daemon/base/privileges.h"
#include "daemon/filter/filter-compile.h"
#include "daemon/filter/filter-process-private.h"
#include "journal/base/cleanup.h"

#define NICE_LONG 10 /* of a process with a long expression: others come first */

/* The socket of this process's expression, for on_time_over. */
static int answer_fd = -1;

static void answer_send(
	int fd, int result, const struct filter *filter, const char *reason, bool is_last)
{
	size_t size = sizeof(struct answer);
	g_autofree char *packet = g_malloc(ANSWER_MAX);
	struct answer answer = {
		.result = result,
		.is_last = is_last,
		.view = filter->view,
	};

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

static void answer_failure(int fd, int error)
{
	const struct filter nothing = { 0 };

	/* -EAGAIN is the answer of a child whose optimiser is still at work. */
	answer_send(fd, error == -EAGAIN ? -ENOMEM : error, &nothing,
		"can't start a process that compiles the filter: no process or memory is left; try "
		"again",
		true);
}

/* In a signal handler: nothing but system calls. */
static void on_time_over(int signal)
{
	const struct answer answer = { .result = -ETIME, .is_last = true };

	(void)signal;
	send(answer_fd, &answer, sizeof(answer), MSG_NOSIGNAL);
	_exit(EXIT_FAILURE);
}

/* The kernel kills a process that does not react to SIGXCPU a second later. */
static void resources_limit(void)
{
	const struct rlimit seconds = { FILTER_SECONDS_MAX, FILTER_SECONDS_MAX + 1 };

	signal(SIGXCPU, on_time_over);
	setrlimit(RLIMIT_CPU, &seconds);
	helper_limit_memory(FILTER_MEMORY_MAX);
}

/* Compiles as it is, which is quick, and then optimised; answers after each. */
static void compile_and_answer(int fd, char *expression)
{
	bool is_last = false;

	for (enum optimise way = OPTIMISE_NO; !is_last; way = OPTIMISE_YES) {
		struct filter filter = { .expression = expression };
		char *reason = NULL;
		int r = filter_compile(&filter, way, &reason);

		is_last = way == OPTIMISE_YES || (r < 0 && r != -EAGAIN);
		answer_send(fd, r, &filter, reason, is_last);
	}
}

static noreturn void compile_and_exit(int fd)
{
	char *expression = g_malloc(FILTER_EXPRESSION_MAX + 1);
	struct pollfd peer = { .fd = fd };
	ssize_t length;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	answer_fd = fd;
	resources_limit();
	length = recv(fd, expression, FILTER_EXPRESSION_MAX, 0);
	/*
	 * SIGIO ends it when the daemon closes its end of the socket, which it may have done
	 * already.
	 */
	if (length <= 0 || fcntl(fd, F_SETOWN, getpid()) < 0 || fcntl(fd, F_SETFL, O_ASYNC) < 0 ||
		poll(&peer, 1, 0) != 0)
		_exit(EXIT_FAILURE);
	expression[length] = '\0';
	if (length > FILTER_SHORT)
		setpriority(PRIO_PROCESS, 0, NICE_LONG);
	compile_and_answer(fd, expression);
	_exit(EXIT_SUCCESS);
}

/* Waits for the children that have ended; `children` is the signalfd of SIGCHLD. */
static void children_reap(int children)
{
	struct signalfd_siginfo info;

	while (read(children, &info, sizeof(info)) > 0)
		;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* Waits for a request, or for the end of the socket. */
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
			children_reap(children);
	} while (!fds[0].revents);
	return true;
}

/*
 * The child is reaped only after its pidfd was passed, so that its number can't be reused before.
 */
static void child_fork(int socket, int fd, const sigset_t *ended)
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
		/* Until the pidfd was passed: the answers come after it. */
		if (read(gate[0], &forked, sizeof(forked)) == 0)
			compile_and_exit(fd);
		_exit(EXIT_FAILURE);
	}
	if (child < 0) {
		answer_failure(fd, -errno);
	} else {
		pid_fd = pidfd_open(child, 0);
		forked.pid = child;
		if (pid_fd < 0 || fd_message_send(fd, &forked, sizeof(forked), pid_fd) < 0)
			kill(child, SIGKILL);
	}
	close(gate[0]);
	close(gate[1]);
}

void filter_server_run(int socket)
{
	sigset_t ended;
	int children;

	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ended, NULL);
	children = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
	if (children < 0)
		_exit(EXIT_FAILURE);
	/* Expressions are untrusted. */
	if (privileges_drop() < 0)
		_exit(EXIT_FAILURE);
	while (request_await(socket, children)) {
		auto_fd fd = -1;
		uint8_t byte;

		/* The daemon has closed its end, or failed. */
		if (fd_message_receive(socket, &byte, sizeof(byte), 0, &fd) <= 0 || fd < 0)
			break;
		child_fork(socket, fd, &ended);
	}
	_exit(EXIT_SUCCESS);
}
