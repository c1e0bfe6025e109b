/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes that compile filters: one without threads, begun before the daemon has any, which
 * forks one more for each expression. They hold no descriptor of the daemon's but the socket of
 * their own expression, and end when its other end is closed: by who asked, or with the daemon. Either
 * may be stopped or killed by somebody, or hang in the kernel: that is noticed, and both are replaced.
 */
#ifndef NFTTRACED_DAEMON_FILTER_FILTER_PROCESS_H
#define NFTTRACED_DAEMON_FILTER_FILTER_PROCESS_H

#include "daemon/base/cpu-progress.h"
#include "daemon/filter/filter.h"

/* In which the first process has to have forked, and in which one that compiles has to have used some processor
 * time: us. */
#define FILTER_PROCESS_PATIENCE 3000000

/* One that compiles an expression. */
struct filter_process {
	int fd; /* becomes readable when filter_process_read has something to read; -1: there is none */
	int pid_fd; /* -1: the first process has not forked it yet */
	unsigned int first; /* number of the first process that was asked */
	bool dropped; /* the first process ended, and the request with it */
	int64_t begun; /* us of g_get_monotonic_time */
	struct cpu_progress progress; /* once it was forked */
};

/* Has a process compile `expression`, first as it is, then optimised. Never blocks. A first process that
 * is gone is replaced. */
int filter_process_begin(const char *expression, struct filter_process *ret);

/* What a process said last. */
struct filter_answer {
	int result; /* of filter_compile; untouched while nothing was said */
	char *reason; /* or NULL */
};

/*
 * Takes what the process said since the last call into `filter` and `answer`. 1: it has said all.
 * 0: there is more to come. -ETIME: its time was over before. -ETIMEDOUT: it hangs. -ECONNRESET: it
 * ended before, of something else. Other errors: it is not to be believed, or can't be asked.
 */
int filter_process_read(
	struct filter_process *process, struct filter *filter, struct filter_answer *answer);

/* us of g_get_monotonic_time: when filter_process_read is worth a call though there is nothing to read. */
int64_t filter_process_deadline(const struct filter_process *process);

/* It hung, or was killed, and is going to be replaced: counts it. */
void filter_process_replaced(const struct filter_process *process);

/* Ends it. If it hangs without having been forked, it is the first process that hangs, which is ended. */
void filter_process_end(struct filter_process *process);

#endif
