/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon on the bus: who may call, and replies that come later; how it gets there is bus/bus.c. One
 * filter looks at every call before any object does, so no method can be forgotten, and the answer is
 * the same for an object that exists and for one that does not.
 */
#include "daemon/bus/bus-calls.h"

#include <errno.h>

#include "daemon/base/log.h"
#include "daemon/bus/authorise.h"
#include "daemon/bus/binding.h"
#include "daemon/bus/bus-private.h"
#include "daemon/journals/archive.h"
#include "daemon/sessions/index-job.h"
#include "journal/base/escape.h"

struct later {
	sd_bus_message *message;
	struct caller *caller; /* NULL: root */
	bus_reply_build build;
};

static const char *const failure_names[] = {
	[FAILURE_INVALID_FILTER] = BUS_ERROR_PREFIX "InvalidFilter",
	[FAILURE_INVALID_VERDICT] = BUS_ERROR_PREFIX "InvalidVerdict",
	[FAILURE_INVALID_OPTION] = BUS_ERROR_PREFIX "InvalidOption",
	[FAILURE_NO_SUCH_SESSION] = BUS_ERROR_PREFIX "NoSuchSession",
	[FAILURE_TOO_MANY_SESSIONS] = BUS_ERROR_PREFIX "TooManySessions",
	[FAILURE_FILTER_TOO_COMPLEX] = BUS_ERROR_PREFIX "FilterTooComplex",
	[FAILURE_NOT_SUPPORTED] = BUS_ERROR_PREFIX "NotSupported",
	[FAILURE_JOURNAL] = BUS_ERROR_PREFIX "JournalFailed",
	[FAILURE_BUSY] = SD_BUS_ERROR_LIMITS_EXCEEDED,
	[FAILURE_INTERNAL] = SD_BUS_ERROR_FAILED,
};

int bus_failure(const struct failure *failure, sd_bus_error *error)
{
	/* D-Bus carries UTF-8 only; a reason may quote what a library said of somebody's text. */
	g_autofree char *message = g_utf8_make_valid(failure->reason, -1);

	return sd_bus_error_set(error, failure_names[failure->kind], message);
}

int bus_no_session(const char *path, sd_bus_error *error)
{
	g_autofree char *excerpt = text_excerpt_dup(path);

	return sd_bus_error_setf(
		error, BUS_ERROR_PREFIX "NoSuchSession", "there is no session %s", excerpt);
}

static void reply_now(void *context, struct session *session,
	const struct dictionary_totals *totals, const struct failure *failure)
{
	struct later *later = context;
	sd_bus_message *reply = NULL;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	if (failure) {
		bus_failure(failure, &error);
		sd_bus_reply_method_error(later->message, &error);
		sd_bus_error_free(&error);
	} else {
		r = sd_bus_message_new_method_return(later->message, &reply);
		if (r >= 0 && later->build)
			r = later->build(reply, session, totals);
		if (r >= 0)
			r = sd_bus_send(NULL, reply, NULL);
		if (r < 0)
			sd_bus_reply_method_errno(later->message, r, NULL);
	}
	sd_bus_message_unref(reply);
	sd_bus_message_unref(later->message);
	caller_release(later->caller);
	g_free(later);
}

struct manager_call bus_reply_later(struct bus *bus, sd_bus_message *message, bus_reply_build build)
{
	struct later *later = g_new(struct later, 1);

	later->message = sd_bus_message_ref(message);
	later->caller = authorise_hold(bus->authorise, message);
	later->build = build;
	return (struct manager_call){ .reply = reply_now, .context = later };
}

/* What anybody may call: it tells nothing of traffic or filters. */
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

/* The answer is the same for a session that has ended as for one that there never was. */
static int check_session(struct bus *bus, sd_bus_message *message, sd_bus_error *error)
{
	const char *path = sd_bus_message_get_path(message);

	if (g_strcmp0(sd_bus_message_get_interface(message), BUS_SESSION_INTERFACE) == 0 &&
		g_str_has_prefix(path, BUS_SESSION_ROOT "/") && !bus_session_find(bus, path))
		return bus_no_session(path, error);
	return 0;
}

/* The bus itself sends signals about names; from others only calls are taken. */
static int check_other(sd_bus_message *message)
{
	const char *sender = sd_bus_message_get_sender(message);

	return sender && *sender == ':' ? 1 : 0;
}

int bus_check_call(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
	struct bus *bus = userdata;
	struct caller *caller = NULL;
	uint8_t type;
	int r;

	if (sd_bus_message_get_type(message, &type) < 0 || type != SD_BUS_MESSAGE_METHOD_CALL)
		return check_other(message);
	/* A negative result is the answer; 0 would let the call go on, whatever was answered. */
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
	uint8_t type;

	if (sd_bus_message_get_type(message, &type) < 0 || type != SD_BUS_MESSAGE_METHOD_CALL)
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

const struct authorise_owners bus_owners = { owns_session, owns_journal, resume_call };

static void caller_ready(void *context, struct caller *caller, sd_bus_message *message)
{
	const struct bus *bus = context;

	admission_ready(bus->admission, caller, message);
}

static void caller_left(void *context, const char *name)
{
	struct bus *bus = context;

	admission_left(bus->admission, name);
	authorise_left(bus->authorise, name);
	binding_caller_left(bus, name);
}

const struct callers_hooks bus_callers_hooks = { caller_ready, caller_left };

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

const struct admission_hooks bus_admission_hooks = { is_owner };
