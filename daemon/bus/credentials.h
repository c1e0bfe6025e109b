/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user and the process behind a connection: the bus is asked about its clients, without waiting for the answer;
 * the kernel knows those of the private socket. Stateless.
 */
#ifndef NFTTRACED_DAEMON_BUS_CREDENTIALS_H
#define NFTTRACED_DAEMON_BUS_CREDENTIALS_H

#include <sys/socket.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/* Asks the bus about the connection `name`; `answered` reads the reply. Negative errno. */
int credentials_ask(sd_bus *bus, const char *name, sd_bus_slot **ret_slot,
	sd_bus_message_handler_t answered, void *userdata);

/* Reads a reply that is no error. *ret_pid is 0 if the bus does not say. Negative errno. */
int credentials_read(sd_bus_message *reply, uid_t *ret_uid, pid_t *ret_pid);

/* The process that opened a connection to a socket of ours, and its user. Negative errno. */
int credentials_of_peer(int fd, struct ucred *ret);

/* That process, of a connection to the private socket; 0: unknown. */
pid_t credentials_peer_pid(sd_bus *peer);

#endif
