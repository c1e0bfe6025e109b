/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl list: the running sessions as a table. */
#include <unistd.h>

#include "bus.h"
#include "command.h"
#include "session.h"
#include "table.h"

static const struct table_column columns[] = {
	{ "ID", TABLE_RIGHT },
	{ "NAME", TABLE_LEFT },
	{ "STATE", TABLE_LEFT },
	{ "VERDICTS", TABLE_LEFT },
	{ "MATCHED", TABLE_RIGHT },
	{ "JOURNALED", TABLE_RIGHT },
	{ "LOST", TABLE_RIGHT },
	{ "SINCE", TABLE_LEFT },
	{ "FILTER", TABLE_LEFT },
};

static void add_since(struct table *table, uint64_t usec)
{
	g_autoptr(GDateTime) since =
		g_date_time_new_from_unix_local((gint64)(usec / G_USEC_PER_SEC));
	g_autofree char *text = since ? g_date_time_format(since, "%Y-%m-%d %H:%M:%S") : NULL;

	table_text(table, text ? text : "-");
}

static void add_session(struct table *table, const struct session *session)
{
	g_autofree char *verdicts = g_strjoinv(",", session->verdicts);

	table_number(table, session->id);
	table_text(table, *session->name ? session->name : "-");
	table_text(table, session->state);
	table_text(table, verdicts);
	table_number(table, session->matched);
	table_number(table, session->journaled);
	table_number(table, session->lost);
	add_since(table, session->started);
	table_text(table, *session->filter ? session->filter : "-");
}

static int print_sessions(const GPtrArray *sessions)
{
	struct table *table = table_new(columns, G_N_ELEMENTS(columns));
	auto_output output = { 0 };

	for (unsigned int i = 0; i < sessions->len; i++)
		add_session(table, g_ptr_array_index(sessions, i));
	output_open(&output, STDOUT_FILENO);
	table_print(table, &output);
	table_free(table);
	return command_finish(&output, EXIT_DONE);
}

int command_list(const struct command *command, int argc, char **argv)
{
	const GOptionEntry entries[] = { { 0 } };
	g_autoptr(GPtrArray) sessions = NULL;
	g_autofree char *reason = NULL;
	auto_bus *bus = NULL;

	if (!command_options(command, entries, argc, argv))
		return EXIT_USAGE;
	if (bus_connect(&bus, &reason) < 0 || session_list(bus, &sessions, &reason) < 0)
		return command_failed(reason);
	return print_sessions(sessions);
}
