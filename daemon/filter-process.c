/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes that compile filters; see filter-process.h. A process that is the child of one
 * without threads can use libpcap and the allocator, whatever locks the daemon's threads hold.
 */
#include "filter-process.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../journal/cleanup.h"
#include "filter-compile.h"
#include "privileges.h"

#define REASON_MAX 4096 /* bytes of a sentence that the compiler may say */
#define NICE       10 /* of a process that has FILTER_SECONDS_MAX: others come first */

/* One packet of an expression's socket: this, the programs' instructions, the reason without a NUL. */
struct answer {
	int32_t result;
	uint32_t view;
	uint32_t lengths[FILTER_VARIANTS]; /* instructions */
	uint32_t reason_length;
};

#define ANSWER_MAX                            \
	(sizeof(struct answer) + REASON_MAX + \
		FILTER_VARIANTS * FILTER_INSTRUCTIONS_MAX * sizeof(struct sock_filter))

/* What a process says last, in one byte: that it has said all, or that its time is over. */
enum answer_end {
	ANSWER_DONE,
	ANSWER_LATE,
};

/* The socket of this process's expression, for end_late. */
static int answer_fd = -1;

/* The near end of the socket to the first process, and that process; both owned under the lock. */
static GMutex lock;
static int first_fd = -1;
static pid_t first_pid;

static void answer_send(int fd, int result, const struct filter *filter, const char *reason)
{
	size_t size = sizeof(struct answer);
	g_autofree char *packet = g_malloc(ANSWER_MAX);
	struct answer answer = { .result = result, .view = filter->view };

	answer.reason_length = reason != NULL ? (uint32_t)MIN(strlen(reason), REASON_MAX) : 0;
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

	answer_send(fd, error, &nothing, "there is no room for one more process: try again");
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

/* What the first process is sent for each expression, with the far end of the expression's socket. */
union passed {
	char buffer[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

static int request_send(int socket, int fd, enum filter_patience patience)
{
	uint8_t byte = (uint8_t)patience;
	struct iovec data = { &byte, sizeof(byte) };
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

/* The first process: forks one for each expression, until the daemon is gone. */
static void first_run(int socket)
{
	enum filter_patience patience;
	int fd;

	/* It may be begun again by a daemon that has descriptors, which must go when the daemon goes. */
	if (dup2(socket, STDERR_FILENO + 1) < 0)
		_exit(EXIT_FAILURE);
	socket = STDERR_FILENO + 1;
	close_range(STDERR_FILENO + 2, ~0U, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "nfttraced-pcap");
	signal(SIGCHLD, SIG_IGN);
	/* An expression is a stranger's text. */
	if (privileges_drop() < 0)
		_exit(EXIT_FAILURE);
	while (request_receive(socket, &fd, &patience)) {
		pid_t child = fork();

		if (child == 0) {
			close(socket);
			compile_and_exit(fd, patience);
		}
		if (child < 0)
			answer_failure(fd, -errno);
		close(fd);
	}
	_exit(EXIT_SUCCESS);
}

static void first_stop(void)
{
	if (first_fd < 0)
		return;
	fd_close(&first_fd);
	kill(first_pid, SIGKILL);
	while (waitpid(first_pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int first_start(void)
{
	int ends[2];

	if (first_fd >= 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	first_pid = fork();
	if (first_pid == 0)
		first_run(ends[1]);
	close(ends[1]);
	first_fd = ends[0];
	if (first_pid < 0) {
		int r = -errno;

		fd_close(&first_fd);
		return r;
	}
	return 0;
}

int filter_compiler_start(void)
{
	int r;

	g_mutex_lock(&lock);
	r = first_start();
	g_mutex_unlock(&lock);
	return r;
}

void filter_compiler_stop(void)
{
	g_mutex_lock(&lock);
	first_stop();
	g_mutex_unlock(&lock);
}

int filter_process_begin(const char *expression, enum filter_patience patience, int *ret_fd)
{
	const int room = 2 * ANSWER_MAX;
	auto_fd near = -1, far = -1;
	int ends[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	near = ends[0];
	far = ends[1];
	for (unsigned int i = 0; i < G_N_ELEMENTS(ends); i++)
		setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (send(near, expression, strlen(expression), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -errno;

	g_mutex_lock(&lock);
	r = first_start();
	if (r == 0)
		r = request_send(first_fd, far, patience);
	/* The next call begins it again. */
	if (r < 0 && r != -EAGAIN)
		first_stop();
	g_mutex_unlock(&lock);
	if (r == 0)
		*ret_fd = fd_steal(&near);
	return r;
}

/* Takes an answer apart: its lengths are the word of a process which a stranger's expression has seen. */
static int answer_read(
	const char *packet, size_t size, struct filter *filter, struct filter_answer *ret)
{
	struct answer answer;
	size_t at = sizeof(answer), expected = sizeof(answer);

	if (size < sizeof(answer))
		return -EBADMSG;
	memcpy(&answer, packet, sizeof(answer));
	for (unsigned int v = 0; v < FILTER_VARIANTS; v++) {
		if (answer.lengths[v] > FILTER_INSTRUCTIONS_MAX)
			return -EBADMSG;
		expected += answer.lengths[v] * sizeof(struct sock_filter);
	}
	if (answer.reason_length > REASON_MAX || size != expected + answer.reason_length)
		return -EBADMSG;
	for (unsigned int v = 0; v < FILTER_VARIANTS; v++) {
		struct sock_fprog *program = &filter->programs[v];
		size_t bytes = answer.lengths[v] * sizeof(struct sock_filter);

		g_free(program->filter);
		program->len = (unsigned short)answer.lengths[v];
		program->filter = g_memdup2(packet + at, bytes);
		at += bytes;
	}
	filter->view = answer.view;
	g_free(ret->reason);
	ret->reason =
		answer.reason_length > 0 ? g_strndup(packet + at, answer.reason_length) : NULL;
	ret->result = answer.result;
	return 0;
}

int filter_process_read(int fd, struct filter *filter, struct filter_answer *answer)
{
	g_autofree char *packet = g_malloc(ANSWER_MAX);

	for (;;) {
		ssize_t size = recv(fd, packet, ANSWER_MAX, MSG_DONTWAIT);
		int r;

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (size == 0)
			return -ECONNRESET;
		if (size == sizeof(uint8_t))
			return packet[0] == ANSWER_DONE ? 1 : -ETIME;
		r = answer_read(packet, (size_t)size, filter, answer);
		if (r < 0)
			return r;
	}
}
