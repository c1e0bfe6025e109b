/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Callers on the bus: which user each connection belongs to, and how much it has under way. The bus is asked
 * once per connection, without waiting for the answer; until it comes the caller's messages are kept. What a
 * connection, a user and all of them may have under way is bounded, in calls and bytes, before anything is
 * done for them. A connection is forgotten when the bus says that it has left. Owned by the bus glue, on
 * the control thread.
 */
#ifndef NFTTRACED_DAEMON_BUS_CALLERS_H
#define NFTTRACED_DAEMON_BUS_CALLERS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/* Calls under way. A user has several connections, and must not be able to take them all from others. For each one
 * polkit may be asked, and where nothing else is configured the bus has us wait for 128 answers at a time. */
#define CALLS_PER_CALLER 16
#define CALLS_PER_USER   32
#define CALLS_MAX        96

/* Questions to the bus about callers, of the same 128 answers; those beyond wait. */
#define CALLERS_ASKED_MAX 24

/* Connections that are known, and that the bus is still to be asked about. */
#define CALLERS_MAX         4096
#define CALLERS_UNKNOWN_MAX 512

/* Messages of one that the bus is still asked about, and of all, beyond the first CALLS_PER_CALLER of each. */
#define HELD_PER_CALLER 256
#define HELD_MAX        1024

/* What is kept of messages that wait. */
#define CALL_SIZE_MAX  (256u << 10) /* bytes of arguments, about: of one */
#define USER_SIZE_MAX  (1u << 20) /* of a user's */
#define CALLS_SIZE_MAX (4u << 20) /* of all; as much again of callers that are not known yet */

struct callers;

/* Has a reference for each call under way, and one while it is known. */
struct caller {
	struct callers *callers;
	char *name; /* unique */
	uid_t uid; /* if it is known */
	pid_t pid; /* 0: the bus does not say */
	unsigned int calls; /* under way */
	bool known;
	bool left; /* the connection is gone: nobody gets an answer */
	struct user *user; /* NULL: it has nothing under way */

	/* Until it is known. */
	GQueue held; /* of sd_bus_message, in the order in which they came */
	size_t held_bytes;
	sd_bus_slot *question; /* NULL: not asked yet */
	GList place; /* among those that are known: least recently used first; or that are to be asked about */
};

struct callers_hooks {
	/* A message that was held, which the hook takes a reference of if it wants it. `known` false: the bus
	 * does not say who sent it. */
	void (*ready)(void *context, struct caller *caller, sd_bus_message *message);
	/* The connection of this name has left the bus. */
	void (*left)(void *context, const char *name);
};

/* `hooks` are borrowed. */
struct callers *callers_new(const struct callers_hooks *hooks, void *context);

/* A new connection to a bus: hears of everybody who leaves it. Negative errno. */
int callers_join(struct callers *callers, sd_bus *bus);

/* The connection is gone, and with it everybody's name. Calls under way may be released later. */
void callers_leave(struct callers *callers);

/* Who sent `message`: known or not, borrowed. NULL if the message has no sender, or there are more callers that
 * are not known than are looked after. */
struct caller *callers_of(struct callers *callers, sd_bus_message *message);

/* Keeps a message of a caller that is not known until it is. -EUSERS if that would be too much, -E2BIG if the
 * message alone is. */
int callers_await(struct caller *caller, sd_bus_message *message);

/*
 * -EUSERS if one more call of `bytes` would be too much for a caller that is known; *ret_limit is then a sentence
 * about the limit and what is used of it (g_free it). NULL: no text.
 */
int caller_admit(const struct caller *caller, size_t bytes, char **ret_limit);

/* One more call is under way, until caller_release. It was admitted. */
struct caller *caller_hold(struct caller *caller);

/* The call is answered. Accepts NULL; returns NULL. */
struct caller *caller_release(struct caller *caller);

/* Of a caller with calls under way: `bytes` of arguments are kept while a call waits, or are no longer. */
void caller_keep(struct caller *caller, size_t bytes);
void caller_discard(struct caller *caller, size_t bytes);

/* Accepts NULL; returns NULL. Calls that are still under way may be released later. */
struct callers *callers_free(struct callers *callers);

#endif
