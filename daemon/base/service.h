/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's interface to its service manager: receives signals; reports readiness, the status
 * line, the watchdog and barriers. Without a service manager only the signals have an effect. On
 * the control thread.
 */
#ifndef NFTTRACED_DAEMON_BASE_SERVICE_H
#define NFTTRACED_DAEMON_BASE_SERVICE_H

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

struct service;

/* Called for signals and the watchdog, on the control thread. */
struct service_ops {
	void *context;
	void (*end)(void *context); /* SIGTERM, SIGINT */
	void (*reload)(void *context); /* SIGHUP: ends in service_reloaded, now or later */
	bool (*alive)(void *context); /* false: the watchdog is not fed */
};

/* Blocks the signals that the service handles, for this thread and those that it starts: to be
 * called before there are others. */
void service_block_signals(void);

/* Handles the signals, and feeds the watchdog from the loop's first turn on. Negative errno. */
int service_new(sd_event *event, const struct service_ops *ops, struct service **ret);

/* Sets the status line; it is sent at once if it has changed and service_ready was called. */
void service_status(struct service *service, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Reports that the start is complete, with the status line. */
void service_ready(struct service *service);

/* Reports that the configuration is being reloaded. */
void service_reloading(const struct service *service);

/* Reports that the reload is complete. `trouble`: NULL, or one sentence (taken over) that is shown
 * after the status line until the next reload. */
void service_reloaded(struct service *service, char *trouble);

/* Reports that the daemon stops: the service manager's timeout begins here. */
void service_stopping(struct service *service);

/*
 * Waits until the service manager has processed all earlier messages: descriptors that it was given
 * are stored then. -ETIMEDOUT: not within `usec`; -EOPNOTSUPP: there is no service manager.
 */
int service_barrier(uint64_t usec);

/* Accepts NULL; returns NULL. */
struct service *service_free(struct service *service);

#endif
