/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that were refused; see refusals.h. */
#include "daemon/base/refusals.h"

#include <glib.h>

#include "daemon/base/log.h"

#define LOG_PAUSE_USEC (60 * G_USEC_PER_SEC)
#define LOG_USERS_MAX  32 /* users whose last line is remembered */

/* The last line about a user. */
struct mention {
	uid_t uid;
	int64_t when; /* us, monotonic; 0: unused */
	uint64_t since; /* refused calls without a line */
};

static struct mention mentions[LOG_USERS_MAX];
static uint64_t refused, unanswered;

/* The user's entry, or that of the user who was mentioned longest ago; NULL: too many users were
 * mentioned recently. */
static struct mention *mention_of(uid_t uid, int64_t now)
{
	struct mention *oldest = &mentions[0];

	for (unsigned int i = 0; i < LOG_USERS_MAX; i++) {
		struct mention *mention = &mentions[i];

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

static void write_line(const struct mention *mention, const char *name, const char *reason)
{
	g_autofree char *user = mention->uid == UID_UNKNOWN
		? g_strdup("an unknown user")
		: g_strdup_printf("user %u", mention->uid);

	if (mention->since)
		log_warning("a call of %s (%s) was refused: %s; %" G_GUINT64_FORMAT
			    " more since the last message",
			user, name, reason, mention->since);
	else
		log_warning("a call of %s (%s) was refused: %s", user, name, reason);
}

void refusals_add(const char *name, uid_t uid, const char *reason, bool answered)
{
	int64_t now = g_get_monotonic_time();
	struct mention *mention = mention_of(uid, now);

	refused++;
	unanswered += !answered;
	if (!mention)
		return;
	if (mention->when && now - mention->when < LOG_PAUSE_USEC) {
		mention->since++;
		return;
	}
	write_line(mention, name, reason);
	mention->when = now;
	mention->since = 0;
}

uint64_t refusals_count(void)
{
	return refused;
}

uint64_t refusals_unanswered(void)
{
	return unanswered;
}
