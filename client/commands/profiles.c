/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl profiles: lists the profiles for 'nfttracectl start --profile'. */
#include <unistd.h>

#include "client/commands/command.h"
#include "client/input/profile.h"
#include "client/terminal/table.h"

/* Adds a profile's row; an exit status, after printing what is invalid in the file. */
static int add_profile(struct table *table, const char *name, const char *path)
{
	auto_profile *profile = NULL;
	g_autofree char *reason = NULL;

	if (profile_read(path, name, &profile, &reason) < 0)
		return command_failed(reason);
	table_text(table, name);
	table_text(table, path);
	table_text(table, profile->description ? profile->description : "-");
	return EXIT_DONE;
}

static int list_profiles(void)
{
	static const struct table_column columns[] = { { "NAME", TABLE_LEFT },
		{ "FILE", TABLE_LEFT }, { "DESCRIPTION", TABLE_LEFT } };
	struct table *table = table_new(columns, G_N_ELEMENTS(columns));
	g_autoptr(GPtrArray) names = NULL;
	g_autoptr(GPtrArray) paths = NULL;
	auto_output output = { 0 };
	int status = EXIT_DONE;

	profile_list(&names, &paths);
	for (guint i = 0; i < names->len; i++) {
		int one = add_profile(
			table, g_ptr_array_index(names, i), g_ptr_array_index(paths, i));

		status = MAX(status, one);
	}
	output_open(&output, STDOUT_FILENO);
	table_print(table, &output);
	table_free(table);
	return command_finish(&output, status);
}

int command_profiles(const struct command *command, int argc, char **argv)
{
	const GOptionEntry entries[] = { { 0 } };

	if (!command_options(command, entries, argc, argv))
		return EXIT_USAGE;
	return list_profiles();
}
