/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon on the bus: the name org.nfttraced1, its objects, and who may call them. All of it is
 * glue: it reads arguments, calls the manager, and turns what comes back into replies and signals. On
 * the control thread.
 */
#ifndef NFTTRACED_DAEMON_BUS_BUS_CALLS_H
#define NFTTRACED_DAEMON_BUS_BUS_CALLS_H

#include <systemd/sd-bus.h>

#include "daemon/sessions/session-control.h"
#include "daemon/sessions/status.h"

#define BUS_NAME              "org.nfttraced1"
#define BUS_MANAGER_PATH      "/org/nfttraced1"
#define BUS_MANAGER_INTERFACE "org.nfttraced1.Manager"
#define BUS_SESSION_ROOT      "/org/nfttraced1/session"
#define BUS_SESSION_INTERFACE "org.nfttraced1.Session"
#define BUS_ERROR_PREFIX      "org.nfttraced1.Error."

struct admission;
struct authorise;
struct callers;
struct peers;

struct bus {
	sd_bus *bus; /* NULL: between two connections */
	sd_event *event;
	struct manager *manager;
	char id[33]; /* of that bus, when it is joined */
	bool named; /* this connection has the name */
	bool joined; /* some connection had it */
	bool refused; /* the name can't be had: the daemon ends */
	sd_event_source *join; /* begins the next connection */
	/* Leaves a bus that takes nothing of what is sent to it. */
	sd_event_source *stuck;
	uint64_t unwritten; /* messages that waited when it looked last */
	uint64_t losses; /* of the bus, after it was joined */
	uint64_t
		unbound; /* sessions that ended because their callers could not be proven to be the same */
	char *complaint; /* of the last one that did not get the name, or NULL */
	struct drops_bus
		*drops; /* replies of GetDropCounters on the way; NULL: there were none yet */
	const struct bus_hooks *hooks;
	void *context; /* of the hooks */
	struct callers *callers; /* of the bus, and what they have under way */
	struct admission *admission; /* of their calls */
	struct authorise
		*authorise; /* of calls that go on; those that wait are of this connection */
	struct peers *peers; /* of the private socket; NULL: there is none */
	GPtrArray *bindings; /* of struct binding, which their sessions own */
};

/* What somebody else wants to hear of; on the control thread. */
struct bus_hooks {
	/* The name came or went, a session came or went, the manager's state is another. */
	void (*changed)(void *context);
};

/* Not connected yet. `hooks` are borrowed. Never fails. */
struct bus *bus_new(sd_event *event, const struct bus_hooks *hooks, void *context);

/*
 * Becomes the observer of `manager`, which is borrowed, and offers its objects on the system bus under
 * our name: now, or when there is a bus. When the connection is lost, sessions go on, but for those
 * that are bound to their callers, and the bus is joined again when it is back. A bus that takes no message
 * of ours any more, because some client does not read its replies, is left and joined again. When the name
 * can't be had the first time (another daemon has it, the bus's policy does not let us) that is logged, `refused`
 * is set and the manager is ended.
 */
int bus_serve(struct bus *bus, struct manager *manager);

/* Accepts NULL; returns NULL. */
struct bus *bus_free(struct bus *bus);

#endif
