/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl set: changes a running session. */
#include "client/bus/daemon-bus.h"
#include "client/bus/sessions.h"
#include "client/commands/command.h"
#include "client/input/name-list.h"

static int set_verdicts(sd_bus *bus, const char *object, char **verdicts, char **ret_reason)
{
	auto_bus_message *call = NULL;
	auto_bus_message *reply = NULL;
	int r = bus_call_new(bus, object, BUS_SESSION_INTERFACE, "SetVerdicts", &call);

	if (r >= 0)
		r = sd_bus_message_append_strv(call, verdicts);
	return session_call(bus, object, call, r, &reply, ret_reason);
}

static int set_filter(sd_bus *bus, const char *object, const char *filter, char **ret_reason)
{
	auto_bus_message *call = NULL;
	auto_bus_message *reply = NULL;
	int r = bus_call_new(bus, object, BUS_SESSION_INTERFACE, "SetFilter", &call);

	if (r >= 0)
		r = sd_bus_message_append(call, "s", filter);
	return session_call(bus, object, call, r, &reply, ret_reason);
}

static int set_options(const char *session, char **verdicts, const char *filter, char **ret_reason)
{
	g_autofree char *object = NULL, *reason = NULL;
	auto_bus *bus = NULL;
	int r = bus_connect(&bus, ret_reason);

	if (r >= 0)
		r = session_find(bus, session, &object, ret_reason);
	/* The filter first: it is more likely to be refused, and then nothing has changed. */
	if (r >= 0 && filter)
		r = set_filter(bus, object, filter, ret_reason);
	if (r < 0 || !verdicts)
		return r;
	r = set_verdicts(bus, object, verdicts, &reason);
	if (r < 0)
		*ret_reason = filter
			? g_strdup_printf("the filter is set, the verdicts are not: %s", reason)
			: g_steal_pointer(&reason);
	return r;
}

int command_set(const struct command *command, int argc, char **argv)
{
	g_auto(GStrv) sessions = NULL;
	g_auto(GStrv) verdicts = NULL;
	g_autofree char *names = NULL;
	g_autofree char *filter = NULL;
	const GOptionEntry entries[] = {
		{ "verdicts", 'v', 0, G_OPTION_ARG_FILENAME, &names,
			"Record these verdicts from now on", "LIST" },
		{ "filter", 'f', 0, G_OPTION_ARG_FILENAME, &filter,
			"Record the packets that match; '' for every packet", "EXPRESSION" },
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &sessions, NULL, NULL },
		{ 0 },
	};
	g_autofree char *reason = NULL;

	if (!command_options(command, entries, argc, argv))
		return EXIT_USAGE;
	if (!sessions || sessions[1])
		return command_usage(command, "name one session");
	if (!names && !filter)
		return command_usage(command, "say what to set: --verdicts or --filter");
	if (names && name_list_parse(names, &verdicts) < 0)
		return command_usage(command, "--verdicts takes names, separated by commas");
	if (filter && !g_utf8_validate(filter, -1, NULL))
		return command_usage(command, "the filter is not valid UTF-8");
	if (set_options(sessions[0], verdicts, filter, &reason) < 0)
		return command_failed(reason);
	return EXIT_DONE;
}
