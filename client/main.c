/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl, the client of nfttraced: the table of its commands, and the command line up to the
 * command's name. */
#include <glib.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "client/bus/remote.h"
#include "client/commands/command.h"
#include "config.h"
#include "journal/base/escape.h"

static const struct command commands[] = {
	{
		.name = "start",
		.arguments = "[EXPRESSION...]",
		.summary = "Start a session and print its id",
		.details = "EXPRESSION is a packet filter as tcpdump has it, for example\n"
			   "'udp port 8080'; it may also be given with --filter. Without one the\n"
			   "session records every packet.",
		.run = command_start,
	},
	{
		.name = "stop",
		.arguments = "SESSION...",
		.summary = "Stop sessions and print their totals",
		.details = "SESSION is an id or a name.",
		.run = command_stop,
	},
	{
		.name = "list",
		.arguments = "",
		.summary = "List the sessions",
		.run = command_list,
	},
	{
		.name = "status",
		.arguments = "",
		.summary = "Show health, and the features of this kernel",
		.details = "Exit status: 0 healthy, 1 failed, 3 degraded, 4 not running.",
		.run = command_status,
	},
	{
		.name = "set",
		.arguments = "SESSION",
		.summary = "Change the verdicts or the filter of a running session",
		.details = "SESSION is an id or a name. No packet is missed or seen twice.",
		.run = command_set,
	},
	{
		.name = "show",
		.arguments = "SESSION|PATH...",
		.summary = "Print recorded events",
		.details = "SESSION is an id or a name, of a running session or of one that has\n"
			   "ended. PATH is a journal's directory, one of its segments, or '-' for\n"
			   "standard input; no daemon is needed for it.",
		.run = command_show,
	},
	{
		.name = "stats",
		.arguments = "SESSION|PATH...",
		.summary = "Count recorded events by rule, verdict, probe and source",
		.details = "SESSION and PATH are those of 'show'. Several are counted as one.",
		.run = command_stats,
	},
	{
		.name = "profiles",
		.arguments = "",
		.summary = "List the profiles that start takes",
		.local = true,
		.run = command_profiles,
	},
	{
		.name = "pcap",
		.arguments = "SESSION|PATH...",
		.summary = "Write recorded packets to a pcapng file",
		.details =
			"SESSION and PATH are those of 'show'. Every packet has a comment that says\n"
			"what nf_tables did. 'nfttracectl pcap --follow SESSION -o - | wireshark -k\n"
			"-i -' shows packets as they are recorded.",
		.run = command_pcap,
	},
	{
		.name = "drops",
		.arguments = "",
		.summary = "Show what each rule dropped",
		.details = "--netns, --table and --chain may be given several times each.",
		.run = command_drops,
	},
	{
		.name = "top",
		.arguments = "",
		.summary = "Show what rules drop, as it happens",
		.details =
			"The key q and Ctrl-C end it. Where standard output is no terminal, the\n"
			"rounds are printed one after the other.",
		.run = command_top,
	},
	{
		.name = "follow",
		.arguments = "SESSION",
		.summary = "Print events as they are recorded",
		.details = "SESSION is an id or a name. Ctrl-C ends the printing, not the session.",
		.run = command_follow,
	},
	{
		.name = "export",
		.arguments = "SESSION|PATH",
		.summary = "Write a journal as one stream",
		.details = "SESSION and PATH are those of 'show', which reads the stream as '-'.",
		.run = command_export,
	},
	{
		.name = "remove",
		.arguments = "SESSION...",
		.summary = "Remove journals of sessions that have ended",
		.details =
			"SESSION is an id, or a name, which means the latest session of that name.",
		.run = command_remove,
	},
	{
		.name = "vacuum",
		.arguments = "",
		.summary = "Remove the oldest journals of ended sessions",
		.details =
			"Removes those that ended first until the others keep within all limits.\n"
			"Journals of running sessions are never touched, and not counted.",
		.run = command_vacuum,
	},
};

