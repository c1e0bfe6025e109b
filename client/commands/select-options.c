/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of the reading verbs; see select-options.h. */
#include "client/commands/select-options.h"

int select_options_resolve(struct select_options *options, const struct command *command)
{
	g_autofree char *reason = NULL;

	if (!options->sources)
		return command_usage(command, "name a session or a path");
	if (event_filter_new(&options->wanted, options->utc ? WHEN_UTC : WHEN_LOCAL,
		    &options->filter, &reason) < 0)
		return command_usage(command, "%s", reason);
	return EXIT_DONE;
}

void select_options_clear(struct select_options *options)
{
	struct event_filter_options *wanted = &options->wanted;
	char **texts[] = { &wanted->verdicts, &wanted->filter, &wanted->since, &wanted->until };
	GStrv *lists[] = { &wanted->tables, &wanted->chains, &wanted->handles, &wanted->netns,
		&options->sources };

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		g_clear_pointer(texts[i], g_free);
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		g_clear_pointer(lists[i], g_strfreev);
	options->filter = event_filter_free(options->filter);
}
