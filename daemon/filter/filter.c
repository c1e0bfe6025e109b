/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A filter and the job that compiles it in another process; see filter.h. */
#include "daemon/filter/filter.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <string.h>

#include "daemon/filter/filter-compile.h"
#include "daemon/filter/filter-process.h"
#include "journal/base/cleanup.h"

struct filter_job {
	struct filter_process process;
	bool repeated; /* its first process hung or was killed: this is the second */
	struct filter *filter;
	struct filter_answer answer;
};

static int expression_check(const char *expression, char **ret_reason)
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

static int job_start(struct filter_job *job, char **ret_reason)
{
	int r = filter_process_begin(job->filter->expression, &job->process);

	if (r < 0) {
		job->process.fd = -1;
		*ret_reason = g_strdup_printf(
			"can't start a process that compiles the filter: %s", g_strerror(-r));
	}
	return r;
}

int filter_job_new(const char *expression, struct filter_job **ret, char **ret_reason)
{
	auto_filter_job *job = g_new0(struct filter_job, 1);
	int r;

	job->process.fd = -1;
	job->filter = g_new0(struct filter, 1);
	job->filter->expression = g_strdup(expression != NULL ? expression : "");
	job->answer.result = -EAGAIN;
	r = expression_check(job->filter->expression, ret_reason);
	if (r < 0)
		return r;
	r = job_start(job, ret_reason);
	if (r < 0)
		return r;
	*ret = g_steal_pointer(&job);
	return 0;
}

int filter_job_fd(const struct filter_job *job)
{
	return job->process.fd;
}

int64_t filter_job_deadline(const struct filter_job *job)
{
	return filter_process_deadline(&job->process);
}

/* Its process hangs or is gone: starts another one, but only once. */
static int job_repeat(struct filter_job *job, int error, char **ret_reason)
{
	int r;

	filter_process_replaced(&job->process);
	filter_process_end(&job->process);
	if (!job->repeated) {
		job->repeated = true;
		r = job_start(job, ret_reason);
		return r < 0 ? r : -ERESTART;
	}
	*ret_reason = g_strdup_printf(
		"the process that compiles filters (nfttraced-pcap) %s twice: "
		"try again, or write the filter another way",
		error == -ETIMEDOUT ? "did not answer and was killed" : "died or was killed");
	return error;
}

int filter_job_result(struct filter_job *job, struct filter **ret, char **ret_reason)
{
	int r = filter_process_read(&job->process, job->filter, &job->answer);

	if (r == 0)
		return -EINPROGRESS;
	if (r == -ECONNRESET || r == -ETIMEDOUT) {
		if (job->answer.result == -EAGAIN)
			return job_repeat(job, r, ret_reason);
		/* The answer before the optimiser is good enough. */
		r = 0;
	}
	if (r < 0 && r != -ETIME) {
		*ret_reason = g_strdup_printf(
			"the process that compiles filters (nfttraced-pcap) failed: %s; try again",
			g_strerror(-r));
		return r;
	}
	if (job->answer.result == -EAGAIN) {
		*ret_reason = g_strdup_printf(
			"libpcap needs more than %d s to make the filter short enough: shorten "
			"it, or split it into several sessions",
			FILTER_SECONDS_MAX);
		return -E2BIG;
	}
	if (job->answer.result < 0) {
		*ret_reason = g_steal_pointer(&job->answer.reason);
		return job->answer.result;
	}
	*ret = g_steal_pointer(&job->filter);
	return 0;
}

struct filter_job *filter_job_free(struct filter_job *job)
{
	if (job == NULL)
		return NULL;
	filter_process_end(&job->process);
	filter_free(job->filter);
	g_free(job->answer.reason);
	g_free(job);
	return NULL;
}

int filter_new(const char *expression, struct filter **ret, char **ret_reason)
{
	auto_filter_job *job = NULL;
	int r;

	if (expression == NULL || expression[0] == '\0') {
		*ret = g_new0(struct filter, 1);
		(*ret)->expression = g_strdup("");
		return 0;
	}
	r = filter_job_new(expression, &job, ret_reason);
	if (r < 0)
		return r;
	while ((r = filter_job_result(job, ret, ret_reason)) == -EINPROGRESS || r == -ERESTART) {
		struct pollfd wait = { .fd = filter_job_fd(job), .events = POLLIN };
		int64_t left = filter_job_deadline(job) - g_get_monotonic_time();

		poll(&wait, 1, (int)(MAX(left, 0) / 1000 + 1));
	}
	return r;
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
