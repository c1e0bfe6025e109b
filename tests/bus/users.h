/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users other than root, for tests of the bus: their calls, and the replies. */
#ifndef NFTTRACED_TESTS_BUS_USERS_H
#define NFTTRACED_TESTS_BUS_USERS_H

#include <systemd/sd-bus.h>

#include "tests/bus/bus-fixture.h"
#include "tests/bus/mock-polkit.h"

#define DENIED  "org.freedesktop.DBus.Error.AccessDenied"
#define LIMITED "org.freedesktop.DBus.Error.LimitsExceeded"

#define NOWHERE "/org/nfttraced1/session/999999"

/* The fixture with a polkit, its daemon's log in a file; for unchecked fixtures. */
void users_start(void);
void users_stop(void);

/* The number of lines in the daemon's log, since it started, that contain `text`. */
unsigned int users_logged(const char *text);

/* Runs `function` as one of the users, 0 to MOCK_USERS - 1, and fails the test if it fails. */
void as_user(unsigned int user, void (*function)(sd_bus *bus, void *argument), void *argument);

/* A method about a session, with valid arguments. */
struct session_method {
	const char *name;
	uint32_t own, other; /* MOCK_*: the actions that it needs */
	sd_bus_message *(*new_call)(
		sd_bus *bus, const char *session, const struct session_method *method);
};
extern const struct session_method session_methods[];
extern const unsigned int session_methods_count;

/* Calls; "NAME: MESSAGE" of the error, or "" on success. The caller g_free's it. */
char *attempt(sd_bus *bus, sd_bus_message *call);
char *attempt_method(sd_bus *bus, const char *session, const struct session_method *method);

/* Everything that root sees of all sessions, as text to compare. The caller free()s it. */
char *everything(sd_bus *root);

/* The number at `key` in the reply of Describe. */
uint64_t described(sd_bus *bus, const char *session, const char *key);

/* StartSession with one number; returns the path, which the caller g_free's, or NULL and the error
 * in *ret_error. */
char *start_with(sd_bus *bus, const char *key, uint64_t value, char **ret_error);

/* Starts a session with a name and a filter that other users must not see: secretname, udp port
 * 4711. The caller g_free's its path. */
char *start_secret(sd_bus *root);

#endif
