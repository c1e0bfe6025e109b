/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may do what on the bus. Every call of the daemon's own interfaces comes through here before any
 * object sees it. Root goes on at once. For everybody else polkit is asked, which takes its time: the call
 * is kept, nothing has changed yet, and when the answer is yes the very same message is dispatched
 * again. No answer is kept for another call. A caller's own sessions need another action than those of
 * others, and a session that does not exist is like one of others, with the same words. Owned by the
 * bus glue, on the control thread.
 */
#ifndef NFTTRACED_DAEMON_BUS_AUTHORISE_H
#define NFTTRACED_DAEMON_BUS_AUTHORISE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

enum action {
	ACTION_START_SESSION,
	ACTION_CONTROL_OWN,
	ACTION_CONTROL_ANY,
	ACTION_READ_EVENTS,
	ACTION_READ_STATUS,
};
#define ACTIONS 5

struct authorise;
struct caller;

/* Who has what. */
struct authorise_owners {
	/* True if the session at `path` is there and is `uid`'s. */
	bool (*session)(void *context, const char *path, uid_t uid);
	/* True if there is a journal of session `id`, which may have ended, and it is `uid`'s. */
	bool (*journal)(void *context, uint64_t id, uid_t uid);
	/* polkit has answered: the message is to come to authorise_call once more, when it is its caller's turn. */
	void (*resume)(void *context, struct caller *caller, sd_bus_message *message);
};

struct authorise *authorise_new(const struct authorise_owners *owners, void *context);

/*
 * Looks at a method call of `caller`, which was admitted, in a filter of the connection: what it returns is what
 * the filter returns. 0: the call goes on, now, and authorise_uid and authorise_may tell about it. 1: it waits, or
 * it was dropped. Negative: it is refused, as *error says.
 */
int authorise_call(struct authorise *authorise, struct caller *caller, sd_bus_message *message,
	sd_bus_error *error);

/* The same for a call that anybody may make; authorise_uid tells who does. */
void authorise_public(struct authorise *authorise, struct caller *caller);

/* The connection of this name has left: pending answers are dropped. */
void authorise_left(struct authorise *authorise, const char *name);

/* The call that goes on is root's, of a connection that nobody else can have. */
void authorise_root(struct authorise *authorise);

/* Of the call that goes on: the caller's user, and whether the call may also do what needs `action`: what
 * it can do without, but does more with it. */
uid_t authorise_uid(const struct authorise *authorise);
bool authorise_may(const struct authorise *authorise, enum action action);

/* The process that called; 0: it can't be told. */
pid_t authorise_pid(const struct authorise *authorise);

/* `message`, which goes on, will be answered later: it counts among the caller's until caller_release.
 * NULL if the caller is root. */
struct caller *authorise_hold(struct authorise *authorise, sd_bus_message *message);

/* `message`, which goes on, was refused for its caller's limits: it is counted and logged, see refusals.h;
 * not if the caller is root. */
void authorise_refused(struct authorise *authorise, sd_bus_message *message, const char *reason);

/* Drops the calls that wait. Accepts NULL; returns NULL. */
struct authorise *authorise_free(struct authorise *authorise);

#endif
