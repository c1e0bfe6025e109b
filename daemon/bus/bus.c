/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection to the system bus: joined, left and joined again; see bus.h. Nothing here waits:
 * at boot the daemon is ready before the bus exists, and units that start after it must not wait
 * for the bus.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "daemon/base/log.h"
#include "daemon/bus/authorise.h"
#include "daemon/bus/binding.h"
#include "daemon/bus/bus-private.h"
#include "daemon/bus/credentials.h"

#define ADDRESS_DEFAULT "unix:path=/run/dbus/system_bus_socket"
#define REJOIN_USEC     G_USEC_PER_SEC /* after a connection failed or was lost */

/*
 * A bus counts unread messages against their sender, and stops reading from a sender with too many
 * of them: a single client that never reads its replies would keep all others from theirs. The
 * count ends with the sender's connection.
 */
#define STUCK_SEC 15

/* Results of RequestName. */
#define NAME_OWNED       1
#define NAME_OWNED_BY_US 4

/* `owner`: the process that has the name; 0: unknown. */
static char *explain_refusal(int error, pid_t owner)
{
	switch (-error) {
	case EEXIST:
		return g_strdup_printf("nfttraced is already running (" BUS_NAME
				       " is owned by PID %d)",
			(int)owner);
	case EACCES:
	case EPERM:
		return g_strdup("the bus does not let nfttraced own the name " BUS_NAME
				": run it as root, and install its bus policy org.nfttraced1.conf");
	default:
		return g_strdup_printf(
			"can't own the name " BUS_NAME " on the bus: %s", g_strerror(-error));
	}
}

static void leave_bus(struct bus *bus)
{
	bus->named = false;
	bus->unwritten = 0;
	sd_event_source_set_time(bus->stuck_timer, UINT64_MAX);
	/* The calls that wait in them came on this connection. */
	admission_leave(bus->admission);
	authorise_free(bus->authorise);
	bus->authorise = authorise_new(&bus_authorise_ops, bus);
	binding_bus_lost(bus);
	callers_leave(bus->callers);
	sd_bus_close(bus->bus);
	bus->bus = sd_bus_unref(bus->bus);
}

/* 0 if the reply of RequestName says that the name is ours. */
static int read_name_result(sd_bus_message *reply)
{
	uint32_t result;
	int r;

	if (sd_bus_message_is_method_error(reply, NULL))
		return -sd_bus_message_get_errno(reply);
	r = sd_bus_message_read(reply, "u", &result);
	if (r < 0)
		return r;
	return result == NAME_OWNED || result == NAME_OWNED_BY_US ? 0 : -EEXIST;
}

/* A bus that was restarted has another id. */
static void read_id(struct bus *bus)
{
	sd_id128_t id = { 0 };

	sd_bus_get_bus_id(bus->bus, &id);
	sd_id128_to_string(id, bus->id);
}

static void handle_refusal(struct bus *bus, int error, pid_t owner)
{
	g_autofree char *reason = explain_refusal(error, owner);

	/* The name is requested every second. */
	if (g_strcmp0(reason, bus->complaint) != 0)
		log_error("%s", reason);
	g_free(bus->complaint);
	bus->complaint = g_steal_pointer(&reason);
	/* A daemon that has had the name keeps its sessions. */
	if (!bus->joined && (error == -EEXIST || error == -EACCES || error == -EPERM)) {
		bus->refused = true;
		manager_end(bus->manager);
	} else {
		bus_timer_set(bus->join_timer, REJOIN_USEC);
	}
}

static int on_owner(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
	uid_t uid;
	pid_t pid = 0;

	if (!sd_bus_message_is_method_error(reply, NULL))
		credentials_read(reply, &uid, &pid);
	handle_refusal(userdata, -EEXIST, pid);
	return 0;
}

static int on_name(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
	struct bus *bus = userdata;
	int r = read_name_result(reply);

	if (r == -EEXIST && credentials_ask(bus->bus, BUS_NAME, NULL, on_owner, bus) >= 0)
		return 0;
	if (r < 0) {
		handle_refusal(bus, r, 0);
		return 0;
	}
	log_debug("joined the bus");
	if (bus->joined)
		log_notice("the bus is back");
	bus->named = bus->joined = true;
	read_id(bus);
	g_clear_pointer(&bus->complaint, g_free);
	binding_bus_joined(bus);
	bus->ops->changed(bus->context);
	return 0;
}

/* Called once for each connection that was started, whether it was established or not. */
static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
	struct bus *bus = userdata;

	if (bus->named) {
		log_warning("lost the bus: sessions continue, and can be reached when it is back");
		bus->losses++;
	}
	bus->named = false;
	bus->ops->changed(bus->context);
	bus_timer_set(bus->join_timer, REJOIN_USEC);
	return 0;
}

