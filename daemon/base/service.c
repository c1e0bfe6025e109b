/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals and messages of the service manager, see service.h. */
#include "daemon/base/service.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <systemd/sd-daemon.h>

#include "journal/base/clock.h"
#include "journal/base/escape.h"

#define WATCHDOG_BEATS 3 /* in the watchdog's timeout: a late one is harmless */

struct service {
	sd_event *event;
	struct service_ops ops;
	sd_event_source *signals[3];
	sd_event_source *watchdog;
	uint64_t watchdog_usec;
	char *status;
	char *trouble; /* of the last reload, or NULL */
	bool ready;
	bool stopping;
};

static const int handled[] = { SIGTERM, SIGINT, SIGHUP };

void service_block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	for (size_t i = 0; i < G_N_ELEMENTS(handled); i++)
		sigaddset(&signals, handled[i]);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Sends the status line; `first`: further assignments, each with its newline. */
static void send_status(const struct service *service, const char *first)
{
	if (service->trouble)
		sd_notifyf(0, "%sSTATUS=%s (%s)", first, service->status, service->trouble);
	else
		sd_notifyf(0, "%sSTATUS=%s", first, service->status);
}

static int on_end(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct service *service = userdata;

	service_stopping(service);
	service->ops.end(service->ops.context);
	return 0;
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct service *service = userdata;

	if (service->stopping)
		return 0;
	service->ops.reload(service->ops.context);
	return 0;
}

static int on_watchdog(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct service *service = userdata;

	if (service->ops.alive(service->ops.context))
		sd_notify(0, "WATCHDOG=1");
	sd_event_source_set_time_relative(source, service->watchdog_usec / WATCHDOG_BEATS);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int add_sources(struct service *service)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(handled); i++)
		r = sd_event_add_signal(service->event, &service->signals[i], handled[i],
			handled[i] == SIGHUP ? on_reload : on_end, service);
	if (r >= 0 && sd_watchdog_enabled(0, &service->watchdog_usec) > 0)
		r = sd_event_add_time_relative(service->event, &service->watchdog, CLOCK_MONOTONIC,
			0, 0, on_watchdog, service);
	return r;
}

int service_new(sd_event *event, const struct service_ops *ops, struct service **ret)
{
	struct service *service = g_new0(struct service, 1);
	int r;

	service->event = sd_event_ref(event);
	service->ops = *ops;
	service->status = g_strdup("Starting");
	r = add_sources(service);
	if (r < 0) {
		service_free(service);
		return r;
	}
	*ret = service;
	return 0;
}

void service_status(struct service *service, const char *format, ...)
{
	g_autofree char *raw = NULL, *status = NULL;
	va_list arguments;

	va_start(arguments, format);
	raw = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	/* A new line in it would be another assignment. */
	status = text_escape_dup(raw);
	if (g_str_equal(status, service->status))
		return;
	g_free(service->status);
	service->status = g_steal_pointer(&status);
	if (service->ready)
		send_status(service, "");
}

void service_ready(struct service *service)
{
	service->ready = true;
	send_status(service, "READY=1\n");
}

void service_reloading(const struct service *service)
{
	/* The service manager would take a daemon that stops for one that runs again. */
	if (!service->stopping)
		sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
			(uint64_t)(clock_ns(CLOCK_MONOTONIC) / NSEC_PER_USEC));
}

void service_reloaded(struct service *service, char *trouble)
{
	g_free(service->trouble);
	/* A new line in it would be another assignment. */
	service->trouble = trouble ? text_escape_dup(trouble) : NULL;
	g_free(trouble);
	if (!service->stopping)
		send_status(service, "READY=1\n");
}

void service_stopping(struct service *service)
{
	service->stopping = true;
	sd_notify(0, "STOPPING=1\nSTATUS=Ending the sessions");
}

int service_barrier(uint64_t usec)
{
	int r = sd_notify_barrier(0, usec);

	return r == 0 ? -EOPNOTSUPP : MIN(r, 0);
}

struct service *service_free(struct service *service)
{
	if (!service)
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(service->signals); i++)
		sd_event_source_disable_unref(service->signals[i]);
	sd_event_source_disable_unref(service->watchdog);
	sd_event_unref(service->event);
	g_free(service->status);
	g_free(service->trouble);
	g_free(service);
	return NULL;
}
