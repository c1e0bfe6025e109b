/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl remove: removes journals of ended sessions. */
#include <errno.h>
#include <unistd.h>

#include "client/bus/daemon-bus.h"
#include "client/bus/hidden.h"
#include "client/bus/journal-list.h"
#include "client/commands/command.h"
#include "client/terminal/terminal.h"
#include "journal/base/amounts.h"
#include "journal/base/escape.h"

/* Removes one and prints the space that this freed; an exit status. */
static int remove_one(sd_bus *bus, const char *id_or_name, struct output *output)
{
	auto_bus_message *call = NULL;
	auto_bus_message *reply = NULL;
	g_autofree char *reason = NULL;
	char size[AMOUNT_SIZE];
	uint64_t id, bytes;
	int r;

	if (archive_resolve(bus, id_or_name, &id, &reason) < 0)
		return command_failed(reason);
	r = bus_call_new(bus, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, "RemoveJournal", &call);
	if (r >= 0)
		r = sd_bus_message_append(call, "t", id);
	r = bus_call_send(bus, call, r, &reply, &reason);
	if (r >= 0 && (r = sd_bus_message_read(reply, "t", &bytes)) < 0)
		bus_unreadable(r, &reason);
	if (r == -ESRCH) {
		g_autofree char *said = g_steal_pointer(&reason);

		reason = hidden_absence(bus, said, ARCHIVE_REMEDY);
	}
	if (r < 0)
		return command_failed(reason);
	output_number_after(output, "removed the journal of session ", id);
	output_text(output, ": freed ");
	output_text(output, amount_bytes(bytes, size));
	output_char(output, '\n');
	return EXIT_DONE;
}

int command_remove(const struct command *command, int argc, char **argv)
{
	g_auto(GStrv) sessions = NULL;
	gboolean yes = FALSE;
	const GOptionEntry entries[] = {
		{ "yes", 'y', 0, G_OPTION_ARG_NONE, &yes,
			"Do not ask at a terminal before removing", NULL },
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &sessions, NULL, NULL },
		{ 0 },
	};
	g_autofree char *reason = NULL;
	auto_output output = { 0 };
	auto_bus *bus = NULL;
	int status = EXIT_DONE;

	if (!command_options(command, entries, argc, argv))
		return EXIT_USAGE;
	if (!sessions)
		return command_usage(command, "name a session");
	if (!yes && isatty(STDIN_FILENO)) {
		g_autofree char *names = g_strjoinv(", ", sessions);
		g_autofree char *escaped = text_sentence_dup(names);
		g_autofree char *question = g_strdup_printf("Remove the journals of %s?", escaped);

		if (!terminal_agrees(question))
			return command_failed("nothing was removed");
	}
	if (bus_connect(&bus, &reason) < 0)
		return command_failed(reason);
	output_open(&output, STDOUT_FILENO);
	for (size_t i = 0; sessions[i]; i++) {
		int one = remove_one(bus, sessions[i], &output);

		status = MAX(status, one);
	}
	return command_finish(&output, status);
}
