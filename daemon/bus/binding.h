/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ties a session to its caller (BindToCaller): the session ends when the caller is gone. A caller is
 * a name on the bus, a connection to the private socket, or, after a restart of the daemon, the process
 * that had such a connection. A session outlives a lost bus connection or a restart only if the caller is
 * provably the same; otherwise it ends, and its journal and the log say why. Owned by the bus glue, on the control thread.
 */
#ifndef NFTTRACED_DAEMON_BUS_BINDING_H
#define NFTTRACED_DAEMON_BUS_BINDING_H

#include <stdint.h>
#include <systemd/sd-bus.h>

struct bus;
struct binding;
struct session;

/*
 * Ties `session` to the sender of `message`, which is being dispatched. Sets session->caller_name, the
 * caller's identity as its saved session keeps it. The caller frees it with the session. NULL if the sender can't
 * be watched.
 */
struct binding *binding_new(struct bus *bus, struct session *session, sd_bus_message *message);

/*
 * Binds the sessions that were resumed from the previous daemon: each one's caller is read from
 * session->caller_name. A session ends if its caller is gone, now or when the bus is joined.
 */
void bindings_resume(struct bus *bus);

/* The caller of this name has left the bus: sessions bound to it end. */
void binding_caller_left(struct bus *bus, const char *name);

/* The connection to the bus is lost: until it is back a caller is only known by its process. */
void binding_bus_lost(struct bus *bus);

/* The bus is joined (again): sessions go on whose callers are provably still there, others end. */
void binding_bus_joined(struct bus *bus);

/* The connection to the private socket is closed: sessions bound to it end. */
void binding_peer_gone(struct bus *bus, sd_bus *peer);

/* Accepts NULL; returns NULL. */
struct binding *binding_free(struct binding *binding);

#endif
