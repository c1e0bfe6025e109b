/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libpcap's part of a filter: compiles an expression to classic BPF for both link types. It parses
 * untrusted text and may take minutes, so it runs in a process of its own (filter-process.h).
 */
#ifndef NFTTRACED_DAEMON_FILTER_FILTER_COMPILE_H
#define NFTTRACED_DAEMON_FILTER_FILTER_COMPILE_H

#include <stdbool.h>

#include "daemon/filter/filter.h"

/*
 * libpcap's optimiser makes a program several times shorter; its time grows with the cube of the
 * length.
 */
enum optimise {
	OPTIMISE_NO = 0,
	OPTIMISE_YES = 1,
};

/*
 * Compiles filter->expression for both link types and fills in its programs and view. It may be
 * invalid for one of them, but it must not be too long for one: the session would silently miss
 * packets. -EINVAL, -E2BIG as filter_new; -EAGAIN: too long without the optimiser.
 */
int filter_compile(struct filter *filter, enum optimise optimise, char **ret_reason);

/* False if this libpcap would resolve host names in spite of filter-names.h. Any thread. */
bool filter_compile_keeps_names(void);

#endif
