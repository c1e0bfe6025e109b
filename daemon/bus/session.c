/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects org.nfttraced1.Session at /org/nfttraced1/session/ID. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "daemon/bus/authorise.h"
#include "daemon/bus/bus-private.h"
#include "daemon/bus/pending-call.h"
#include "daemon/follow/follow-json.h"
#include "daemon/follow/follow.h"
#include "journal/base/cleanup.h"
#include "journal/base/escape.h"

static int find_session(sd_bus *connection, const char *path, const char *interface, void *userdata,
	void **ret_found, sd_bus_error *error)
{
	struct session *session = bus_session_find(userdata, path);

	*ret_found = session;
	return session != NULL;
}

/* A method's userdata is the session that find_session() found; its slot has the bus. */
static struct bus *bus_of(sd_bus *connection)
{
	return sd_bus_slot_get_userdata(sd_bus_get_current_slot(connection));
}

static int method_stop(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	manager_session_stop(userdata, SESSION_END_STOPPED,
		pending_call_manager(bus_of(sd_bus_message_get_bus(message))->authorise, message,
			bus_append_final_totals));
	return 1;
}

static int method_set_verdicts(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	uint32_t verdicts;
	int r = bus_verdicts_read(message, &verdicts, error);

	if (r < 0)
		return r;
	manager_session_change(userdata, &verdicts, NULL,
		pending_call_manager(
			bus_of(sd_bus_message_get_bus(message))->authorise, message, NULL));
	return 1;
}

static int method_set_filter(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	const char *filter;
	int r = sd_bus_message_read(message, "s", &filter);

	if (r < 0)
		return r;
	manager_session_change(userdata, NULL, filter,
		pending_call_manager(
			bus_of(sd_bus_message_get_bus(message))->authorise, message, NULL));
	return 1;
}

static int method_describe(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct session *session = userdata;
	sd_bus_message *reply = NULL;
	int r = sd_bus_message_new_method_return(message, &reply);

	if (r >= 0)
		r = bus_append_description(reply, bus_of(sd_bus_message_get_bus(message)), session);
	return bus_reply_send(reply, r);
}

struct follow_options {
	bool from_start;
	char *format; /* NULL: not given */
	struct journal_position after; /* segment 0: not given */
	bool places;
};

static const struct bus_option follow_options[] = {
	{ "FromStart", BUS_OPTION_BOOLEAN, offsetof(struct follow_options, from_start) },
	{ "Format", BUS_OPTION_STRING, offsetof(struct follow_options, format) },
	{ "After", BUS_OPTION_POSITION, offsetof(struct follow_options, after) },
	{ "Places", BUS_OPTION_BOOLEAN, offsetof(struct follow_options, places) },
};

static void follow_options_clear(struct follow_options *options)
{
	g_clear_pointer(&options->format, g_free);
}

static int refuse_streams(struct bus *bus, sd_bus_message *message, const char *whose,
	uint64_t allowed, sd_bus_error *error)
{
	g_autofree char *reason =
		g_strdup_printf("limit of %" PRIu64 " streams of %s reached", allowed, whose);

	return authorise_refuse(bus->authorise, message, reason, error);
}

static int read_format(const char *format, bool *ret_json, sd_bus_error *error)
{
	g_autofree char *excerpt = NULL;

	*ret_json = g_strcmp0(format, "json") == 0;
	if (!format || *ret_json || g_str_equal(format, "journal"))
		return 0;
	excerpt = text_excerpt_dup(format);
	return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION,
		"unknown format \"%s\": it must be journal or json", excerpt);
}

static int set_no_record(sd_bus_error *error, const struct journal_position *position)
{
	return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION,
		"the journal has no record that starts at byte %" PRIu64 " of segment %" PRIu64,
		(uint64_t)position->offset, (uint64_t)position->segment);
}

static int read_from(
	const struct follow_options *options, enum follow_from *ret_from, sd_bus_error *error)
{
	if (options->after.segment && options->from_start)
		return sd_bus_error_set(
			error, BUS_ERROR_INVALID_OPTION, "FromStart and After can't be combined");
	*ret_from = options->after.segment ? FOLLOW_FROM_POSITION
		: options->from_start      ? FOLLOW_FROM_START
					   : FOLLOW_FROM_NOW;
	return 0;
}

