/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All objects of the daemon, as each connection has them: of the bus, and of a peer of the private
 * socket. */
#include "daemon/bus/bus-private.h"
#include "daemon/bus/log-control.h"

/* sd-bus itself sends "Disconnected", from this path and interface. */
#define LOCAL_PATH      "/org/freedesktop/DBus/Local"
#define LOCAL_INTERFACE "org.freedesktop.DBus.Local"

int bus_serve_objects(struct bus *bus, sd_bus *connection, sd_bus_message_handler_t check,
	sd_bus_message_handler_t disconnected)
{
	int r = sd_bus_add_filter(connection, NULL, check, bus);

	if (r >= 0)
		r = sd_bus_match_signal_async(connection, NULL, NULL, LOCAL_PATH, LOCAL_INTERFACE,
			"Disconnected", disconnected, NULL, bus);
	if (r >= 0)
		r = log_control_serve(connection);
	if (r >= 0)
		r = bus_serve_manager(bus, connection);
	if (r >= 0)
		r = bus_serve_archive(bus, connection);
	if (r >= 0)
		r = bus_serve_reload(bus, connection);
	return r < 0 ? r : bus_serve_sessions(bus, connection);
}
