/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filters on their way through libpcap, on the control thread, which never waits for them. A few
 * processes compile at a time, short expressions first. What is not done in FILTER_QUICK_USEC waits
 * once more, in a line of its own with processes of its own, first come, first served: who asks for
 * what is usual does not wait behind what takes long.
 */
#ifndef NFTTRACED_DAEMON_FILTER_FILTER_QUEUE_H
#define NFTTRACED_DAEMON_FILTER_FILTER_QUEUE_H

#include <systemd/sd-event.h>

#include "daemon/base/failure.h"
#include "daemon/filter/filter.h"

#define COMPILER_SHORT            256 /* bytes of an expression that can't take long */
#define COMPILER_SHORT_MAX        2 /* processes for nothing else */
#define COMPILER_QUICK_MAX        2 /* processes for all */
#define COMPILER_SLOW_MAX         2 /* processes with FILTER_PATIENT */
#define COMPILER_SLOW_WAITING_MAX 6 /* for one of those: with more of them callers would give up */

struct compiler;
struct compilation;

/* The result, from the event loop, exactly once unless it is cancelled: a filter, which is taken over
 * (NULL for an empty expression), or a failure. */
typedef void (*compiler_done)(void *context, struct filter *filter, const struct failure *failure);

int compiler_new(sd_event *event, struct compiler **ret);

/* Has `expression` compiled. What is returned is good until `done` is called or it is cancelled. */
struct compilation *compiler_submit(
	struct compiler *compiler, const char *expression, compiler_done done, void *context);

/* `done` is not called any more. */
void compilation_cancel(struct compilation *compilation);

/* Cancels all. Accepts NULL; returns NULL. */
struct compiler *compiler_free(struct compiler *compiler);

#endif
