/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user and the process of a connection. For a client of the bus, the bus is asked, without
 * waiting for its answer; for a peer of the private socket, the kernel knows them. Stateless, on
 * the control thread.
 */
#ifndef NFTTRACED_DAEMON_BUS_CREDENTIALS_H
#define NFTTRACED_DAEMON_BUS_CREDENTIALS_H

#include <sys/socket.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/* The bus itself, as it is called. */
#define DBUS_NAME      "org.freedesktop.DBus"
#define DBUS_PATH      "/org/freedesktop/DBus"
#define DBUS_INTERFACE "org.freedesktop.DBus"

/* Asks the bus about the connection `name`; `answered` reads the reply. Negative errno. */
int credentials_ask(sd_bus *bus, const char *name, sd_bus_slot **ret_slot,
	sd_bus_message_handler_t answered, void *userdata);

/* Reads a reply that is no error. *ret_pid is 0 if the bus does not say. Negative errno. */
int credentials_read(sd_bus_message *reply, uid_t *ret_uid, pid_t *ret_pid);

/* The user and the process that opened a connection to the private socket. Negative errno. */
int credentials_of_peer(int fd, struct ucred *ret);

/* The process that opened a connection to the private socket; 0: unknown. */
pid_t credentials_peer_pid(sd_bus *peer);

#endif
