/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bindings of sessions to their callers (BindToCaller): the session ends when the caller leaves.
 *
 * A caller is a name on the bus, a connection to the private socket or, after a restart of the
 * daemon, the process that had such a connection. A session survives a lost bus connection or a
 * restart only if the caller is proven to be the same; otherwise it ends, and its journal and the
 * log have the reason. Owned by the session, and listed in struct bus; on the control thread.
 */
#ifndef NFTTRACED_DAEMON_BUS_BINDING_H
#define NFTTRACED_DAEMON_BUS_BINDING_H

#include <stdint.h>
#include <systemd/sd-bus.h>

struct bus;
struct binding;
struct session;

/*
 * Binds `session` to the sender of `message`, which is being dispatched. Sets session->caller_name,
 * the identity that the saved session keeps of the sender. To be freed with the session. Never
 * fails.
 */
struct binding *binding_new(struct bus *bus, struct session *session, sd_bus_message *message);

/*
 * Binds the sessions that were resumed from the previous daemon: each one's caller is read from
 * session->caller_name. A session ends if its caller is gone, now or when the bus is joined.
 */
void bindings_resume(struct bus *bus);

/* The connection of this name has left the bus: ends the sessions that are bound to it. */
void binding_caller_left(struct bus *bus, const char *name);

/* The connection to the bus is lost: until it is back, callers are watched by their processes. */
void binding_bus_lost(struct bus *bus);

/* The bus is joined: asks it about callers that are not proven. A session ends if its caller has
 * changed or left. */
void binding_bus_joined(struct bus *bus);

/* The connection to the private socket is closed: ends the sessions that are bound to it. */
void binding_peer_left(struct bus *bus, sd_bus *peer);

/* Accepts NULL; returns NULL. */
struct binding *binding_free(struct binding *binding);

#endif
