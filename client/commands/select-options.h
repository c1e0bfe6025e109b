/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options that select events, which the reading verbs share, and what they mean. Owned by the
 * command that reads.
 */
#ifndef NFTTRACED_CLIENT_COMMANDS_SELECT_OPTIONS_H
#define NFTTRACED_CLIENT_COMMANDS_SELECT_OPTIONS_H

#include "client/commands/command.h"
#include "client/read/event-filter.h"

/* The entries for a table of options, with `wishes` a struct event_filter_options. */
#define EVENT_FILTER_OPTIONS(wanted)                                                               \
	{ "verdicts", 'v', 0, G_OPTION_ARG_FILENAME, &(wanted).verdicts,                           \
		"Only events with these verdicts", "LIST" },                                       \
		{ "filter", 'f', 0, G_OPTION_ARG_FILENAME, &(wanted).filter,                       \
			"Only packets that match", "EXPRESSION" },                                 \
		{ "table", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &(wanted).tables,                    \
			"Only this table (may be repeated, as the next three)", "NAME" },          \
		{ "chain", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &(wanted).chains, "Only this chain", \
			"NAME" },                                                                  \
		{ "handle", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &(wanted).handles,                  \
			"Only the rule with this handle", "NUMBER" },                              \
		{ "netns", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &(wanted).netns,                     \
			"Only this network namespace: inode, 0xCOOKIE or name", "NETNS" },         \
		{ "since", 'S', 0, G_OPTION_ARG_FILENAME, &(wanted).since,                         \
			"Only events from this time on (\"2026-11-22 05:30\", -5min, today)",      \
			"TIME" },                                                                  \
	{                                                                                          \
		"until", 'U', 0, G_OPTION_ARG_FILENAME, &(wanted).until,                           \
			"Only events up to this time", "TIME"                                      \
	}

/* Understands the options; dates are UTC where the output's are. EXIT_DONE, or EXIT_USAGE after telling
 * what is wrong. */
int event_filter_resolve(const struct event_filter_options *wanted, const struct command *command,
	enum when_zone zone, struct event_filter **ret);

/* Accepts zeroed wishes. */
void event_filter_options_clear(struct event_filter_options *wanted);

#define auto_event_filter_options \
	__attribute__((cleanup(event_filter_options_clear))) struct event_filter_options

#endif
