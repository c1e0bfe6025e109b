/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Authorisation of calls on the bus: every call of the daemon's own interfaces is checked here
 * before any object sees it.
 *
 * Root's calls pass at once. For other users polkit is asked, which takes time: the message is
 * kept, nothing has changed yet, and when polkit says yes the same message is dispatched again. No
 * answer is used for another call. A caller's own sessions need another action than those of
 * others. A session that does not exist is treated, and answered, like one of another user. Owned
 * by struct bus, on the control thread.
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

struct authorise_ops {
	/* True if the session at `path` exists and `uid` owns it. */
	bool (*owns_session)(void *context, const char *path, uid_t uid);
	/* True if a journal of session `id`, which may have ended, exists and `uid` owns it. */
	bool (*owns_journal)(void *context, uint64_t id, uid_t uid);
	/* polkit has answered: passes the message to authorise_call() once more, in its user's
	 * turn. */
	void (*resume)(void *context, struct caller *caller, sd_bus_message *message);
};

/* `ops` are borrowed. Never fails. */
struct authorise *authorise_new(const struct authorise_ops *ops, void *context);

/*
 * For the filter of the connection, which returns the result to sd-bus; the method call of `caller`
 * was admitted. 0: it passes, and the functions below are about it. 1: it waits, or was answered.
 * Negative: it is refused with *error.
 */
int authorise_call(struct authorise *authorise, struct caller *caller, sd_bus_message *message,
	sd_bus_error *error);

/* Passes a call of `caller` that needs no permission; the functions below are about it. */
void authorise_public(struct authorise *authorise, struct caller *caller);

/* Passes a call of root, on a connection that only root can have. */
void authorise_root(struct authorise *authorise);

/* The connection of this name has left: drops its calls that wait for polkit. */
void authorise_left(struct authorise *authorise, const char *name);

/* The user of the call that passed. */
uid_t authorise_uid(const struct authorise *authorise);

/* The process of the call that passed; 0: unknown. */
pid_t authorise_pid(const struct authorise *authorise);

/* True if the call that passed also has `action`, with which its method does more. */
bool authorise_may(const struct authorise *authorise, enum action action);

/* Counts `message`, the call that passed, among the caller's calls under way until
 * caller_release(). NULL if the caller is root. */
struct caller *authorise_hold(struct authorise *authorise, sd_bus_message *message);

/*
 * Refuses `message`, the call that passed, with LimitsExceeded and `reason`, a sentence. It is
 * counted and logged (refusals.h) unless the caller is root. Returns a negative errno for sd-bus.
 */
int authorise_refuse(struct authorise *authorise, sd_bus_message *message, const char *reason,
	sd_bus_error *error);

/* Drops the calls that wait. Accepts NULL; returns NULL. */
struct authorise *authorise_free(struct authorise *authorise);

#endif
