/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of nfttracectl, which are listed in the table of client/main.c, and the functions
 * that they share: options, usage errors, and failures as one sentence on standard error. One
 * thread.
 */
#ifndef NFTTRACED_CLIENT_COMMANDS_COMMAND_H
#define NFTTRACED_CLIENT_COMMANDS_COMMAND_H

#include <glib.h>
#include <stdbool.h>

#include "journal/base/output.h"

#define PROGRAM "nfttracectl"

enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* refused or failed */
	EXIT_USAGE = 2,
	EXIT_LOST = 3, /* done, but events were lost or a journal is damaged; status: degraded */
	EXIT_ABSENT = 4, /* status: the daemon is not running */
};

struct command {
	const char *name;
	const char *arguments; /* for the usage line */
	const char *summary; /* one line, for the list of commands */
	const char *details; /* more for the command's own help, or NULL */
	bool local; /* it does not support -H */
	/* argv[0] is the command's name; returns an exit status. */
	int (*run)(const struct command *command, int argc, char **argv);
};

/* The commands, each in the file of its name; called as `run`. */
int command_start(const struct command *command, int argc, char **argv);
int command_stop(const struct command *command, int argc, char **argv);
int command_list(const struct command *command, int argc, char **argv);
int command_status(const struct command *command, int argc, char **argv);
int command_set(const struct command *command, int argc, char **argv);
int command_show(const struct command *command, int argc, char **argv);
int command_stats(const struct command *command, int argc, char **argv);
int command_pcap(const struct command *command, int argc, char **argv);
int command_profiles(const struct command *command, int argc, char **argv);
int command_drops(const struct command *command, int argc, char **argv);
int command_top(const struct command *command, int argc, char **argv);
int command_follow(const struct command *command, int argc, char **argv);
int command_export(const struct command *command, int argc, char **argv);
int command_remove(const struct command *command, int argc, char **argv);
int command_vacuum(const struct command *command, int argc, char **argv);

/*
 * Parses a command's options; --help prints the help and ends the program. False: a usage error,
 * which has been printed; return EXIT_USAGE. `entries` ends with an empty one.
 */
gboolean command_options(
	const struct command *command, const GOptionEntry *entries, int argc, char **argv);

/* Writes the output. Returns `status`, or EXIT_FAILED after printing why it can't be written; a
 * reader that has gone is no failure. */
int command_finish(struct output *output, int status);

/* "nfttracectl: REASON" on standard error; EXIT_FAILED. */
int command_failed(const char *reason);

/* As command_failed(), with a hint to --help; EXIT_USAGE. The caller escapes the arguments. */
int command_usage(const struct command *command, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
