/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon on D-Bus: the name org.nfttraced1, its objects, and who may call them.
 *
 * This folder reads arguments, calls the manager (daemon/sessions/), and turns its results into
 * replies and signals; it keeps no state of sessions. Everything in it runs on the control thread,
 * and nothing waits: not for the bus, not for polkit, not for a caller to read its reply. struct
 * bus owns the connection to the system bus, the private socket with its connections, the limits
 * and queues of callers, and the bindings of sessions to callers.
 *
 * A call from the system bus passes callers.c (its user), admission.c (limits, and the turns of
 * users) and authorise.c (permissions), and then reaches an object: manager.c, archive.c, reload.c,
 * session.c, log-control.c. A call on the private socket is root's and reaches its object at once.
 *
 * When the connection is lost, sessions continue, except those bound to callers that can't be
 * proven to be the same afterwards, and the bus is joined again when it is back.
 */
#ifndef NFTTRACED_DAEMON_BUS_BUS_H
#define NFTTRACED_DAEMON_BUS_BUS_H

#include <systemd/sd-bus.h>

#include "daemon/sessions/session-control.h"

#define BUS_NAME              "org.nfttraced1"
#define BUS_MANAGER_PATH      "/org/nfttraced1"
#define BUS_MANAGER_INTERFACE "org.nfttraced1.Manager"
#define BUS_SESSION_ROOT      "/org/nfttraced1/session"
#define BUS_SESSION_INTERFACE "org.nfttraced1.Session"

struct admission;
struct authorise;
struct callers;
struct drop_replies;
struct peers;

struct bus {
	sd_bus *bus; /* NULL: not connected */
	sd_event *event;
	struct manager *manager;
	char id[33]; /* of the bus that was joined last */
	bool named; /* this connection has the name */
	bool joined; /* a connection has had the name */
	bool refused; /* the name is not available: the daemon ends */
	sd_event_source *join_timer; /* starts the next connection */
	sd_event_source *stuck_timer; /* leaves a bus that reads nothing */
	uint64_t unwritten; /* messages that waited for the bus at the last check */
	uint64_t losses; /* connections that were lost after the bus was joined */
	uint64_t unbound; /* sessions that ended because their callers could not be proven */
	char *complaint; /* why the name was not available, as logged last; or NULL */
	struct drop_replies *drop_replies; /* NULL: GetDropCounters was not called yet */
	const struct bus_ops *ops;
	void *context; /* of `ops` */
	struct callers *callers;
	struct admission *admission;
	struct authorise *authorise; /* its waiting calls are of this connection */
	struct peers *peers; /* of the private socket; NULL: there is none */
	GPtrArray *bindings; /* of struct binding, owned by their sessions */
};

struct bus_ops {
	/* The name was acquired or lost, a session was added or removed, or the manager's status
	 * changed. */
	void (*changed)(void *context);
};

/* Does not connect yet. `ops` are borrowed. Never fails. */
struct bus *bus_new(sd_event *event, const struct bus_ops *ops, void *context);

/*
 * Becomes the observer of `manager`, which is borrowed; opens the private socket, and joins the
 * system bus now or as soon as it exists. The bus is joined again whenever the connection is lost,
 * and also when it reads no message for a while, because a client does not read its replies. If the
 * name is not available the first time (another daemon has it, or the policy of the bus denies it)
 * that is logged, `refused` is set and the manager is ended.
 */
int bus_serve(struct bus *bus, struct manager *manager);

/* Accepts NULL; returns NULL. */
struct bus *bus_free(struct bus *bus);

#endif
