/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options and arguments of the verbs that read journals: which journals, and which of their
 * events. Owned by the command that reads.
 */
#ifndef NFTTRACED_CLIENT_COMMANDS_SELECT_OPTIONS_H
#define NFTTRACED_CLIENT_COMMANDS_SELECT_OPTIONS_H

#include "client/commands/command.h"
#include "client/read/event-filter.h"

struct select_options {
	struct event_filter_options wanted; /* as written */
	GStrv sources; /* sessions and paths, at least one once it is resolved */
	gboolean utc; /* dates of --since and --until are UTC */

	struct event_filter *filter; /* NULL: every event */
};

/* The entries for a table of options, with `options` a struct select_options. */
#define SELECT_OPTIONS(options)                                                                    \
	{ "verdicts", 'v', 0, G_OPTION_ARG_FILENAME, &(options).wanted.verdicts,                   \
		"Only events with these verdicts", "LIST" },                                       \
		{ "filter", 'f', 0, G_OPTION_ARG_FILENAME, &(options).wanted.filter,               \
			"Only packets that match", "EXPRESSION" },                                 \
		{ "table", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &(options).wanted.tables,            \
			"Only this table (may be repeated, as the next three)", "NAME" },          \
		{ "chain", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &(options).wanted.chains,            \
			"Only this chain", "NAME" },                                               \
		{ "handle", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &(options).wanted.handles,          \
			"Only the rule with this handle", "NUMBER" },                              \
		{ "netns", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &(options).wanted.netns,             \
			"Only this network namespace: inode, 0xCOOKIE or name", "NETNS" },         \
		{ "since", 'S', 0, G_OPTION_ARG_FILENAME, &(options).wanted.since,                 \
			"Only events from this time on (\"2026-11-22 05:30\", -5min, today)",      \
			"TIME" },                                                                  \
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &(options).sources, NULL, \
			NULL },                                                                    \
	{                                                                                          \
		"until", 'U', 0, G_OPTION_ARG_FILENAME, &(options).wanted.until,                   \
			"Only events up to this time", "TIME"                                      \
	}

/* The entry of --utc of a verb that prints no times. */
#define SELECT_UTC_OPTION(options)                                           \
	{                                                                    \
		"utc", 0, 0, G_OPTION_ARG_NONE, &(options).utc,              \
			"Read the dates of --since and --until as UTC", NULL \
	}

/* Makes the filter of the options. EXIT_DONE, or EXIT_USAGE after printing what is wrong. */
int select_options_resolve(struct select_options *options, const struct command *command);

/* Accepts a zeroed struct. */
void select_options_clear(struct select_options *options);

#define auto_select_options __attribute__((cleanup(select_options_clear))) struct select_options

#endif
