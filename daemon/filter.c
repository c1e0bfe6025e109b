/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session's filter: its expression is compiled by a process of its own with a limit on its time, so
 * that neither libpcap's parser nor its optimiser can do more to the daemon than fail; see filter.h.
 * That process is the child of one without threads, which is begun before the daemon has any.
 */
#include "filter.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../bpf/pipeline.h"
#include "../journal/cleanup.h"
#include "filter-compile.h"

#define REASON_MAX 4096 /* bytes of a sentence that the compiler may say */

/* One packet of the compiler's socket: this, the programs' instructions, the reason without a NUL. */
struct answer {
	int32_t result;
	uint32_t view;
	uint32_t lengths[FILTER_VARIANTS]; /* instructions */
	uint32_t reason_length;
};

#define ANSWER_MAX                            \
	(sizeof(struct answer) + REASON_MAX + \
		FILTER_VARIANTS * FILTER_INSTRUCTIONS_MAX * sizeof(struct sock_filter))

/* The compiler says this when it has nothing more to say of an expression. */
static const char answer_end = 0;

/* The near end of the compiler's socket and its process; both owned under the lock. */
static GMutex compiler_lock;
static int compiler_fd = -1;
static pid_t compiler_pid;

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

/* First as it is, which is quick, then optimised: what was told last counts. */
static void compile_and_exit(int fd, char *expression)
{
	const struct rlimit time = { FILTER_SECONDS_MAX, FILTER_SECONDS_MAX };
	const enum optimise ways[] = { OPTIMISE_NO, OPTIMISE_YES };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CPU, &time);
	for (unsigned int i = 0; i < G_N_ELEMENTS(ways); i++) {
		struct filter filter = { .expression = expression };
		char *reason = NULL;
		int r = filter_compile(&filter, ways[i], &reason);

		answer_send(fd, r, &filter, reason);
		if (r < 0 && r != -EAGAIN)
			break;
	}
	_exit(EXIT_SUCCESS);
}

