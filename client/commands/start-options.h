/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of `nfttracectl start`, from the command line and from profiles, and how they are
 * sent to StartSession. Owned by the command.
 */
#ifndef NFTTRACED_CLIENT_COMMANDS_START_OPTIONS_H
#define NFTTRACED_CLIENT_COMMANDS_START_OPTIONS_H

#include <stdint.h>
#include <systemd/sd-bus.h>

#include "client/commands/command.h"
#include "client/print/style.h"

struct start_options {
	/* As written; NULL if not given. */
	char *name, *verdict_names, *section_names, *filter;
	char *limit_text, *duration_text, *rate_text, *burst_text, *size_text;
	GStrv words; /* of the filter */
	GStrv probes;
	GStrv profiles; /* names */
	gboolean track, no_track, stack, no_stack, follow;
	struct style style;

	/* The parsed values; 0: not given. */
	GStrv verdicts, sections;
	uint64_t limit, duration, rate, burst, size;
	struct print_form form;
};

/* EXIT_DONE, or EXIT_USAGE after printing what is wrong. */
int start_options_parse(
	struct start_options *options, const struct command *command, int argc, char **argv);

/* Appends the a{sv} of StartSession; options that were not given are left to the daemon. */
int start_options_append(const struct start_options *options, sd_bus_message *message);

/* Accepts a zeroed struct. */
void start_options_clear(struct start_options *options);

#define auto_start_options __attribute__((cleanup(start_options_clear))) struct start_options

#endif
