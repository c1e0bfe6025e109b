/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue of filters that are to be compiled. Owned by the control thread, which never waits for
 * one: up to COMPILER_PROCESSES processes compile at a time, and the event loop has their results.
 *
 * Each expression has its deadlines: FILTER_SECONDS_MAX of CPU time, and a process that hangs is
 * replaced (filter.h). Each user has a share: the next one compiled is of the user with the fewest
 * processes. The time that libpcap takes grows with the cube of an expression's length, so only a
 * long one can take long: fewer of these are compiled at a time, and a short one never waits behind
 * them.
 */
#ifndef NFTTRACED_DAEMON_FILTER_FILTER_QUEUE_H
#define NFTTRACED_DAEMON_FILTER_FILTER_QUEUE_H

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "daemon/base/failure.h"
#include "daemon/filter/filter.h"

#define COMPILER_PROCESSES     6 /* at a time */
#define COMPILER_LONG_MAX      2 /* of them, for long expressions */
#define COMPILER_USER_LONG_MAX 8 /* long expressions of a user, waiting and compiled */

/* The owner of the configuration's filters: COMPILER_USER_LONG_MAX does not limit them. */
#define COMPILER_CONFIGURATION ((uid_t)-1)

struct compiler;
struct compilation;

/*
 * Called once from the event loop with the result, unless the compilation was cancelled: a filter,
 * which the callee then owns (NULL for an empty expression), or a failure.
 */
typedef void (*compiler_done)(void *context, struct filter *filter, const struct failure *failure);

/* Negative errno of sd-event. */
int compiler_new(sd_event *event, struct compiler **ret);

/*
 * Has `expression` compiled for `owner`. The compilation is valid until `done` is called or it is
 * cancelled. FAILURE_BUSY if the user has COMPILER_USER_LONG_MAX long expressions in the queue.
 */
struct compilation *compiler_submit(struct compiler *compiler, const char *expression, uid_t owner,
	compiler_done done, void *context);

/* Ends its process; `done` is not called. */
void compilation_cancel(struct compilation *compilation);

/* Cancels all. Accepts NULL; returns NULL. */
struct compiler *compiler_free(struct compiler *compiler);

#endif
