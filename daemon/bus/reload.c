/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The method Reload of org.nfttraced1.Manager; 'systemctl reload' calls it, and waits for the
 * reply. */
#include "daemon/sessions/reload.h"
#include "daemon/bus/bus-private.h"
#include "daemon/bus/pending-call.h"

static void on_reloaded(void *context, const char *trouble)
{
	struct pending_call *call = context;

	if (trouble)
		sd_bus_reply_method_errorf(
			call->message, BUS_ERROR_INVALID_CONFIGURATION, "%s", trouble);
	else
		sd_bus_reply_method_return(call->message, "");
	pending_call_clear(call);
	g_free(call);
}

static int method_reload(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct pending_call *call;

	if (!manager_reload(bus->manager))
		return sd_bus_error_set(
			error, SD_BUS_ERROR_FAILED, "nfttraced is starting: try again");
	call = g_new(struct pending_call, 1);
	pending_call_init(call, bus->authorise, message);
	reload_await(manager_reload(bus->manager), on_reloaded, call);
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