static int method_follow(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct session *session = userdata;
	struct bus *bus = bus_of(sd_bus_message_get_bus(message));
	__attribute__((cleanup(follow_options_clear))) struct follow_options options = { 0 };
	enum follow_from from = FOLLOW_FROM_NOW;
	auto_fd fd = -1;
	bool json;
	uid_t uid;
	int r;

	r = bus_options_read(
		message, follow_options, G_N_ELEMENTS(follow_options), &options, error);
	if (r >= 0)
		r = read_format(options.format, &json, error);
	if (r >= 0)
		r = read_from(&options, &from, error);
	if (r < 0)
		return r;
	uid = authorise_uid(bus->authorise);
	r = follow_start(manager_follow(session->manager), uid, session->id, session->dir_fd, from,
		&options.after, &fd);
	if (r == -EINVAL && from == FOLLOW_FROM_POSITION)
		return set_no_record(error, &options.after);
	if (r == -EUSERS)
		return refuse_streams(bus, message, "this user", FOLLOWERS_PER_USER, error);
	if (r == -EMFILE)
		return refuse_streams(bus, message, "the session",
			manager_settings(session->manager)->followers_max, error);
	if (r >= 0 && json) {
		r = follow_json(&fd,
			from == FOLLOW_FROM_START ? JOURNAL_STREAM_WHOLE : JOURNAL_STREAM_PART,
			options.places ? FOLLOW_JSON_PLACES : FOLLOW_JSON_LINES);
		if (r == -EUSERS)
			return refuse_streams(bus, message, "the daemon", FOLLOW_JSON_MAX, error);
	}
	if (r < 0)
		return r;
	return sd_bus_reply_method_return(message, "h", fd);
}

static int method_open_journal(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct session *session = userdata;
	/* An open file description of its own, so that a lock or an offset of the caller does not
	 * affect ours. */
	auto_fd fd = openat(session->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : sd_bus_reply_method_return(message, "h", fd);
}

static int get_id(sd_bus *connection, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct session *session = userdata;

	return sd_bus_message_append(reply, "t", session->id);
}

static int get_state(sd_bus *connection, const char *path, const char *interface,
	const char *property, sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct session *session = userdata;

	return sd_bus_message_append(reply, "s", session_state_name(session->state));
}

static const struct {
	const char *property;
	size_t offset; /* in struct dictionary_totals */
} counts[] = {
	{ "Matched", offsetof(struct dictionary_totals, matched) },
	{ "Journaled", offsetof(struct dictionary_totals, journaled) },
	{ "Lost", offsetof(struct dictionary_totals, lost) },
	{ "Suppressed", offsetof(struct dictionary_totals, suppressed) },
	{ "Pending", offsetof(struct dictionary_totals, pending) },
};

static int get_count(sd_bus *connection, const char *path, const char *interface,
	const char *property, sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct session *session = userdata;
	const struct dictionary_totals *totals = bus_session_totals(bus_of(connection), session);

	for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
		if (g_str_equal(counts[i].property, property))
			return sd_bus_message_append(reply, "t",
				*(const uint64_t *)((const char *)totals + counts[i].offset));
	}
	return -ENOENT;
}

static int get_stored(sd_bus *connection, const char *path, const char *interface,
	const char *property, sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct session *session = userdata;

	bus_session_totals(bus_of(connection), session);
	return sd_bus_message_append(reply, "t",
		g_str_equal(property, "Synced") ? session->stored.synced
						: session->stored.unsynced);
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("Stop", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", totals), method_stop,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("SetVerdicts", SD_BUS_ARGS("as", verdicts), SD_BUS_NO_RESULT,
		method_set_verdicts, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("SetFilter", SD_BUS_ARGS("s", filter), SD_BUS_NO_RESULT,
		method_set_filter, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", description),
		method_describe, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Follow", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("h", stream),
		method_follow, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("OpenJournal", SD_BUS_NO_ARGS, SD_BUS_RESULT("h", directory),
		method_open_journal, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("Id", "t", get_id, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("State", "s", get_state, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Matched", "t", get_count, 0, 0),
	SD_BUS_PROPERTY("Journaled", "t", get_count, 0, 0),
	SD_BUS_PROPERTY("Lost", "t", get_count, 0, 0),
	SD_BUS_PROPERTY("Suppressed", "t", get_count, 0, 0),
	SD_BUS_PROPERTY("Pending", "t", get_count, 0, 0),
	SD_BUS_PROPERTY("Synced", "t", get_stored, 0, 0),
	SD_BUS_PROPERTY("Unsynced", "t", get_stored, 0, 0),
	SD_BUS_VTABLE_END,
};

static int enumerate_sessions(sd_bus *connection, const char *prefix, void *userdata,
	char ***ret_nodes, sd_bus_error *error)
{
	struct bus *bus = userdata;
	GPtrArray *sessions = manager_sessions(bus->manager);
	g_autoptr(GPtrArray) nodes = g_ptr_array_new();

	for (unsigned int i = 0; i < sessions->len; i++) {
		const struct session *session = sessions->pdata[i];

		/* sd-bus frees the paths with free(); GLib allocates them with malloc(). */
		if (session->state != SESSION_STARTING)
			g_ptr_array_add(nodes, bus_session_path(session));
	}
	g_ptr_array_add(nodes, NULL);
	*ret_nodes = (char **)g_ptr_array_steal(nodes, NULL);
	return 0;
}

int bus_serve_sessions(struct bus *bus, sd_bus *connection)
{
	int r = sd_bus_add_fallback_vtable(connection, NULL, BUS_SESSION_ROOT,
		BUS_SESSION_INTERFACE, vtable, find_session, bus);

	return r < 0 ? r
		     : sd_bus_add_node_enumerator(
			       connection, NULL, BUS_SESSION_ROOT, enumerate_sessions, bus);
}