static void print_help(void)
{
	puts("Usage:\n"
	     "  " PROGRAM " COMMAND [OPTION...] [ARGUMENT...]\n"
	     "\n"
	     "Control nfttraced, the firewall flight recorder, and print what it recorded.\n"
	     "\n"
	     "Commands:");
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		g_autofree char *left =
			g_strdup_printf("%s %s", commands[i].name, commands[i].arguments);

		printf("  %-24s %s\n", left, commands[i].summary);
	}
	puts("\n"
	     "Options:\n"
	     "  -h, --help               Show this help; after a command, its help\n"
	     "  -H, --host=[USER@]HOST   Operate on that host, over ssh\n"
	     "  --version                Show the version\n"
	     "\n"
	     "Exit status: 0 success, 1 failed, 2 invalid command line, 3 success, but events\n"
	     "were lost, 4 the daemon is not running (status).");
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (g_str_equal(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

static bool is_either(const char *argument, const char *one, const char *other)
{
	return g_str_equal(argument, one) || g_str_equal(argument, other);
}

/* How many arguments at the beginning name a host: 0, 1 ("-Hweb1", "--host=web1") or 2. */
static int host_arguments(int argc, char **argv)
{
	if (argc >= 3 && is_either(argv[1], "-H", "--host"))
		return 2;
	if (argc >= 2 && argv[1][0] == '-' && argv[1][1] == 'H' && argv[1][2])
		return 1;
	return argc >= 2 && g_str_has_prefix(argv[1], "--host=");
}

/* "-Hweb1" as GLib takes it; NULL: it is something else. */
static char *detach_host(const char *argument)
{
	if (!g_str_has_prefix(argument, "-H") || !argument[2])
		return NULL;
	return g_strconcat("--host=", argument + 2, NULL);
}

/* Runs the command in argv[1 + skip] with the arguments before it as its own; an exit status. */
static int command_run(const struct command *command, int argc, char **argv, int skip)
{
	g_autofree char **own = g_new0(char *, (size_t)argc + 1);
	g_autoptr(GPtrArray) detached = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *reason = NULL;
	int status;

	own[0] = argv[1 + skip];
	memcpy(own + 1, argv + 1, (size_t)skip * sizeof(*own));
	memcpy(own + 1 + skip, argv + 2 + skip, (size_t)(argc - 2 - skip) * sizeof(*own));
	for (char **word = own + 1; *word && !g_str_equal(*word, "--"); word++) {
		char *host = detach_host(*word);

		if (!host)
			continue;
		g_ptr_array_add(detached, host);
		*word = host;
	}
	status = command->run(command, argc - 1, own);
	reason = remote_finish();
	return reason && status == EXIT_DONE ? command_failed(reason) : status;
}

static int run(int argc, char **argv)
{
	const struct command *command;
	g_autofree char *name = NULL;
	int skip = host_arguments(argc, argv);

	if (argc == 2 && is_either(argv[1], "-H", "--host"))
		return command_usage(NULL, "-H takes [USER@]HOST, and a command comes after it");
	if (argc < 2 + skip)
		return command_usage(NULL, "a command is missing");
	if (is_either(argv[1], "--help", "-h") || g_str_equal(argv[1], "help")) {
		print_help();
		return EXIT_DONE;
	}
	if (g_str_equal(argv[1], "--version")) {
		puts(PROGRAM " " NFTTRACED_VERSION);
		return EXIT_DONE;
	}
	command = command_find(argv[1 + skip]);
	if (command)
		return command_run(command, argc, argv, skip);
	name = text_escape_dup(argv[1 + skip]);
	return command_usage(
		NULL, "there is no %s \"%s\"", *argv[1 + skip] == '-' ? "option" : "command", name);
}

int main(int argc, char **argv)
{
	setlocale(LC_ALL, "");
	/* A reader that goes away early is no error: writes give EPIPE and the command ends. */
	signal(SIGPIPE, SIG_IGN);
	return run(argc, argv);
}
