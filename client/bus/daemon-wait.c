/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for the daemon to be on the bus; see daemon-wait.h. */
#include "client/bus/daemon-wait.h"

#include <errno.h>
#include <poll.h>

#include "client/bus/daemon-bus.h"

#define RETRY_USEC   G_USEC_PER_SEC /* after a bus that failed or was lost */
#define PRIVATE_USEC (G_USEC_PER_SEC / 10) /* between attempts to use the private socket */

#define DBUS_NAME      "org.freedesktop.DBus"
#define DBUS_PATH      "/org/freedesktop/DBus"
#define DBUS_INTERFACE "org.freedesktop.DBus"
#define OWNER_CHANGES                                                                          \
	"type='signal',sender='" DBUS_NAME "',path='" DBUS_PATH "',interface='" DBUS_INTERFACE \
	"',member='NameOwnerChanged',arg0='" BUS_NAME "'"

static int on_change(sd_bus_message *message, void *context, sd_bus_error *error)
{
	struct daemon_wait *wait = context;
	const char *name, *before, *now;
	int r = sd_bus_message_read(message, "sss", &name, &before, &now);

	if (r >= 0)
		wait->present = *now;
	return 0;
}

static int on_answer(sd_bus_message *message, void *context, sd_bus_error *error)
{
	struct daemon_wait *wait = context;
	int present;

	if (!sd_bus_message_is_method_error(message, NULL) &&
		sd_bus_message_read(message, "b", &present) >= 0)
		wait->present = present;
	return 0;
}

static void bus_drop(struct daemon_wait *wait)
{
	wait->changes = sd_bus_slot_unref(wait->changes);
	wait->question = sd_bus_slot_unref(wait->question);
	wait->bus = sd_bus_unref(wait->bus);
	wait->present = false;
	wait->retry = g_get_monotonic_time() + RETRY_USEC;
	wait->private_retry = wait->retry;
}

/* Asks the bus for changes. Does not wait: the bus may still be connecting. */
static int bus_ask(struct daemon_wait *wait)
{
	int r = sd_bus_add_match_async(
		wait->bus, &wait->changes, OWNER_CHANGES, on_change, NULL, wait);

	if (r >= 0)
		r = sd_bus_call_method_async(wait->bus, &wait->question, DBUS_NAME, DBUS_PATH,
			DBUS_INTERFACE, "NameHasOwner", on_answer, wait, "s", BUS_NAME);
	return r;
}

static void bus_renew(struct daemon_wait *wait)
{
	wait->retry = 0;
	if (bus_connect_later(&wait->bus) < 0 || bus_ask(wait) < 0)
		bus_drop(wait);
}

void daemon_wait_begin(struct daemon_wait *wait, sd_bus *bus)
{
	/* A private connection has gone with the daemon. */
	*wait = (struct daemon_wait){ .bus = bus_is_private(bus) ? NULL : sd_bus_ref(bus) };
	if (!wait->bus)
		bus_renew(wait);
	else if (bus_ask(wait) < 0)
		bus_drop(wait);
}

void daemon_wait_missed(struct daemon_wait *wait)
{
	wait->present = false;
	if (wait->bus && bus_is_private(wait->bus))
		bus_drop(wait);
}

static void private_try(struct daemon_wait *wait, int64_t now)
{
	sd_bus *bus;

	if (now < wait->private_retry)
		return;
	wait->private_retry = now + PRIVATE_USEC;
	if (bus_connect_private(&bus) < 0)
		return;
	bus_drop(wait);
	wait->bus = bus;
	wait->present = true;
}

void daemon_wait_repeat(struct daemon_wait *wait)
{
	bus_drop(wait);
}

/* Handles the messages that the bus has sent. */
static void bus_dispatch(struct daemon_wait *wait)
{
	int r = 1;

	while (r > 0)
		r = sd_bus_process(wait->bus, NULL);
	if (r < 0)
		bus_drop(wait);
}

/* The time of the next action, us of g_get_monotonic_time. */
static int64_t deadline(const struct daemon_wait *wait, int64_t until)
{
	uint64_t timeout;

	until = MIN(until, wait->private_retry);
	if (!wait->bus)
		return MIN(until, wait->retry);
	if (sd_bus_get_timeout(wait->bus, &timeout) > 0 && timeout < (uint64_t)until)
		return (int64_t)timeout;
	return until;
}

enum daemon_wait_result daemon_wait_run(
	struct daemon_wait *wait, int64_t until, int signal_fd, int output_fd)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = -1 }, { .fd = signal_fd, .events = POLLIN },
			{ .fd = output_fd }, /* only POLLERR */
		};
		int64_t now = g_get_monotonic_time(), left;

		if (!wait->present)
			private_try(wait, now);
		if (!wait->bus && wait->retry <= now)
			bus_renew(wait);
		if (wait->bus && !bus_is_private(wait->bus))
			bus_dispatch(wait);
		if (wait->present)
			return DAEMON_PRESENT;
		if (now >= until)
			return DAEMON_LATE;
		if (wait->bus) {
			fds[0].fd = sd_bus_get_fd(wait->bus);
			fds[0].events = (short)sd_bus_get_events(wait->bus);
		}
		left = MAX(deadline(wait, until) - now, 0);
		if (poll(fds, G_N_ELEMENTS(fds), (int)(left / 1000) + 1) < 0)
			continue;
		if (fds[1].revents)
			return DAEMON_SIGNAL;
		if (fds[2].revents & POLLERR)
			return DAEMON_UNREAD;
	}
}

void daemon_wait_close(struct daemon_wait *wait)
{
	sd_bus_slot_unref(wait->changes);
	sd_bus_slot_unref(wait->question);
	sd_bus_unref(wait->bus);
	*wait = (struct daemon_wait){ 0 };
}
