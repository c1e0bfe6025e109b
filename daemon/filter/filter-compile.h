/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libpcap's part of a filter: an expression to classic BPF for both link types. It parses what a
 * stranger wrote and may take minutes, so filter.c has it done in a child process.
 */
#ifndef NFTTRACED_DAEMON_FILTER_FILTER_COMPILE_H
#define NFTTRACED_DAEMON_FILTER_FILTER_COMPILE_H

#include <stdbool.h>

#include "daemon/filter/filter.h"

/* libpcap's optimiser makes programs several times shorter, in time with the cube of their length. */
enum optimise {
	OPTIMISE_NO = 0,
	OPTIMISE_YES = 1,
};

/*
 * Compiles filter->expression for both link types and fills in its programs and view. That an
 * expression means nothing for one link type is no error if it does for the other; that it is too
 * long always is: the session would miss packets silently. -EINVAL, -E2BIG as filter_new; -EAGAIN:
 * too long without the optimiser.
 */
int filter_compile(struct filter *filter, enum optimise optimise, char **ret_reason);

/* False: this libpcap would resolve names of hosts in spite of filter-names.h. Any thread. */
bool filter_compile_keeps_names(void);

#endif
