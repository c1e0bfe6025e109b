/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes that compile filters: one without threads, begun before the daemon has any, which
 * forks one more for each expression. They hold no descriptor of the daemon's but the socket of
 * their own expression, and end when its other end is closed: by who asked, or with the daemon.
 */
#ifndef NFTTRACED_FILTER_PROCESS_H
#define NFTTRACED_FILTER_PROCESS_H

#include "filter.h"

/*
 * Has a process compile `expression`, first as it is, then optimised. *ret_fd becomes readable when
 * filter_process_read has something to read; closing it ends the process. Never blocks.
 */
int filter_process_begin(const char *expression, enum filter_patience patience, int *ret_fd);

/* What a process said last. */
struct filter_answer {
	int result; /* of filter_compile; untouched while nothing was said */
	char *reason; /* or NULL */
};

/*
 * Takes what the process said since the last call into `filter` and `answer`. 1: it has said all.
 * 0: there is more to come. -ETIME: its time was over before. -ECONNRESET: it ended before, of
 * something else. Other errors: it is not to be believed, or can't be asked.
 */
int filter_process_read(int fd, struct filter *filter, struct filter_answer *answer);

#endif
