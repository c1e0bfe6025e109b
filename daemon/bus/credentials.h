/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the bus knows of a connection: its user and its process. Asked without waiting for the answer. */
#ifndef NFTTRACED_DAEMON_BUS_CREDENTIALS_H
#define NFTTRACED_DAEMON_BUS_CREDENTIALS_H

#include <sys/types.h>
#include <systemd/sd-bus.h>

/* Asks the bus about the connection `name`; `answered` reads the reply. Negative errno. */
int credentials_ask(sd_bus *bus, const char *name, sd_bus_slot **ret_slot,
	sd_bus_message_handler_t answered, void *userdata);

/* Reads a reply that is no error. *ret_pid is 0 if the bus does not say. Negative errno. */
int credentials_read(sd_bus_message *reply, uid_t *ret_uid, pid_t *ret_pid);

#endif
