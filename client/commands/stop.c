/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl stop: stops sessions and prints their totals. */
#include <stdbool.h>
#include <unistd.h>

#include "client/bus/daemon-bus.h"
#include "client/bus/sessions.h"
#include "client/commands/command.h"
#include "client/text/session-totals.h"

/* Stops the session with that object path and prints its totals; an exit status. */
static int stop_object(sd_bus *bus, const char *object)
{
	auto_session_totals totals = { 0 };
	auto_bus_message *call = NULL;
	auto_bus_message *reply = NULL;
	g_autofree char *reason = NULL;
	auto_output output = { 0 };
	int r;

	r = bus_call_new(bus, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, "StopSession", &call);
	if (r >= 0)
		r = sd_bus_message_append(call, "o", object);
	r = session_call(bus, object, call, r, &reply, &reason);
	if (r >= 0 && (r = session_totals_read(reply, &totals)) < 0)
		bus_unreadable(r, &reason);
	if (r < 0)
		return command_failed(reason);
	output_open(&output, STDOUT_FILENO);
	session_totals_text(&output, &totals);
	return command_finish(&output,
		totals.totals.lost > 0 || session_totals_unsafe(&totals) ? EXIT_LOST : EXIT_DONE);
}

static int stop_named(sd_bus *bus, const char *id_or_name)
{
	g_autofree char *object = NULL;
	g_autofree char *reason = NULL;

	if (session_find(bus, id_or_name, &object, &reason) < 0)
		return command_failed(reason);
	return stop_object(bus, object);
}

/* The more severe of two exit statuses. */
static int status_worse(int one, int other)
{
	if (one == EXIT_FAILED || other == EXIT_FAILED)
		return EXIT_FAILED;
	return MAX(one, other);
}

static int stop_all(sd_bus *bus)
{
	g_autoptr(GPtrArray) sessions = NULL;
	g_autofree char *reason = NULL;
	int status = EXIT_DONE;

	if (session_list(bus, &sessions, &reason) < 0)
		return command_failed(reason);
	for (unsigned int i = 0; i < sessions->len; i++) {
		const struct session *session = g_ptr_array_index(sessions, i);

		status = status_worse(status, stop_object(bus, session->object));
	}
	return status;
}

int command_stop(const struct command *command, int argc, char **argv)
{
	g_auto(GStrv) names = NULL;
	gboolean all = FALSE;
	const GOptionEntry entries[] = {
		{ "all", 0, 0, G_OPTION_ARG_NONE, &all, "Stop every session", NULL },
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &names, NULL, NULL },
		{ 0 },
	};
	g_autofree char *reason = NULL;
	auto_bus *bus = NULL;
	int status = EXIT_DONE;

	if (!command_options(command, entries, argc, argv))
		return EXIT_USAGE;
	if (all && names)
		return command_usage(command, "name sessions or give --all, not both");
	if (!all && !names)
		return command_usage(command, "name a session, or give --all");
	if (bus_connect(&bus, &reason) < 0)
		return command_failed(reason);
	if (all)
		return stop_all(bus);
	for (size_t i = 0; names[i]; i++)
		status = status_worse(status, stop_named(bus, names[i]));
	return status;
}