static int connect_bus(struct bus *bus)
{
	const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
	int r = sd_bus_new(&bus->bus);

	if (r >= 0)
		r = sd_bus_set_address(bus->bus, address ? address : ADDRESS_DEFAULT);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus->bus, true);
	/* sd-bus waits for a socket that does not exist yet, or has no listener yet. */
	if (r >= 0)
		r = sd_bus_set_watch_bind(bus->bus, true);
	return r < 0 ? r : sd_bus_start(bus->bus);
}

static int offer_objects(struct bus *bus)
{
	int r = bus_serve_objects(bus, bus->bus, bus_check_call, on_disconnected);

	if (r >= 0)
		r = callers_join(bus->callers, bus->bus);
	if (r >= 0)
		r = admission_join(bus->admission, bus->bus, bus->callers);
	if (r >= 0)
		r = sd_bus_request_name_async(bus->bus, NULL, BUS_NAME, 0, on_name, bus);
	return r < 0 ? r : sd_bus_attach_event(bus->bus, bus->event, BUS_PRIORITY);
}

static int on_join(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct bus *bus = userdata;
	int r;

	leave_bus(bus);
	r = connect_bus(bus);
	if (r >= 0)
		r = offer_objects(bus);
	if (r < 0) {
		log_debug("can't connect to the bus: %s", g_strerror(-r));
		leave_bus(bus);
		bus_timer_set(bus->join_timer, REJOIN_USEC);
	}
	return 0;
}

/* The bus has read no message since the timer was set. */
static int on_stuck(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct bus *bus = userdata;

	log_warning("the bus has read none of %" PRIu64
		    " messages for %d s, perhaps because a client does not read its replies: "
		    "reconnecting",
		bus->unwritten, STUCK_SEC);
	bus->losses++;
	leave_bus(bus);
	bus->ops->changed(bus->context);
	bus_timer_set(bus->join_timer, 0);
	return 0;
}

/* Called before each wait of the event loop. No turn of the loop both adds and writes messages, so
 * a falling number means that the bus reads. */
static int check_unwritten(sd_event_source *source, void *userdata)
{
	struct bus *bus = userdata;
	uint64_t now = 0;

	if (!bus->named || sd_bus_get_n_queued_write(bus->bus, &now) < 0)
		return 0;
	if (now == 0 && bus->unwritten > 0)
		sd_event_source_set_time(source, UINT64_MAX);
	else if (now > 0 && (bus->unwritten == 0 || now < bus->unwritten))
		sd_event_source_set_time_relative(source, STUCK_SEC * G_USEC_PER_SEC);
	bus->unwritten = now;
	return 0;
}

/*
 * The timer is always enabled, because only enabled sources are prepared before a wait; its time is
 * set while messages wait. A source that is dispatched in every turn would slow down replies that
 * are sent piece by piece.
 */
static int watch_unwritten(struct bus *bus)
{
	int r = sd_event_add_time(
		bus->event, &bus->stuck_timer, CLOCK_MONOTONIC, UINT64_MAX, 0, on_stuck, bus);

	if (r >= 0)
		r = sd_event_source_set_enabled(bus->stuck_timer, SD_EVENT_ON);
	return r < 0 ? r : sd_event_source_set_prepare(bus->stuck_timer, check_unwritten);
}

struct bus *bus_new(sd_event *event, const struct bus_ops *ops, void *context)
{
	struct bus *bus = g_new0(struct bus, 1);

	bus->event = sd_event_ref(event);
	bus->ops = ops;
	bus->context = context;
	bus->bindings = g_ptr_array_new();
	bus->callers = callers_new(&bus_callers_ops, bus);
	bus->admission = admission_new(event, &bus_admission_ops, bus);
	bus->authorise = authorise_new(&bus_authorise_ops, bus);
	return bus;
}

int bus_serve(struct bus *bus, struct manager *manager)
{
	int r;

	bus->manager = manager;
	bus_observe_manager(bus);
	bus_peers_open(bus);
	bindings_resume(bus);
	r = watch_unwritten(bus);
	return r < 0 ? r
		     : sd_event_add_time_relative(
			       bus->event, &bus->join_timer, CLOCK_MONOTONIC, 0, 0, on_join, bus);
}

struct bus *bus_free(struct bus *bus)
{
	if (!bus)
		return NULL;
	sd_event_source_disable_unref(bus->join_timer);
	bus->stuck_timer = sd_event_source_disable_unref(bus->stuck_timer);
	/* Without the name no caller waits for a reply, and flushing would wait for a bus that has
	 * not started. */
	if (bus->named)
		sd_bus_flush(bus->bus);
	bus_peers_close(bus);
	leave_bus(bus);
	drop_replies_free(bus->drop_replies);
	admission_free(bus->admission);
	authorise_free(bus->authorise);
	callers_free(bus->callers);
	/* Of sessions that continue after this daemon. */
	while (bus->bindings->len > 0)
		binding_free(bus->bindings->pdata[0]);
	g_ptr_array_unref(bus->bindings);
	g_free(bus->complaint);
	sd_event_unref(bus->event);
	g_free(bus);
	return NULL;
}
