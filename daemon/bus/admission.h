/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue of calls from the bus: every method call, public ones included, is admitted here before
 * anything is done for it.
 *
 * A call of root is passed on at once. A call of another user is queued in that user's line, or
 * refused if the user is over a limit of calls under way. Either costs very little, so the bus is
 * read as fast as it delivers, and a call of root behind a flood is reached. Users take turns, one
 * call each; owners of running sessions come first. While the bus has more to read, turns get a
 * limited share of the time. No call is started while replies wait to be written. Owned by struct
 * bus, on the control thread.
 */
#ifndef NFTTRACED_DAEMON_BUS_ADMISSION_H
#define NFTTRACED_DAEMON_BUS_ADMISSION_H

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

struct admission;
struct caller;
struct callers;

struct admission_ops {
	/* True if sessions of `uid` run: its calls come before those of users without sessions. */
	bool (*is_owner)(void *context, uid_t uid);
};

/* `ops` are borrowed. Never fails. */
struct admission *admission_new(sd_event *event, const struct admission_ops *ops, void *context);

/* A new connection to a bus, and its callers; both are borrowed. Negative errno. */
int admission_join(struct admission *admission, sd_bus *bus, struct callers *callers);

/* The connection is closed: drops all calls that wait. */
void admission_leave(struct admission *admission);

/*
 * For the filter of the connection, which returns the result to sd-bus. 0: the method call is
 * passed on, and *ret_caller, which is known, is its sender. 1: it waits or is dropped. Negative:
 * it is refused with *error.
 */
int admission_take(struct admission *admission, sd_bus_message *message, struct caller **ret_caller,
	sd_bus_error *error);

/* Takes a message that was held until its caller was known. */
void admission_ready(struct admission *admission, struct caller *caller, sd_bus_message *message);

/* Queues a call once more that was passed on and then kept, for polkit's answer: it is passed on
 * again in its user's next turn. The module that kept it holds `caller` until then. */
void admission_resume(struct admission *admission, struct caller *caller, sd_bus_message *message);

/* The connection of this name has left: drops its calls. */
void admission_left(struct admission *admission, const char *name);

/* True if so many replies wait to be written to the bus that no call should be started. */
bool admission_congested(sd_bus *bus);

/* Accepts NULL; returns NULL. */
struct admission *admission_free(struct admission *admission);

#endif