/* The compiler: a process for each expression, until the daemon is gone. */
static void compiler_run(int fd)
{
	char *expression = g_malloc(FILTER_EXPRESSION_MAX + 1);
	ssize_t length;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "nfttraced-pcap");
	while ((length = recv(fd, expression, FILTER_EXPRESSION_MAX, 0)) > 0) {
		pid_t child;

		expression[length] = '\0';
		child = fork();
		if (child == 0)
			compile_and_exit(fd, expression);
		while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
		if (send(fd, &answer_end, sizeof(answer_end), MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(EXIT_SUCCESS);
}

static void compiler_stop(void)
{
	if (compiler_fd < 0)
		return;
	fd_close(&compiler_fd);
	kill(compiler_pid, SIGKILL);
	while (waitpid(compiler_pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int compiler_start(void)
{
	const int room = 2 * ANSWER_MAX;
	int ends[2];

	if (compiler_fd >= 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	for (unsigned int i = 0; i < G_N_ELEMENTS(ends); i++)
		setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	compiler_pid = fork();
	if (compiler_pid == 0) {
		close(ends[0]);
		compiler_run(ends[1]);
	}
	close(ends[1]);
	compiler_fd = ends[0];
	if (compiler_pid < 0) {
		int r = -errno;

		fd_close(&compiler_fd);
		return r;
	}
	return 0;
}

int filter_compiler_start(void)
{
	int r;

	g_mutex_lock(&compiler_lock);
	r = compiler_start();
	g_mutex_unlock(&compiler_lock);
	return r;
}

void filter_compiler_stop(void)
{
	g_mutex_lock(&compiler_lock);
	compiler_stop();
	g_mutex_unlock(&compiler_lock);
}

/* Takes an answer apart: its lengths are the compiler's word, which a stranger's expression has seen. */
static int answer_read(
	const char *packet, size_t size, int *ret_result, struct filter *ret, char **ret_reason)
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
		struct sock_fprog *program = &ret->programs[v];
		size_t bytes = answer.lengths[v] * sizeof(struct sock_filter);

		g_free(program->filter);
		program->len = (unsigned short)answer.lengths[v];
		program->filter = g_memdup2(packet + at, bytes);
		at += bytes;
	}
	ret->view = MIN(answer.view, FRAME_VIEW_MAX);
	g_free(*ret_reason);
	*ret_reason =
		answer.reason_length > 0 ? g_strndup(packet + at, answer.reason_length) : NULL;
	*ret_result = answer.result;
	return 0;
}

/* Asks the compiler; *ret_result is what it said last, untouched if it said nothing. */
static int compiler_ask(struct filter *filter, int *ret_result, char **ret_reason)
{
	g_autofree char *packet = g_malloc(ANSWER_MAX);
	int r = compiler_start();

	if (r < 0)
		return r;
	if (send(compiler_fd, filter->expression, strlen(filter->expression), MSG_NOSIGNAL) < 0)
		return -errno;
	for (;;) {
		ssize_t size = recv(compiler_fd, packet, ANSWER_MAX, 0);

		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0)
			return size < 0 ? -errno : -EPIPE;
		if (size == sizeof(answer_end))
			return 0;
		r = answer_read(packet, (size_t)size, ret_result, filter, ret_reason);
		if (r < 0)
			return r;
	}
}

static int compile_apart(struct filter *filter, char **ret_reason)
{
	g_autofree char *reason = NULL;
	int r, result = -EAGAIN;

	g_mutex_lock(&compiler_lock);
	r = compiler_ask(filter, &result, &reason);
	if (r < 0)
		compiler_stop();
	g_mutex_unlock(&compiler_lock);
	if (r < 0) {
		*ret_reason = g_strdup_printf(
			"the process that compiles filters failed (%s): try again", g_strerror(-r));
		return r;
	}
	if (result == -EAGAIN) {
		*ret_reason = g_strdup_printf(
			"libpcap needs more than %d s to make the filter short enough: make it "
			"shorter, or several sessions of it",
			FILTER_SECONDS_MAX);
		return -E2BIG;
	}
	if (result < 0)
		*ret_reason = g_steal_pointer(&reason);
	return result;
}

static int check_expression(const char *expression, char **ret_reason)
{
	if (!filter_compile_keeps_names()) {
		*ret_reason = g_strdup("this libpcap would resolve names of hosts: filters are "
				       "not available");
		return -ENOTSUP;
	}
	if (strlen(expression) > FILTER_EXPRESSION_MAX) {
		*ret_reason = g_strdup_printf("the filter has %zu bytes, and %d are allowed",
			strlen(expression), FILTER_EXPRESSION_MAX);
		return -E2BIG;
	}
	for (const char *c = expression; *c != '\0'; c++) {
		if (!g_ascii_iscntrl(*c))
			continue;
		*ret_reason = g_strdup_printf(
			"the filter has a control character at byte %zu", (size_t)(c - expression));
		return -EINVAL;
	}
	return 0;
}

int filter_new(const char *expression, struct filter **ret, char **ret_reason)
{
	auto_filter *filter = g_new0(struct filter, 1);
	int r;

	filter->expression = g_strdup(expression != NULL ? expression : "");
	if (filter->expression[0] != '\0') {
		r = check_expression(filter->expression, ret_reason);
		if (r < 0)
			return r;
		r = compile_apart(filter, ret_reason);
		if (r < 0)
			return r;
	}
	*ret = g_steal_pointer(&filter);
	return 0;
}

struct filter *filter_free(struct filter *filter)
{
	if (filter == NULL)
		return NULL;
	for (unsigned int v = 0; v < FILTER_VARIANTS; v++)
		g_free(filter->programs[v].filter);
	g_free(filter->expression);
	g_free(filter);
	return NULL;
}
