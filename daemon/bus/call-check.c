/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may call: one filter of each connection checks every call before any object sees it, so that
 * no method can be forgotten, and the answer is the same for an object that exists and for one that
 * does not. It also connects callers, admission and authorisation, which don't know each other.
 */
#include "daemon/bus/binding.h"
#include "daemon/bus/bus-private.h"
#include "daemon/journals/archive.h"
#include "daemon/sessions/index-job.h"

/* Every user may call these: they disclose nothing about traffic or filters. */
static bool is_public(const char *interface, const char *member)
{
	static const char *const interfaces[] = {
		"org.freedesktop.DBus.Properties",
		"org.freedesktop.DBus.Introspectable",
		"org.freedesktop.DBus.Peer",
		"org.freedesktop.DBus.ObjectManager",
		NULL,
	};

	return interface && g_strv_contains(interfaces, interface) && !g_str_equal(member, "Set");
}

/* The answer is the same for a session that has ended and for one that never existed. */
static int check_session(struct bus *bus, sd_bus_message *message, sd_bus_error *error)
{
	const char *path = sd_bus_message_get_path(message);

	if (g_strcmp0(sd_bus_message_get_interface(message), BUS_SESSION_INTERFACE) == 0 &&
		g_str_has_prefix(path, BUS_SESSION_ROOT "/") && !bus_session_find(bus, path))
		return bus_no_session(path, error);
	return 0;
}

/* Of other messages only those of the bus itself are accepted, such as signals about names. */
static int check_other(sd_bus_message *message)
{
	const char *sender = sd_bus_message_get_sender(message);

	return sender && *sender == ':' ? 1 : 0;
}

int bus_check_call(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
	struct bus *bus = userdata;
	struct caller *caller = NULL;
	int r;

	if (sd_bus_message_is_method_call(message, NULL, NULL) <= 0)
		return check_other(message);
	/* For 0 sd-bus would pass the call to an object, even if an error was set. */
	r = admission_take(bus->admission, message, &caller, ret_error);
	if (r != 0)
		return r;
	if (is_public(sd_bus_message_get_interface(message), sd_bus_message_get_member(message))) {
		authorise_public(bus->authorise, caller);
		return 0;
	}
	r = authorise_call(bus->authorise, caller, message, ret_error);
	return r != 0 ? r : check_session(bus, message, ret_error);
}

int bus_check_root(struct bus *bus, sd_bus_message *message, sd_bus_error *error)
{
	if (sd_bus_message_is_method_call(message, NULL, NULL) <= 0)
		return 0;
	authorise_root(bus->authorise);
	return check_session(bus, message, error);
}

static bool owns_session(void *context, const char *path, uid_t uid)
{
	const struct session *session = bus_session_find(context, path);

	return session && session->owner == uid;
}

static bool owns_journal(void *context, uint64_t id, uid_t uid)
{
	const struct bus *bus = context;
	const struct archive_journal *known =
		journal_index_find(manager_journals(bus->manager), id);
	uid_t owner;

	if (known && known->owner != ARCHIVE_UNLIMITED)
		return known->owner == uid;
	return archive_owner(manager_state_directory(bus->manager), id, &owner) == 0 &&
		owner == uid;
}

static void resume_call(void *context, struct caller *caller, sd_bus_message *message)
{
	const struct bus *bus = context;

	admission_resume(bus->admission, caller, message);
}

const struct authorise_ops bus_authorise_ops = { owns_session, owns_journal, resume_call };

static void on_caller_ready(void *context, struct caller *caller, sd_bus_message *message)
{
	const struct bus *bus = context;

	admission_ready(bus->admission, caller, message);
}

static void on_caller_left(void *context, const char *name)
{
	struct bus *bus = context;

	admission_left(bus->admission, name);
	authorise_left(bus->authorise, name);
	binding_caller_left(bus, name);
}

const struct callers_ops bus_callers_ops = { on_caller_ready, on_caller_left };

static bool is_owner(void *context, uid_t uid)
{
	const struct bus *bus = context;
	const GPtrArray *sessions = manager_sessions(bus->manager);

	for (unsigned int i = 0; i < sessions->len; i++) {
		const struct session *session = sessions->pdata[i];

		if (session->owner == uid && session->state != SESSION_STARTING)
			return true;
	}
	return false;
}

const struct admission_ops bus_admission_ops = { is_owner };
