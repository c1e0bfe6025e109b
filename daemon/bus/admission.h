/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls from the bus before anything is done for them. Every method call comes through here first, public ones
 * included. Root's go on at once. A call of anybody else waits in its user's line, or is refused when the user
 * has too much under way; that costs next to nothing, so that the bus is read as fast as it delivers and root's
 * call behind a flood is reached. Users have turns, one call each, owners of running sessions first; while there is
 * more to read the turns get a bounded share of the time. Nothing is begun while replies wait to be written.
 * Owned by the bus glue, on the control thread.
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

struct admission_hooks {
	/* True if sessions of `uid` run: it comes before those that have none. */
	bool (*is_owner)(void *context, uid_t uid);
};

/* `hooks` are borrowed. Never fails. */
struct admission *admission_new(
	sd_event *event, const struct admission_hooks *hooks, void *context);

/* A new connection to a bus, whose callers these are; both are borrowed. Negative errno. */
int admission_join(struct admission *admission, sd_bus *bus, struct callers *callers);

/* The connection is gone, and with it all that waits. */
void admission_leave(struct admission *admission);

/*
 * Looks at a method call, in a filter of the connection: what it returns is what the filter returns. 0: the call
 * goes on, now, and *ret_caller, who is known, is its sender. 1: it waits or is dropped. Negative: it is refused, as
 * *error says.
 */
int admission_take(struct admission *admission, sd_bus_message *message, struct caller **ret_caller,
	sd_bus_error *error);

/* A message that waited until its caller was known. */
void admission_ready(struct admission *admission, struct caller *caller, sd_bus_message *message);

/* A call that went on once and was kept, such as for polkit, is to go on again, in its user's next turn. Its holder
 * holds `caller`. */
void admission_resume(struct admission *admission, struct caller *caller, sd_bus_message *message);

/* The connection of this name has left: its calls are dropped. */
void admission_left(struct admission *admission, const char *name);

/* True while more replies wait to be written to the bus than are begun meanwhile. */
bool admission_congested(sd_bus *bus);

/* Accepts NULL; returns NULL. */
struct admission *admission_free(struct admission *admission);

#endif
