/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that select events; see select-options.h. */
#include "client/commands/select-options.h"

int select_resolve(const struct select_wishes *wishes, const struct command *command,
	enum when_zone zone, struct select **ret)
{
	g_autofree char *reason = NULL;

	if (select_new(wishes, zone, ret, &reason) < 0)
		return command_usage(command, "%s", reason);
	return EXIT_DONE;
}

void select_wishes_clear(struct select_wishes *wishes)
{
	char **texts[] = { &wishes->verdicts, &wishes->filter, &wishes->since, &wishes->until };
	GStrv *lists[] = { &wishes->tables, &wishes->chains, &wishes->handles, &wishes->netns };

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		g_clear_pointer(texts[i], g_free);
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		g_clear_pointer(lists[i], g_strfreev);
}
