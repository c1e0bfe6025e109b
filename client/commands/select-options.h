/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options that select events, which the reading verbs share, and what they mean. Owned by the
 * command that reads.
 */
#ifndef NFTTRACED_CLIENT_COMMANDS_SELECT_OPTIONS_H
#define NFTTRACED_CLIENT_COMMANDS_SELECT_OPTIONS_H

#include "client/commands/command.h"
#include "client/read/event-filter.h"

/* The entries for a table of options, with `wishes` a struct select_wishes. */
#define SELECT_OPTIONS(wishes)                                                                     \
	{ "verdicts", 'v', 0, G_OPTION_ARG_FILENAME, &(wishes).verdicts,                           \
		"Only events with these verdicts", "LIST" },                                       \
		{ "filter", 'f', 0, G_OPTION_ARG_FILENAME, &(wishes).filter,                       \
			"Only packets that match", "EXPRESSION" },                                 \
		{ "table", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &(wishes).tables,                    \
			"Only this table (may be repeated, as the next three)", "NAME" },          \
		{ "chain", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &(wishes).chains, "Only this chain", \
			"NAME" },                                                                  \
		{ "handle", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &(wishes).handles,                  \
			"Only the rule with this handle", "NUMBER" },                              \
		{ "netns", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &(wishes).netns,                     \
			"Only this network namespace: inode, 0xCOOKIE or name", "NETNS" },         \
		{ "since", 'S', 0, G_OPTION_ARG_FILENAME, &(wishes).since,                         \
			"Only events from this time on (\"2026-11-22 05:30\", -5min, today)",      \
			"TIME" },                                                                  \
	{                                                                                          \
		"until", 'U', 0, G_OPTION_ARG_FILENAME, &(wishes).until,                           \
			"Only events up to this time", "TIME"                                      \
	}

/* Understands the options; dates are UTC where the output's are. EXIT_DONE, or EXIT_USAGE after telling
 * what is wrong. */
int select_resolve(const struct select_wishes *wishes, const struct command *command,
	enum when_zone zone, struct select **ret);

/* Accepts zeroed wishes. */
void select_wishes_clear(struct select_wishes *wishes);

#define auto_select_wishes __attribute__((cleanup(select_wishes_clear))) struct select_wishes

#endif
