/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users other than root; see users.h. */
#include "tests/bus/users.h"

#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *log_path;

void users_start(void)
{
	int saved = dup(STDERR_FILENO), fd;

	log_path = g_strdup("/tmp/nfttraced-users-XXXXXX");
	fd = g_mkstemp(log_path);
	ck_assert_int_ge(fd, 0);
	dup2(fd, STDERR_FILENO);
	fixture_start();
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fd);
	mock_polkit_start();
}

void users_stop(void)
{
	mock_polkit_stop();
	fixture_stop();
	unlink(log_path);
	g_free(log_path);
}

unsigned int users_logged(const char *text)
{
	g_autofree char *log = NULL;
	g_auto(GStrv) lines = NULL;
	unsigned int count = 0;

	ck_assert(g_file_get_contents(log_path, &log, NULL, NULL));
	lines = g_strsplit(log, "\n", -1);
	for (char **line = lines; *line; line++)
		count += strstr(*line, text) != NULL;
	return count;
}

void as_user(unsigned int user, void (*function)(sd_bus *bus, void *argument), void *argument)
{
	ck_assert_int_eq(
		fixture_wait(fixture_in_child(MOCK_USER_FIRST + user, function, argument)), 0);
}

static sd_bus_message *new_plain(
	sd_bus *bus, const char *session, const struct session_method *method)
{
	sd_bus_message *call = NULL;

	ck_assert_int_ge(sd_bus_message_new_method_call(bus, &call, "org.nfttraced1", session,
				 SESSION_INTERFACE, method->name),
		0);
	return call;
}

static sd_bus_message *new_set_filter(
	sd_bus *bus, const char *session, const struct session_method *method)
{
	sd_bus_message *call = new_plain(bus, session, method);

	ck_assert_int_ge(sd_bus_message_append(call, "s", "udp port 99"), 0);
	return call;
}

static sd_bus_message *new_set_verdicts(
	sd_bus *bus, const char *session, const struct session_method *method)
{
	sd_bus_message *call = new_plain(bus, session, method);

	ck_assert_int_ge(sd_bus_message_append(call, "as", 1, "queue"), 0);
	return call;
}

static sd_bus_message *new_follow(
	sd_bus *bus, const char *session, const struct session_method *method)
{
	sd_bus_message *call = new_plain(bus, session, method);

	ck_assert_int_ge(sd_bus_message_append(call, "a{sv}", 0), 0);
	return call;
}

static sd_bus_message *new_stop_session(
	sd_bus *bus, const char *session, const struct session_method *method)
{
	sd_bus_message *call = NULL;

	ck_assert_int_ge(sd_bus_message_new_method_call(bus, &call, "org.nfttraced1", MANAGER_PATH,
				 MANAGER_INTERFACE, method->name),
		0);
	ck_assert_int_ge(sd_bus_message_append(call, "o", session), 0);
	return call;
}

/* The methods that end the session come last. */
const struct session_method session_methods[] = {
	{ "Describe", MOCK_CONTROL_OWN, MOCK_CONTROL_ANY, new_plain },
	{ "OpenJournal", MOCK_READ_EVENTS, MOCK_CONTROL_ANY | MOCK_READ_EVENTS, new_plain },
	{ "Follow", MOCK_READ_EVENTS, MOCK_CONTROL_ANY | MOCK_READ_EVENTS, new_follow },
	{ "SetFilter", MOCK_CONTROL_OWN, MOCK_CONTROL_ANY, new_set_filter },
	{ "SetVerdicts", MOCK_CONTROL_OWN, MOCK_CONTROL_ANY, new_set_verdicts },
	{ "Stop", MOCK_CONTROL_OWN, MOCK_CONTROL_ANY, new_plain },
	{ "StopSession", MOCK_CONTROL_OWN, MOCK_CONTROL_ANY, new_stop_session },
};
const unsigned int session_methods_count = G_N_ELEMENTS(session_methods);

char *attempt(sd_bus *bus, sd_bus_message *call)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	char *text;

	if (sd_bus_call(bus, call, 0, &error, &reply) >= 0)
		text = g_strdup("");
	else
		text = g_strdup_printf("%s: %s", error.name, error.message);
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	sd_bus_message_unref(call);
	return text;
}

char *attempt_method(sd_bus *bus, const char *session, const struct session_method *method)
{
	return attempt(bus, method->new_call(bus, session, method));
}

char *everything(sd_bus *root)
{
	sd_bus_message *reply = call(root, MANAGER_PATH, MANAGER_INTERFACE, "ListSessions", "");
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	ck_assert_int_ge(sd_bus_message_dump(reply, file, 0), 0);
	fclose(file);
	sd_bus_message_unref(reply);
	return text;
}

uint64_t described(sd_bus *bus, const char *session, const char *key)
{
	sd_bus_message *reply = call(bus, session, SESSION_INTERFACE, "Describe", "");
	uint64_t value = 0;
	const char *name;

	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "{sv}"), 0);
	while (sd_bus_message_enter_container(reply, 'e', "sv") > 0) {
		ck_assert_int_gt(sd_bus_message_read(reply, "s", &name), 0);
		if (strcmp(name, key) == 0)
			ck_assert_int_gt(sd_bus_message_read(reply, "v", "t", &value), 0);
		else
			ck_assert_int_gt(sd_bus_message_skip(reply, "v"), 0);
		ck_assert_int_gt(sd_bus_message_exit_container(reply), 0);
	}
	sd_bus_message_unref(reply);
	return value;
}

char *start_with(sd_bus *bus, const char *key, uint64_t value, char **ret_error)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	const char *path;
	char *copy = NULL;

	/* The rate and the size allow many sessions, unless the option sets them. */
	if (sd_bus_call_method(bus, "org.nfttraced1", MANAGER_PATH, MANAGER_INTERFACE,
		    "StartSession", &error, &reply, "a{sv}", 3, "Rate", "t", (uint64_t)1, "Size",
		    "t", (uint64_t)(1 << 20), key, "t", value) >= 0) {
		ck_assert_int_gt(sd_bus_message_read(reply, "o", &path), 0);
		copy = g_strdup(path);
	} else {
		*ret_error = g_strdup_printf("%s: %s", error.name, error.message);
	}
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	return copy;
}

char *start_secret(sd_bus *root)
{
	sd_bus_message *reply = call(root, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}",
		2, "Name", "s", "secretname", "Filter", "s", "udp port 4711");
	const char *path;
	char *copy;

	ck_assert_int_gt(sd_bus_message_read(reply, "o", &path), 0);
	copy = g_strdup(path);
	sd_bus_message_unref(reply);
	return copy;
}
