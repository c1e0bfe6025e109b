/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that select events; see select-options.h. */
#include "client/commands/select-options.h"

int event_filter_resolve(const struct event_filter_options *wanted, const struct command *command,
	enum when_zone zone, struct event_filter **ret)
{
	g_autofree char *reason = NULL;

	if (event_filter_new(wanted, zone, ret, &reason) < 0)
		return command_usage(command, "%s", reason);
	return EXIT_DONE;
}

void event_filter_options_clear(struct event_filter_options *wanted)
{
	char **texts[] = { &wanted->verdicts, &wanted->filter, &wanted->since, &wanted->until };
	GStrv *lists[] = { &wanted->tables, &wanted->chains, &wanted->handles, &wanted->netns };

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		g_clear_pointer(texts[i], g_free);
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		g_clear_pointer(lists[i], g_strfreev);
}
