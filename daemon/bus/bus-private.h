/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Declarations that the files of this folder share. All functions run on the control thread. */
#ifndef NFTTRACED_DAEMON_BUS_BUS_PRIVATE_H
#define NFTTRACED_DAEMON_BUS_BUS_PRIVATE_H

#include "daemon/bus/admission.h"
#include "daemon/bus/authorise.h"
#include "daemon/bus/bus.h"
#include "daemon/bus/callers.h"
#include "daemon/bus/errors.h"

/* Priorities of event sources: the private socket comes before the bus. */
#define BUS_PRIORITY_PRIVATE (SD_EVENT_PRIORITY_NORMAL - 10)
#define BUS_PRIORITY         SD_EVENT_PRIORITY_NORMAL

/*
 * Registers all objects on a new connection, to the bus or of a peer. `check` is its filter, which
 * sees every message first; `disconnected` is called once when the connection is closed. Both get
 * `bus`. Negative errno, as for the functions below that register an object.
 */
int bus_serve_objects(struct bus *bus, sd_bus *connection, sd_bus_message_handler_t check,
	sd_bus_message_handler_t disconnected);

/* manager.c: registers /org/nfttraced1. */
int bus_serve_manager(struct bus *bus, sd_bus *connection);

/* memory-property.c: the getter of the manager's property Memory. */
int bus_get_memory(sd_bus *connection, const char *path, const char *interface,
	const char *property, sd_bus_message *reply, void *userdata, sd_bus_error *error);

/* archive.c: registers the manager's methods for journals on disk. */
int bus_serve_archive(struct bus *bus, sd_bus *connection);

/* reload.c: registers the manager's method Reload. */
int bus_serve_reload(struct bus *bus, sd_bus *connection);

/* session.c: registers the objects below /org/nfttraced1/session. */
int bus_serve_sessions(struct bus *bus, sd_bus *connection);

/* peers.c: listens on the private socket; logs the reason if it can't. */
void bus_peers_open(struct bus *bus);
/* Closes the socket and its connections. */
void bus_peers_close(struct bus *bus);

/* signals.c: becomes the manager's observer, and sends signals about changes on the system bus. */
void bus_observe_manager(struct bus *bus);

/* call-check.c: the filter of a connection to the system bus, which passes calls that are
 * authorised. */
int bus_check_call(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);

/* The same for a connection that only root can have. */
int bus_check_root(struct bus *bus, sd_bus_message *message, sd_bus_error *error);

/* For struct bus's callers, admission and authorise; the context of all is the bus. */
extern const struct authorise_ops bus_authorise_ops;
extern const struct callers_ops bus_callers_ops;
extern const struct admission_ops bus_admission_ops;

/* paths.c: the object path of a session (g_free it). */
char *bus_session_path(const struct session *session);
/* The session of an object path; NULL if it does not exist. */
struct session *bus_session_find(struct bus *bus, const char *path);

/* describe.c: appends the reply of StopSession and Stop, a{sv}. Negative errno. */
int bus_append_final_totals(sd_bus_message *reply, const struct session *session,
	const struct dictionary_totals *totals);

/* Appends the reply of Describe, a{sv}. Negative errno. */
int bus_append_description(sd_bus_message *reply, struct bus *bus, struct session *session);

/* The totals of a session, borrowed: one snapshot in each turn of the event loop. */
const struct dictionary_totals *bus_session_totals(struct bus *bus, struct session *session);

/* configuration.c: the method GetConfiguration; `userdata` is the bus. */
int bus_method_get_configuration(sd_bus_message *message, void *userdata, sd_bus_error *error);

/* drop-counters.c: the method GetDropCounters; `userdata` is the bus. */
int bus_get_drop_counters(sd_bus_message *message, void *userdata, sd_bus_error *error);
/* Drops the calls that wait. Accepts NULL; returns NULL. */
struct drop_replies *drop_replies_free(struct drop_replies *replies);

enum bus_option_type {
	BUS_OPTION_STRING, /* s: char * */
	BUS_OPTION_BOOLEAN, /* b: bool */
	BUS_OPTION_NUMBER, /* t: uint64_t */
	BUS_OPTION_VERDICTS, /* as: uint32_t */
	BUS_OPTION_SECTIONS, /* as: uint32_t */
	BUS_OPTION_PROBES, /* as: GArray * of struct probe_spec */
	BUS_OPTION_POSITION, /* (tt): struct journal_position */
};

struct bus_option {
	const char *key;
	enum bus_option_type type;
	size_t offset; /* of the field in the target of bus_options_read() */
};

/* options.c: reads an a{sv} into the fields of `target`. An unknown key or a wrong type is
 * InvalidOption. Returns a negative errno for sd-bus. */
int bus_options_read(sd_bus_message *message, const struct bus_option *options, size_t count,
	void *target, sd_bus_error *error);

/* Reads an "as" of verdicts as a mask. Returns a negative errno for sd-bus. */
int bus_verdicts_read(sd_bus_message *message, uint32_t *ret, sd_bus_error *error);

/* Sets a timer that was created with sd_event_add_time() to elapse once, `usec` from now. Negative
 * errno. */
static inline int bus_timer_set(sd_event_source *timer, uint64_t usec)
{
	int r = sd_event_source_set_time_relative(timer, usec);

	return r < 0 ? r : sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

#endif
