/* SPDX-License-Identifier: GPL-2.0-or-later */
/* org.nfttraced1.Manager's Reload: what 'systemctl reload' calls, and waits for. */
#include "daemon/sessions/reload.h"
#include "daemon/bus/bus-private.h"
#include "daemon/bus/callers.h"

/* A call on its way. */
struct pending {
	sd_bus_message *message;
	struct caller *caller; /* NULL: root */
};

static void on_reloaded(void *context, const char *trouble)
{
	struct pending *pending = context;

	if (trouble)
		sd_bus_reply_method_errorf(
			pending->message, BUS_ERROR_PREFIX "InvalidConfiguration", "%s", trouble);
	else
		sd_bus_reply_method_return(pending->message, "");
	sd_bus_message_unref(pending->message);
	caller_release(pending->caller);
	g_free(pending);
}

static int method_reload(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct pending *pending;

	if (!manager_reload(bus->manager))
		return sd_bus_error_set(
			error, SD_BUS_ERROR_FAILED, "nfttraced is starting: try again");
	pending = g_new(struct pending, 1);
	pending->message = sd_bus_message_ref(message);
	pending->caller = authorise_hold(bus->authorise, message);
	reload_await(manager_reload(bus->manager), on_reloaded, pending);
	return 1;
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_reload,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

int bus_serve_reload(struct bus *bus, sd_bus *connection)
{
	return sd_bus_add_object_vtable(
		connection, NULL, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, vtable, bus);
}
