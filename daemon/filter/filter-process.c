/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's end of the processes that compile filters; see filter-process.h. */
#include "daemon/filter/filter-process.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/fd-message.h"
#include "daemon/base/helper-process.h"
#include "daemon/base/reaper.h"
#include "daemon/filter/filter-process-private.h"
#include "journal/base/cleanup.h"

/* The lock guards these: the near end of the socket to the fork server, and that process. */
static GMutex lock;
static int server_fd = -1;
static pid_t server_pid;
static unsigned int server_number; /* of servers so far */
static struct reaper reaper;

static _Atomic uint64_t replaced;

static void server_stop(void)
{
	if (server_fd < 0)
		return;
	fd_close(&server_fd);
	reaper_kill(&reaper, server_pid);
}

static int server_start(void)
{
	int fd;

	if (server_fd >= 0)
		return 0;
	fd = helper_process_start("nfttraced-pcap", filter_server_run, &server_pid);
	if (fd < 0)
		return fd;
	server_fd = fd;
	server_number++;
	return 0;
}

int filter_compiler_start(void)
{
	int r;

	g_mutex_lock(&lock);
	r = server_start();
	g_mutex_unlock(&lock);
	return r;
}

void filter_compiler_stop(void)
{
	g_mutex_lock(&lock);
	server_stop();
	g_mutex_unlock(&lock);
}

/* Ends the server and its children, if it is still this one. With the lock held. */
static void server_replace(unsigned int number)
{
	if (server_fd < 0 || server_number != number)
		return;
	server_stop();
	replaced++;
}

void filter_compiler_tend(void)
{
	g_mutex_lock(&lock);
	reaper_reap(&reaper);
	if (server_fd >= 0 && reaper_has_ended(server_pid)) {
		fd_close(&server_fd);
		replaced++;
	}
	g_mutex_unlock(&lock);
}

/* Sends a request. A server that is gone or takes no request is replaced, and asked once more. */
static int server_ask(int fd, unsigned int *ret_server)
{
	/* A message without bytes would look like the end. */
	const uint8_t byte = 0;
	int r = -EAGAIN;

	g_mutex_lock(&lock);
	reaper_reap(&reaper);
	for (unsigned int tries = 0; tries < 2 && r < 0; tries++) {
		r = server_start();
		if (r < 0)
			break;
		*ret_server = server_number;
		r = fd_message_send(server_fd, &byte, sizeof(byte), fd);
		if (r < 0)
			server_replace(server_number);
	}
	g_mutex_unlock(&lock);
	return r;
}

int filter_process_begin(const char *expression, struct filter_process *ret)
{
	const int room = 2 * ANSWER_MAX;
	auto_fd near = -1, far = -1;
	unsigned int server = 0;
	int ends[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	near = ends[0];
	far = ends[1];
	for (unsigned int i = 0; i < G_N_ELEMENTS(ends); i++)
		setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (send(near, expression, strlen(expression), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -errno;
	r = server_ask(far, &server);
	if (r < 0)
		return r;
	*ret = (struct filter_process){
		.fd = fd_steal(&near),
		.pid_fd = -1,
		.server = server,
		.started = g_get_monotonic_time(),
	};
	return 0;
}

int64_t filter_process_deadline(const struct filter_process *process)
{
	int64_t started = process->pid_fd < 0 ? process->started : process->progress.moved;

	return started + FILTER_PROCESS_PATIENCE;
}

static bool process_hangs(struct filter_process *process)
{
	if (process->pid_fd >= 0)
		return cpu_progress_hangs(&process->progress, FILTER_PROCESS_PATIENCE);
	return g_get_monotonic_time() >= filter_process_deadline(process);
}

void filter_process_end(struct filter_process *process)
{
	if (process->fd < 0)
		return;
	if (process->pid_fd >= 0) {
		/*
		 * A closed socket is enough to end a process that runs, but not one that is
		 * stopped.
		 */
		pidfd_send_signal(process->pid_fd, SIGKILL, NULL, 0);
	} else if (process->dropped || process_hangs(process)) {
		g_mutex_lock(&lock);
		server_replace(process->server);
		g_mutex_unlock(&lock);
	}
	fd_close(&process->pid_fd);
	fd_close(&process->fd);
}

uint64_t filter_compilers_replaced(void)
{
	return replaced;
}

void filter_process_replaced(const struct filter_process *process)
{
	/* The server is counted when it is ended. */
	if (process->pid_fd >= 0)
		replaced++;
}

/*
 * Takes an answer into `filter` and `ret`; 1 if none follows. Its lengths are checked: the process
 * that sent it has parsed an untrusted expression.
 */
static int answer_read(
	const char *packet, size_t size, struct filter *filter, struct filter_answer *ret)
{
	struct answer answer;
	size_t at = sizeof(answer), expected = sizeof(answer);

	if (size < sizeof(answer))
		return -EBADMSG;
	memcpy(&answer, packet, sizeof(answer));
	if (answer.result == -ETIME)
		return -ETIME;
	for (unsigned int v = 0; v < FILTER_VARIANTS; v++) {
		if (answer.lengths[v] > FILTER_INSTRUCTIONS_MAX)
			return -EBADMSG;
		expected += answer.lengths[v] * sizeof(struct sock_filter);
	}
	if (answer.reason_length > FILTER_REASON_MAX || size != expected + answer.reason_length)
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
	return answer.is_last != 0;
}

/* The server's message is the first on the socket, so a child can't send one in its name. */
static int take_forked(struct filter_process *process, const char *packet, int *passed)
{
	struct forked forked;

	if (process->pid_fd >= 0 || *passed < 0)
		return -EBADMSG;
	memcpy(&forked, packet, sizeof(forked));
	process->pid_fd = fd_steal(passed);
	cpu_progress_begin(&process->progress, forked.pid);
	return 0;
}

int filter_process_read(
	struct filter_process *process, struct filter *filter, struct filter_answer *answer)
{
	g_autofree char *packet = g_malloc(ANSWER_MAX);

	for (;;) {
		auto_fd passed = -1;
		ssize_t size =
			fd_message_receive(process->fd, packet, ANSWER_MAX, MSG_DONTWAIT, &passed);
		int r;

		if (size == -EAGAIN)
			return process_hangs(process) ? -ETIMEDOUT : 0;
		/* A child that died before it read the expression: the kernel reports that once,
		 * ahead of the messages that came before (net/core/datagram.c). */
		if (size == -ECONNRESET)
			continue;
		if (size < 0)
			return (int)size;
		if (size == 0) {
			/*
			 * The server's own socket may still be open and would take the next
			 * request, too.
			 */
			process->dropped = process->pid_fd < 0;
			return -ECONNRESET;
		}
		if (size == sizeof(struct forked))
			r = take_forked(process, packet, &passed);
		else
			r = answer_read(packet, (size_t)size, filter, answer);
		if (r != 0)
			return r;
	}
}
