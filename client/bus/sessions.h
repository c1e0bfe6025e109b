/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sessions as the daemon tells them, and how a person names one: by its id or by its name.
 */
#ifndef NFTTRACED_CLIENT_BUS_SESSIONS_H
#define NFTTRACED_CLIENT_BUS_SESSIONS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

struct session {
	char *object; /* path on the bus */
	uint64_t id;
	uint64_t owner; /* uid */
	char *name;
	char *state;
	char *filter;
	char *path; /* of the journal */
	char **verdicts;
	uint64_t started; /* us, CLOCK_REALTIME */
	uint64_t matched;
	uint64_t journaled;
	uint64_t lost;
	uint64_t suppressed;
	char *disk_error; /* why the journal can't be stored at the moment; "" */
};

/* Accepts NULL; returns NULL. */
struct session *session_free(struct session *session);

/* Every session, as an array of struct session that owns them. */
int session_list(sd_bus *bus, GPtrArray **ret, char **ret_reason);

/*
 * The object path of a session. What is all digits is an id (and not asked for); anything else is a
 * name: that of a session of the caller's own, or else one that exactly one session has. -ESRCH if there
 * is none.
 */
int session_find(sd_bus *bus, const char *id_or_name, char **ret_object, char **ret_reason);

/* True for a text that names a session by its id. */
bool session_is_id(const char *text);

/* The id in an object path. -EINVAL if it is no session's. */
int session_object_id(const char *object, uint64_t *ret);

/* A call of the session's interface: -ESRCH with a sentence of its own if the session is not there. */
int session_call(sd_bus *bus, const char *object, sd_bus_message *call, int r, sd_bus_message **ret,
	char **ret_reason);

#endif
