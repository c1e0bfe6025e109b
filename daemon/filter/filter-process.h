/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes that compile filters: a fork server without threads, started before the daemon has
 * any, and a child of it for each expression. A child holds no descriptor of the daemon except the
 * socket of its expression. It ends when the other end of that socket is closed, by the caller or
 * with the daemon. Server and children may be stopped or killed, or hang in the kernel: this is
 * detected by deadlines, and they are replaced. Any thread; a struct filter_process is used by one
 * thread at a time.
 */
#ifndef NFTTRACED_DAEMON_FILTER_FILTER_PROCESS_H
#define NFTTRACED_DAEMON_FILTER_FILTER_PROCESS_H

#include "daemon/base/cpu-progress.h"
#include "daemon/filter/filter.h"

/* us in which the server must have forked, and in which a child must have used some CPU time. */
#define FILTER_PROCESS_PATIENCE 3000000

/* A child that compiles an expression. */
struct filter_process {
	int fd; /* readable: call filter_process_read; -1: no process */
	int pid_fd; /* -1: the server has not forked it yet */
	unsigned int server; /* number of the server that was asked */
	bool dropped; /* the server ended, and the request with it */
	int64_t started; /* us of g_get_monotonic_time */
	struct cpu_progress progress; /* from the time it was forked */
};

/*
 * Has a process compile `expression`, first as it is, then optimised. Never blocks. Replaces the
 * server if it is gone. Negative errno.
 */
int filter_process_begin(const char *expression, struct filter_process *ret);

/* The last answer of a process. */
struct filter_answer {
	int result; /* of filter_compile; unchanged before the first answer */
	char *reason; /* or NULL */
};

/*
 * Reads the answers since the last call into `filter` and `answer`. 1: that was the last one. 0:
 * more follow. -ETIME: the process used up FILTER_SECONDS_MAX. -ETIMEDOUT: it hangs. -ECONNRESET:
 * it ended for another reason. -EBADMSG: its answer is invalid. Other errors: the socket's.
 */
int filter_process_read(
	struct filter_process *process, struct filter *filter, struct filter_answer *answer);

/* us of g_get_monotonic_time: when to call filter_process_read even if there is nothing to read. */
int64_t filter_process_deadline(const struct filter_process *process);

/* Counts a process that hung or was killed, and that the caller replaces. */
void filter_process_replaced(const struct filter_process *process);

/* Ends the process. If the server did not fork it in time, the server hangs and is ended. */
void filter_process_end(struct filter_process *process);

#endif
