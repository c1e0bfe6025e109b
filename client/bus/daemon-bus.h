/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's side of the bus: connections to the daemon, calls of org.nfttraced1, and the structs
 * that their answers become. The command owns the connection and the answers; the host of -H
 * (remote.h) and the password agent (polkit-agent.h) are the program's. One thread, which waits for
 * the answer of a call.
 *
 * A call that fails returns a negative errno and one sentence for a person, with the remedy.
 * Sentences are complete but for the program's name; g_free them.
 */
#ifndef NFTTRACED_CLIENT_BUS_DAEMON_BUS_H
#define NFTTRACED_CLIENT_BUS_DAEMON_BUS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#define BUS_NAME              "org.nfttraced1"
#define BUS_MANAGER_PATH      "/org/nfttraced1"
#define BUS_MANAGER_INTERFACE "org.nfttraced1.Manager"
#define BUS_SESSION_INTERFACE "org.nfttraced1.Session"
#define BUS_SESSION_PREFIX    "/org/nfttraced1/session/"

#define BUS_ERROR_NO_SUCH_SESSION "org.nfttraced1.Error.NoSuchSession"

/* Starting and stopping load programs into the kernel and wait for disks, and a person may have to
 * type a password first. */
#define BUS_TIMEOUT_USEC (300 * UINT64_C(1000000))

static inline void bus_unref(sd_bus **bus)
{
	*bus = sd_bus_flush_close_unref(*bus);
}

static inline void bus_message_unref(sd_bus_message **message)
{
	*message = sd_bus_message_unref(*message);
}

static inline void bus_error_free(sd_bus_error *error)
{
	sd_bus_error_free(error);
}

#define auto_bus         __attribute__((cleanup(bus_unref))) sd_bus
#define auto_bus_message __attribute__((cleanup(bus_message_unref))) sd_bus_message
#define auto_bus_error   __attribute__((cleanup(bus_error_free))) sd_bus_error

/* Limits how long a call waits for its answer; at first BUS_TIMEOUT_USEC. */
void bus_limit_wait(uint64_t usec);

/*
 * Connects to the daemon: root by its private socket if that exists, which neither needs the system
 * bus nor waits behind others on it; other users, and -H, by the system bus.
 */
int bus_connect(sd_bus **ret, char **ret_reason);

/* Connects to the private socket; negative errno if we may not use it, or no daemon listens. */
int bus_connect_private(sd_bus **ret);

/* True for a connection to the private socket, which has no bus. */
bool bus_is_private(sd_bus *bus);

/* Connects to a bus that may not be running yet; serving the connection waits for it. Negative
 * errno. */
int bus_connect_later(sd_bus **ret);

/* A method call of the daemon, ready for its arguments. polkit may ask for a password for it, see
 * polkit-agent.h. */
int bus_call_new(sd_bus *bus, const char *path, const char *interface, const char *method,
	sd_bus_message **ret);

/*
 * Sends `call` and waits for the answer. `r` is the result of building the call, so that the caller
 * need not check each append. -EACCES without the right to, -ENXIO if the daemon is not running,
 * -ESRCH for a session that does not exist, -ENOTCONN if the bus has gone, other negative errno.
 */
int bus_call_send(
	sd_bus *bus, sd_bus_message *call, int r, sd_bus_message **ret, char **ret_reason);

/* Sends a call without arguments, and waits for the answer. */
int bus_call(sd_bus *bus, const char *path, const char *interface, const char *method,
	sd_bus_message **ret, char **ret_reason);

/*
 * Calls a method of the manager that lists something and has no arguments. `read` adds the entries
 * of the answer to the array, negative errno if it can't be read; `free_entry` frees one of them.
 */
int bus_list(sd_bus *bus, const char *method, int (*read)(sd_bus_message *, GPtrArray *),
	GDestroyNotify free_entry, GPtrArray **ret, char **ret_reason);

/* The answer to org.freedesktop.DBus.Properties.GetAll. */
int bus_properties(sd_bus *bus, const char *path, const char *interface, sd_bus_message **ret,
	char **ret_reason);

/* Makes a sentence on a failed call; returns the errno that bus_call_send does. */
int bus_failure(const sd_bus_error *error, char **ret_reason);

/* True for the errors of calls while the daemon, or the bus, is restarted. */
bool bus_is_absence(int error);

/* Makes a sentence on an answer that can't be read; returns `r`. */
int bus_unreadable(int r, char **ret_reason);

#endif
