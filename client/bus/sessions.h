/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sessions that the daemon lists, and finding one by its id or its name. Failures are
 * sentences. */
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
 * The object path of a session. All digits are an id, which is not checked; anything else is a
 * name: of a session of the caller, or else one that exactly one session has. -ESRCH if there is no
 * such session.
 */
int session_find(sd_bus *bus, const char *id_or_name, char **ret_object, char **ret_reason);

/* True if the text is an id. */
bool session_is_id(const char *text);

/* The id in an object path. -EINVAL if it is not the path of a session. */
int session_object_id(const char *object, uint64_t *ret);

/* Sends a call of the session's interface, as bus_call_send(); -ESRCH if the session does not
 * exist. */
int session_call(sd_bus *bus, const char *object, sd_bus_message *call, int r, sd_bus_message **ret,
	char **ret_reason);

#endif
