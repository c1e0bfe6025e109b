/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session's filter: its expression is compiled in a child process with a limit on its time, so that
 * neither libpcap's parser nor its optimiser can do more to the daemon than fail; see filter.h.
 */
#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../journal/cleanup.h"
#include "filter-compile.h"

#define REASON_MAX 4096 /* bytes of a sentence that the child may say */

/* What the child tells: this, the programs' instructions, the reason without a NUL. */
struct verdict_message {
	int32_t result;
	uint32_t view;
	uint32_t lengths[FILTER_VARIANTS]; /* instructions */
	uint32_t reason_length;
};

static int write_all(int fd, const void *data, size_t size)
{
	for (const char *bytes = data; size > 0;) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

/* 0: all of it; -EPIPE: the other side ended before. */
static int read_all(int fd, void *data, size_t size)
{
	for (char *bytes = data; size > 0;) {
		ssize_t n = read(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EPIPE;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

static void child_tell(int fd, int result, const struct filter *filter, const char *reason)
{
	struct verdict_message message = { .result = result, .view = filter->view };
	int r;

	message.reason_length = reason != NULL ? (uint32_t)MIN(strlen(reason), REASON_MAX) : 0;
	for (unsigned int v = 0; v < FILTER_VARIANTS; v++)
		message.lengths[v] = filter->programs[v].len;
	r = write_all(fd, &message, sizeof(message));
	for (unsigned int v = 0; v < FILTER_VARIANTS && r == 0; v++)
		r = write_all(fd, filter->programs[v].filter,
			message.lengths[v] * sizeof(struct sock_filter));
	if (r == 0)
		r = write_all(fd, reason, message.reason_length);
	if (r < 0)
		_exit(EXIT_FAILURE);
}

/* First as it is, which is quick, then optimised: what was told last and whole counts. */
static void child_run(int fd, const char *expression)
{
	const struct rlimit time = { FILTER_SECONDS_MAX, FILTER_SECONDS_MAX };
	const enum optimise ways[] = { OPTIMISE_NO, OPTIMISE_YES };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CPU, &time);
	for (unsigned int i = 0; i < G_N_ELEMENTS(ways); i++) {
		struct filter filter = { .expression = (char *)expression };
		char *reason = NULL;
		int r = filter_compile(&filter, ways[i], &reason);

		child_tell(fd, r, &filter, reason);
		if (r < 0 && r != -EAGAIN)
			break;
	}
	_exit(EXIT_SUCCESS);
}

static int parent_hear(int fd, int *ret_result, struct filter *ret, char **ret_reason)
{
	struct verdict_message message;
	auto_filter *heard = g_new0(struct filter, 1);
	g_autofree char *reason = NULL;
	int r;

	r = read_all(fd, &message, sizeof(message));
	for (unsigned int v = 0; v < FILTER_VARIANTS && r == 0; v++) {
		struct sock_fprog *program = &heard->programs[v];

		if (message.lengths[v] > FILTER_INSTRUCTIONS_MAX)
			return -EBADMSG;
		if (message.lengths[v] == 0)
			continue;
		program->len = (unsigned short)message.lengths[v];
		program->filter = g_new(struct sock_filter, program->len);
		r = read_all(fd, program->filter, program->len * sizeof(*program->filter));
	}
	if (r == 0 && message.reason_length > REASON_MAX)
		return -EBADMSG;
	if (r == 0 && message.reason_length > 0) {
		reason = g_malloc0(message.reason_length + 1);
		r = read_all(fd, reason, message.reason_length);
	}
	if (r < 0)
		return r;
	*ret_result = message.result;
	ret->view = message.view;
	for (unsigned int v = 0; v < FILTER_VARIANTS; v++) {
		g_free(ret->programs[v].filter);
		ret->programs[v] = heard->programs[v];
		heard->programs[v] = (struct sock_fprog){ 0 };
	}
	g_free(*ret_reason);
	*ret_reason = g_steal_pointer(&reason);
	return 0;
}

/* Has a child compile the expression. */
static int compile_apart(struct filter *filter, char **ret_reason)
{
	auto_fd near = -1, far = -1;
	int ends[2], result = -EAGAIN;
	g_autofree char *reason = NULL;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	near = ends[0];
	far = ends[1];
	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0)
		child_run(far, filter->expression);
	fd_close(&far);
	while (parent_hear(near, &result, filter, &reason) == 0)
		;
	/* Nobody else waits for it: there is no handler of SIGCHLD. */
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
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
