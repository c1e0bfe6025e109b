/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Callers on the bus that are not root, while calls of theirs are under way: waiting for polkit, or
 * for what they asked for. Bounds how many there may be, per connection and per user, and tells the log
 * about who goes beyond, once in a while. Owned by the control thread.
 */
#ifndef NFTTRACED_CALLERS_H
#define NFTTRACED_CALLERS_H

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/* Calls under way. A user has several connections, and must not be able to take them all from others. For each one
 * polkit may be asked, and where nothing else is configured the bus has us wait for 128 answers at a time. */
#define CALLS_PER_CALLER 16
#define CALLS_PER_USER   32
#define CALLS_MAX        120

/* What is kept of a call of somebody who isn't root while it waits. */
#define CALL_SIZE_MAX (256u << 10) /* bytes, about */

struct callers;

struct caller {
	char *name; /* unique */
	uid_t uid;
	unsigned int calls; /* under way */
	sd_bus_track *watch; /* hears when it leaves; of who set it, freed with the caller */
	void *watcher; /* of who set it */
	struct callers *callers;
};

struct callers *callers_new(void);

/* The caller if it has calls under way, NULL otherwise. */
struct caller *callers_find(struct callers *callers, const char *name);

/*
 * -EUSERS if one more call would be too many; *ret_limit is then a sentence about the limit and what
 * is used of it (g_free it).
 */
int callers_admit(struct callers *callers, const char *name, uid_t uid, char **ret_limit);

/* One more call is under way, until caller_release. It was admitted. */
struct caller *callers_hold(struct callers *callers, const char *name, uid_t uid);

/* The call is answered. Accepts NULL; returns NULL. */
struct caller *caller_release(struct caller *caller);

/* Tells the log that a call was refused and why: once a minute and user at most, and then how many others
 * there were. */
void callers_log_refused(struct callers *callers, const char *name, uid_t uid, const char *reason);

/* How many calls that was, in the log or not, since the process began. */
uint64_t callers_refused(void);

/* Nobody is watched any more; calls that are still under way may be released all the same. Accepts NULL;
 * returns NULL. */
struct callers *callers_free(struct callers *callers);

#endif
