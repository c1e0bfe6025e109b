/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Callers with calls under way, counted; see callers.h. */
#include "callers.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>

#include "log.h"

#define LOG_PAUSE_USEC (60 * G_USEC_PER_SEC)
#define LOG_USERS_MAX  32 /* users whose last line is remembered */

/* Who was in the log lately. */
struct mention {
	uid_t uid;
	int64_t when; /* us, monotonic; 0: nobody */
	uint64_t since; /* refused calls without a line */
};

/* Of the process, whichever bus they came from. */
static uint64_t refused;

struct callers {
	GHashTable *callers; /* name of struct caller that owns it -> struct caller */
	unsigned int calls; /* of all */
	bool abandoned; /* goes with the last call */
	struct mention mentions[LOG_USERS_MAX];
};

static void caller_free(void *data)
{
	struct caller *caller = data;

	sd_bus_track_unref(caller->watch);
	g_free(caller->name);
	g_free(caller);
}

struct callers *callers_new(void)
{
	struct callers *callers = g_new0(struct callers, 1);

	callers->callers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, caller_free);
	return callers;
}

static void callers_destroy(struct callers *callers)
{
	g_hash_table_unref(callers->callers);
	g_free(callers);
}

struct caller *callers_find(struct callers *callers, const char *name)
{
	return g_hash_table_lookup(callers->callers, name);
}

static unsigned int calls_of(struct callers *callers, uid_t uid)
{
	unsigned int calls = 0;
	GHashTableIter i;
	void *value;

	g_hash_table_iter_init(&i, callers->callers);
	while (g_hash_table_iter_next(&i, NULL, &value)) {
		const struct caller *caller = value;

		calls += caller->uid == uid ? caller->calls : 0;
	}
	return calls;
}

int callers_admit(struct callers *callers, const char *name, uid_t uid, char **ret_limit)
{
	const struct caller *caller = callers_find(callers, name);
	unsigned int of_user = calls_of(callers, uid);

	if (caller && caller->calls >= CALLS_PER_CALLER)
		*ret_limit = g_strdup_printf(
			"this connection has %u calls under way, as many as are allowed",
			caller->calls);
	else if (of_user >= CALLS_PER_USER)
		*ret_limit = g_strdup_printf(
			"user %u has %u calls under way, as many as are allowed", uid, of_user);
	else if (callers->calls >= CALLS_MAX)
		*ret_limit = g_strdup_printf(
			"%u calls are under way, as many as are allowed", callers->calls);
	else
		return 0;
	return -EUSERS;
}

struct caller *callers_hold(struct callers *callers, const char *name, uid_t uid)
{
	struct caller *caller = callers_find(callers, name);

	if (!caller) {
		caller = g_new0(struct caller, 1);
		caller->name = g_strdup(name);
		caller->uid = uid;
		caller->callers = callers;
		g_hash_table_insert(callers->callers, caller->name, caller);
	}
	caller->calls++;
	callers->calls++;
	return caller;
}

struct caller *caller_release(struct caller *caller)
{
	struct callers *callers;

	if (!caller)
		return NULL;
	callers = caller->callers;
	callers->calls--;
	if (--caller->calls == 0)
		g_hash_table_remove(callers->callers, caller->name);
	if (callers->abandoned && !callers->calls)
		callers_destroy(callers);
	return NULL;
}

/* The user's, or the place of who was mentioned longest ago; NULL: there are too many to tell of each. */
static struct mention *mention_of(struct callers *callers, uid_t uid, int64_t now)
{
	struct mention *oldest = &callers->mentions[0];

	for (unsigned int i = 0; i < LOG_USERS_MAX; i++) {
		struct mention *mention = &callers->mentions[i];

		if (mention->when && mention->uid == uid)
			return mention;
		if (mention->when < oldest->when)
			oldest = mention;
	}
	if (oldest->when && now - oldest->when < LOG_PAUSE_USEC)
		return NULL;
	*oldest = (struct mention){ .uid = uid };
	return oldest;
}

void callers_log_refused(struct callers *callers, const char *name, uid_t uid, const char *reason)
{
	int64_t now = g_get_monotonic_time();
	struct mention *mention = mention_of(callers, uid, now);

	refused++;
	if (!mention)
		return;
	if (mention->when && now - mention->when < LOG_PAUSE_USEC) {
		mention->since++;
		return;
	}
	if (mention->since)
		log_warning("a call of user %u (%s) was refused: %s; %" G_GUINT64_FORMAT
			    " more since the last such line",
			uid, name, reason, mention->since);
	else
		log_warning("a call of user %u (%s) was refused: %s", uid, name, reason);
	mention->when = now;
	mention->since = 0;
}

uint64_t callers_refused(void)
{
	return refused;
}

struct callers *callers_free(struct callers *callers)
{
	GHashTableIter i;
	void *value;

	if (!callers)
		return NULL;
	g_hash_table_iter_init(&i, callers->callers);
	while (g_hash_table_iter_next(&i, NULL, &value)) {
		struct caller *caller = value;

		caller->watch = sd_bus_track_unref(caller->watch);
	}
	callers->abandoned = true;
	if (!callers->calls)
		callers_destroy(callers);
	return NULL;
}
