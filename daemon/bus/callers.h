/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Callers on the bus: the user of each connection, and its calls under way.
 *
 * The bus is asked once for each connection, without waiting for the answer; until it comes the
 * caller's messages are held. The calls under way of a connection, of a user and of all users
 * are limited, in number and in bytes, before anything is done for them. A connection is
 * forgotten when the bus says that it has left. Owned by struct bus, on the control thread.
 */
#ifndef NFTTRACED_DAEMON_BUS_CALLERS_H
#define NFTTRACED_DAEMON_BUS_CALLERS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/*
 * Limits of calls under way. A user has several connections, and must leave some calls to others.
 * Each call may cause a question to polkit, and the bus lets a connection wait for 128 replies at a
 * time by default.
 */
#define CALLS_PER_CALLER 16
#define CALLS_PER_USER   32
#define CALLS_MAX        96

/* Questions to the bus about callers at a time, also of these 128 replies; further ones wait. */
#define CALLERS_ASKED_MAX 24

/* Connections whose user is known, and those that the bus has not answered about yet. */
#define CALLERS_MAX         4096
#define CALLERS_UNKNOWN_MAX 512

/* Held messages of a caller whose user is not known yet, and of all such callers beyond the first
 * CALLS_PER_CALLER of each. */
#define HELD_PER_CALLER 256
#define HELD_MAX        1024

/* Bytes of arguments, approximately, in messages that are kept. */
#define CALL_SIZE_MAX  (256u << 10) /* of a call */
#define USER_SIZE_MAX  (1u << 20) /* of a user */
#define CALLS_SIZE_MAX (4u << 20) /* of all users; and again of callers that are not known yet */

struct callers;

/* Referenced by each of its calls under way, and by struct callers until it leaves. */
struct caller {
	struct callers *callers;
	char *name; /* unique */
	uid_t uid; /* if known */
	pid_t pid; /* 0: the bus does not say */
	unsigned int calls; /* under way */
	bool known;
	bool left; /* the connection is closed: it gets no replies */
	struct user *user; /* NULL: it has no calls under way */

	/* Until it is known. */
	GQueue held; /* of sd_bus_message, in the order of their arrival */
	size_t held_bytes;
	sd_bus_slot *question; /* NULL: not asked yet */
	GList place; /* in callers->known, least recently used first; or in callers->unasked */
};

struct callers_ops {
	/* A message that was held until the bus answered; to keep it the function takes a
	 * reference. caller->known is false if the bus does not say who sent it. */
	void (*ready)(void *context, struct caller *caller, sd_bus_message *message);
	/* The connection of this name has left the bus. */
	void (*left)(void *context, const char *name);
};

/* `ops` are borrowed. */
struct callers *callers_new(const struct callers_ops *ops, void *context);

/* Subscribes to the departures of a new connection to a bus. Negative errno. */
int callers_join(struct callers *callers, sd_bus *bus);

/* The connection is closed: forgets all callers. Calls under way may be released later. */
void callers_leave(struct callers *callers);

/* The sender of `message`, known or not, borrowed. NULL if the message has no sender, or there are
 * CALLERS_UNKNOWN_MAX callers that are not known. */
struct caller *callers_of(struct callers *callers, sd_bus_message *message);

/* Holds a message of a caller that is not known until it is. -EUSERS: over a limit; -E2BIG: the
 * message alone is too large. */
int callers_await(struct caller *caller, sd_bus_message *message);

/*
 * -EUSERS if one more call, with `bytes` of arguments, would be over a limit of a caller that is
 * known. *ret_limit is then a sentence with the limit and its use (g_free it); `ret_limit` NULL: no
 * sentence.
 */
int caller_admit(const struct caller *caller, size_t bytes, char **ret_limit);

/* Counts a call under way, which was admitted, until caller_release(); `bytes` of its arguments are
 * kept. */
struct caller *caller_hold(struct caller *caller, size_t bytes);

/* The call is no longer under way; `bytes` as for caller_hold(). Accepts NULL; returns NULL. */
struct caller *caller_release(struct caller *caller, size_t bytes);

/* Accepts NULL; returns NULL. Calls that are still under way may be released later. */
struct callers *callers_free(struct callers *callers);

#endif
