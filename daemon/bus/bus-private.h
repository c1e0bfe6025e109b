/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the bus glue share. */
#ifndef NFTTRACED_DAEMON_BUS_BUS_PRIVATE_H
#define NFTTRACED_DAEMON_BUS_BUS_PRIVATE_H

#include "daemon/bus/admission.h"
#include "daemon/bus/authorise.h"
#include "daemon/bus/bus.h"
#include "daemon/bus/callers.h"
#include "daemon/bus/errors.h"

/* Of event sources: root's own connections come before the bus. */
#define BUS_PRIORITY_PRIVATE (SD_EVENT_PRIORITY_NORMAL - 10)
#define BUS_PRIORITY         SD_EVENT_PRIORITY_NORMAL

/* Registers all objects on a new connection, to the bus or of a peer. `check` sees every message first;
 * `disconnected` is called when the connection has ended. Both get the bus. */
int bus_serve_objects(struct bus *bus, sd_bus *connection, sd_bus_message_handler_t check,
	sd_bus_message_handler_t disconnected);

/* Registers /org/nfttraced1 on a new connection. */
int bus_serve_manager(struct bus *bus, sd_bus *connection);

/* A getter of sd-bus, of the manager's property Memory. */
int bus_get_memory(sd_bus *connection, const char *path, const char *interface,
	const char *property, sd_bus_message *reply, void *userdata, sd_bus_error *error);

/* Registers the manager's methods for journals on disk. */
int bus_serve_archive(struct bus *bus, sd_bus *connection);

/* Registers Reload. */
int bus_serve_reload(struct bus *bus, sd_bus *connection);

/* Registers /org/nfttraced1/session/ on a new connection. */
int bus_serve_sessions(struct bus *bus, sd_bus *connection);

/* Listens on the private socket; logs why if that can't be. */
void bus_peers_open(struct bus *bus);
/* Closes it and its connections. */
void bus_peers_close(struct bus *bus);

/* Becomes the manager's observer: what changes becomes signals, on whatever connection there is. */
void bus_observe_manager(struct bus *bus);

/* A filter of sd-bus that sees every call before any object does, and lets through who may call. */
int bus_check_call(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);

/* What the filter of a connection that is root's returns. */
int bus_check_root(struct bus *bus, sd_bus_message *message, sd_bus_error *error);

/* The object path of a session (g_free it), and back: NULL if there is no such session. */
char *bus_session_path(const struct session *session);
struct session *bus_session_find(struct bus *bus, const char *path);

/* The parts that calls go through; the context of all is the bus. */
extern const struct authorise_owners bus_owners;
extern const struct callers_hooks bus_callers_hooks;
extern const struct admission_hooks bus_admission_hooks;

/* The reply of StopSession and Stop. */
int bus_append_final_totals(sd_bus_message *reply, const struct session *session,
	const struct dictionary_totals *totals);

/* What Describe says: a{sv}. */
int bus_append_description(sd_bus_message *reply, struct bus *bus, struct session *session);

/* The totals of a session: one snapshot for everything that is answered in a turn of the event loop. */
const struct dictionary_totals *bus_session_totals(struct bus *bus, struct session *session);

/* The method GetConfiguration; `userdata` is the bus. */
int bus_method_get_configuration(sd_bus_message *message, void *userdata, sd_bus_error *error);

/* GetDropCounters: bus/drop-counters.c. */
int bus_get_drop_counters(sd_bus_message *message, void *userdata, sd_bus_error *error);
/* Drops the calls that wait. Accepts NULL. */
void bus_drops_free(struct drops_bus *drops);

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
	size_t offset; /* of the field in what bus_options_read fills */
};

/* Reads an a{sv} into the fields of `target`; an unknown key or a wrong type is InvalidOption. */
int bus_options_read(sd_bus_message *message, const struct bus_option *options, size_t count,
	void *target, sd_bus_error *error);

/* The array of names of an "as" as a mask. */
int bus_verdicts_read(sd_bus_message *message, uint32_t *ret, sd_bus_error *error);

#endif
