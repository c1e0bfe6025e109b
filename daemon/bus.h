/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon on the bus: the name org.nfttraced1, its objects, and who may call them. All of it is
 * glue: it reads arguments, calls the manager, and turns what comes back into replies and signals. On
 * the control thread.
 */
#ifndef NFTTRACED_DAEMON_BUS_H
#define NFTTRACED_DAEMON_BUS_H

#include <systemd/sd-bus.h>

#include "manager.h"

#define BUS_NAME              "org.nfttraced1"
#define BUS_MANAGER_PATH      "/org/nfttraced1"
#define BUS_MANAGER_INTERFACE "org.nfttraced1.Manager"
#define BUS_SESSION_ROOT      "/org/nfttraced1/session"
#define BUS_SESSION_INTERFACE "org.nfttraced1.Session"
#define BUS_ERROR_PREFIX      "org.nfttraced1.Error."

struct bus {
	sd_bus *bus;
	sd_event *event;
	struct manager *manager;
	bool lost; /* the connection went away: nobody can reach the daemon any more */
};

/* Connects to the system bus and takes the name. -EEXIST: another daemon has it. One sentence in
 * *ret_reason on failure. Nothing is served before bus_serve. */
int bus_new(sd_event *event, struct bus **ret, char **ret_reason);

/* Offers the objects of `manager`, which is borrowed, and becomes its observer. When the connection is
 * lost it ends the manager: a daemon that nobody can reach must not go on recording. */
int bus_serve(struct bus *bus, struct manager *manager);

/* Accepts NULL; returns NULL. */
struct bus *bus_free(struct bus *bus);

#endif
