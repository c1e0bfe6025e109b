/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon as its service manager sees it: signals in; readiness, the line of state, the watchdog
 * and barriers out. Without a service manager all of it does nothing, but for the signals. On the
 * control thread.
 */
#ifndef NFTTRACED_DAEMON_BASE_SERVICE_H
#define NFTTRACED_DAEMON_BASE_SERVICE_H

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

struct service;

/* What the service manager wants; on the control thread. */
struct service_hooks {
	void *context;
	void (*end)(void *context); /* SIGTERM, SIGINT */
	void (*reload)(void *context); /* SIGHUP: ends in service_reloaded, now or later */
	bool (*alive)(void *context); /* false: the watchdog is not fed */
};

/* Blocks the signals that the service takes, for this thread and those that it will begin: before
 * there are others. */
void service_block_signals(void);

/* Takes the signals, and feeds the watchdog from the first turn of the loop. Negative errno. */
int service_new(sd_event *event, const struct service_hooks *hooks, struct service **ret);

/* What the state is now, one line; it is told at once, but nothing is when it has not changed. */
void service_status(struct service *service, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The start is over. The state that was set before goes with it. */
void service_ready(struct service *service);

/* The configuration is being read again. */
void service_reloading(const struct service *service);

/* The configuration has been read again. `trouble`: NULL, or one sentence (the service frees it)
 * that is shown beside the state until the next time. */
void service_reloaded(struct service *service, char *trouble);

/* The end has begun: the service manager counts the time from here. */
void service_stopping(struct service *service);

/*
 * Returns when the service manager has taken in all that was told before, at the latest after
 * `usec` (-ETIMEDOUT): descriptors given to it are safe then. -EOPNOTSUPP if there is none.
 */
int service_barrier(uint64_t usec);

/* Accepts NULL; returns NULL. */
struct service *service_free(struct service *service);

#endif
