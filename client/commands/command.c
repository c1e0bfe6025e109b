/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions that commands share; see command.h. */
#include "client/commands/command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "client/bus/polkit-agent.h"
#include "client/bus/remote.h"
#include "journal/base/escape.h"

int command_failed(const char *reason)
{
	fprintf(stderr, PROGRAM ": %s\n", reason);
	return EXIT_FAILED;
}

int command_finish(struct output *output, int status)
{
	g_autofree char *reason = NULL;
	int r = output_flush(output);

	if (r == 0 || r == -EPIPE)
		return status;
	reason = g_strdup_printf("standard output can't be written: %s", g_strerror(-r));
	return command_failed(reason);
}

static void usage_hint(const struct command *command)
{
	const char *name = command ? command->name : "";

	fprintf(stderr, "Try '" PROGRAM "%s%s --help'.\n", *name ? " " : "", name);
}

int command_usage(const struct command *command, const char *format, ...)
{
	va_list arguments;

	fputs(PROGRAM ": ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	usage_hint(command);
	return EXIT_USAGE;
}

/* Takes a host from the command line. */
static gboolean take_host(const char *option, const char *value, gpointer data, GError **error)
{
	g_autofree char *reason = NULL;

	if (remote_set(value, &reason) == 0)
		return TRUE;
	g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, reason);
	return FALSE;
}

/* Options of every command that calls the daemon. */
static const GOptionEntry call_entries[] = {
	{ "host", 'H', G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, (gpointer)take_host,
		"Operate on that host, over ssh", "[USER@]HOST" },
	{ "no-ask-password", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK,
		(gpointer)agent_disable, "Never ask for a password", NULL },
	{ 0 },
};

gboolean command_options(
	const struct command *command, const GOptionEntry *entries, int argc, char **argv)
{
	g_autofree char *program = g_strconcat(PROGRAM " ", command->name, NULL);
	g_autoptr(GOptionContext) context = g_option_context_new(command->arguments);
	g_autofree char *summary = g_strconcat(command->summary, ".", NULL);
	g_autoptr(GError) error = NULL;

	g_set_prgname(program);
	g_option_context_set_summary(context, summary);
	g_option_context_set_description(context, command->details);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!command->local)
		g_option_context_add_main_entries(context, call_entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error)) {
		g_autofree char *message = text_escape_dup(error->message);

		command_usage(command, "%s", message);
		return FALSE;
	}
	if (argc > 1) {
		g_autofree char *extra = text_escape_dup(argv[1]);

		command_usage(command, "'%s' takes no argument \"%s\"", command->name, extra);
		return FALSE;
	}
	return TRUE;
}
