/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of the manager and its sessions become signals on the bus. */
#include "daemon/bus/binding.h"
#include "daemon/bus/bus-private.h"

static void on_session_added(void *context, struct session *session)
{
	g_autofree char *path = bus_session_path(session);
	struct bus *bus = context;

	if (bus->named) {
		sd_bus_emit_object_added(bus->bus, path);
		sd_bus_emit_signal(
			bus->bus, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, "SessionNew", "o", path);
	}
	bus->ops->changed(bus->context);
}

static void on_session_removed(void *context, struct session *session)
{
	g_autofree char *path = bus_session_path(session);
	struct bus *bus = context;

	session->caller = binding_free(session->caller);
	if (bus->named) {
		sd_bus_emit_object_removed(bus->bus, path);
		sd_bus_emit_signal(bus->bus, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE,
			"SessionRemoved", "o", path);
	}
	bus->ops->changed(bus->context);
}

static void on_session_changed(void *context, struct session *session)
{
	g_autofree char *path = bus_session_path(session);
	struct bus *bus = context;

	if (bus->named)
		sd_bus_emit_properties_changed(
			bus->bus, path, BUS_SESSION_INTERFACE, "State", NULL);
}

static void on_status_changed(void *context)
{
	struct bus *bus = context;

	if (bus->named)
		sd_bus_emit_properties_changed(bus->bus, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE,
			"State", "Problem", "AttachMode", "Armed", "Features", NULL);
	bus->ops->changed(bus->context);
}

void bus_observe_manager(struct bus *bus)
{
	const struct manager_observer observer = {
		.context = bus,
		.session_added = on_session_added,
		.session_removed = on_session_removed,
		.session_changed = on_session_changed,
		.status_changed = on_status_changed,
	};

	manager_observe(bus->manager, &observer);
}
