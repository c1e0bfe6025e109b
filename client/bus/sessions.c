/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions on the bus, by id or by name; see sessions.h. */
#include "client/bus/sessions.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "client/bus/bus-dict.h"
#include "client/bus/daemon-bus.h"
#include "client/bus/hidden.h"
#include "journal/base/amounts.h"
#include "journal/base/escape.h"

#define SESSION_REMEDY ": 'nfttracectl list' lists the running ones"

static const struct bus_dict_field fields[] = {
	{ "Id", BUS_DICT_NUMBER, offsetof(struct session, id) },
	{ "Owner", BUS_DICT_NUMBER, offsetof(struct session, owner) },
	{ "Name", BUS_DICT_STRING, offsetof(struct session, name) },
	{ "State", BUS_DICT_STRING, offsetof(struct session, state) },
	{ "Filter", BUS_DICT_STRING, offsetof(struct session, filter) },
	{ "Path", BUS_DICT_STRING, offsetof(struct session, path) },
	{ "Verdicts", BUS_DICT_STRINGS, offsetof(struct session, verdicts) },
	{ "Started", BUS_DICT_NUMBER, offsetof(struct session, started) },
	{ "Matched", BUS_DICT_NUMBER, offsetof(struct session, matched) },
	{ "Journaled", BUS_DICT_NUMBER, offsetof(struct session, journaled) },
	{ "Lost", BUS_DICT_NUMBER, offsetof(struct session, lost) },
	{ "Suppressed", BUS_DICT_NUMBER, offsetof(struct session, suppressed) },
	{ "DiskError", BUS_DICT_STRING, offsetof(struct session, disk_error) },
};

struct session *session_free(struct session *session)
{
	if (!session)
		return NULL;
	g_free(session->object);
	g_free(session->name);
	g_free(session->state);
	g_free(session->filter);
	g_free(session->path);
	g_free(session->disk_error);
	g_strfreev(session->verdicts);
	g_free(session);
	return NULL;
}

static void session_destroy(void *session)
{
	session_free(session);
}

/* Strings that the daemon did not send are empty, so that no reader has to check. */
static void session_complete(struct session *session)
{
	char **strings[] = { &session->name, &session->state, &session->filter, &session->path,
		&session->disk_error };

	for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
		if (!*strings[i])
			*strings[i] = g_strdup("");
	}
	if (!session->verdicts)
		session->verdicts = g_new0(char *, 1);
}

static int read_session(sd_bus_message *message, GPtrArray *sessions)
{
	struct session *session = g_new0(struct session, 1);
	const char *object;
	int r;

	g_ptr_array_add(sessions, session);
	r = sd_bus_message_read(message, "ot", &object, &session->id);
	if (r < 0)
		return r;
	session->object = g_strdup(object);
	r = bus_dict_read(message, fields, G_N_ELEMENTS(fields), session);
	if (r < 0)
		return r;
	session_complete(session);
	return sd_bus_message_exit_container(message);
}

static int read_sessions(sd_bus_message *message, GPtrArray *sessions)
{
	int r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "(ota{sv})");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(message, SD_BUS_TYPE_STRUCT, "ota{sv}")) > 0) {
		r = read_session(message, sessions);
		if (r < 0)
			return r;
	}
	return r;
}

int session_list(sd_bus *bus, GPtrArray **ret, char **ret_reason)
{
	return bus_list(bus, "ListSessions", read_sessions, session_destroy, ret, ret_reason);
}

bool session_is_id(const char *text)
{
	uint64_t id;

	return parse_count(text, &id) == 0;
}

int session_object_id(const char *object, uint64_t *ret)
{
	if (!g_str_has_prefix(object, BUS_SESSION_PREFIX))
		return -EINVAL;
	return parse_count(object + strlen(BUS_SESSION_PREFIX), ret);
}

/* A sentence; `name` is an id, or a name in quotes. */
static char *session_absence(sd_bus *bus, const char *name)
{
	g_autofree char *text = g_strdup_printf("there is no session %s", name);

	return hidden_absence(bus, text, SESSION_REMEDY);
}

static int find_by_name(sd_bus *bus, const GPtrArray *sessions, const char *name, char **ret_object,
	char **ret_reason)
{
	g_autofree char *escaped = text_escape_dup(name);
	const struct session *found = NULL;

	for (unsigned int i = 0; i < sessions->len; i++) {
		const struct session *session = g_ptr_array_index(sessions, i);

		if (!g_str_equal(session->name, name))
			continue;
		/* So no other user can take a name over by using it, too. */
		if (session->owner == geteuid()) {
			found = session;
			break;
		}
		if (found) {
			*ret_reason = g_strdup_printf("more than one session is named \"%s\": "
						      "use an id (%" G_GUINT64_FORMAT
						      ", %" G_GUINT64_FORMAT ", ...)",
				escaped, found->id, session->id);
			return -ENOTUNIQ;
		}
		found = session;
	}
	if (!found) {
		g_autofree char *quoted = g_strdup_printf("\"%s\"", escaped);

		*ret_reason = session_absence(bus, quoted);
		return -ESRCH;
	}
	*ret_object = g_strdup(found->object);
	return 0;
}

int session_find(sd_bus *bus, const char *id_or_name, char **ret_object, char **ret_reason)
{
	g_autoptr(GPtrArray) sessions = NULL;
	uint64_t id;
	int r;

	if (parse_count(id_or_name, &id) == 0) {
		*ret_object = g_strdup_printf(BUS_SESSION_PREFIX "%" G_GUINT64_FORMAT, id);
		return 0;
	}
	r = session_list(bus, &sessions, ret_reason);
	if (r < 0)
		return r;
	return find_by_name(bus, sessions, id_or_name, ret_object, ret_reason);
}

int session_call(sd_bus *bus, const char *object, sd_bus_message *call, int r, sd_bus_message **ret,
	char **ret_reason)
{
	g_autofree char *reason = NULL;
	uint64_t id;

	r = bus_call_send(bus, call, r, ret, &reason);
	if (r == -ESRCH && session_object_id(object, &id) == 0) {
		g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, id);

		*ret_reason = session_absence(bus, number);
	} else if (r < 0) {
		*ret_reason = g_steal_pointer(&reason);
	}
	return r;
}
