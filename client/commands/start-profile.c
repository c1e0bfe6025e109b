/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles and the command line; see start-profile.h. */
#include "client/commands/start-profile.h"

#include <errno.h>
#include <string.h>

#include "client/input/profile.h"

static void merge_text(char **text, const char *profile)
{
	if (!*text)
		*text = g_strdup(profile);
}

/* On the command line a list is one text. */
static void merge_list(char **text, char *const *profile)
{
	if (!*text && profile)
		*text = g_strjoinv(",", (char **)profile);
}

static void merge_choice(enum profile_choice *choice, enum profile_choice profile)
{
	if (*choice == PROFILE_UNSAID)
		*choice = profile;
}

static void add_probes(GStrv *probes, char *const *profile)
{
	g_autoptr(GStrvBuilder) all = g_strv_builder_new();
	GStrv sum;

	if (!profile)
		return;
	if (*probes)
		g_strv_builder_addv(all, (const char **)*probes);
	g_strv_builder_addv(all, (const char **)profile);
	sum = g_strv_builder_end(all);
	g_strfreev(*probes);
	*probes = sum;
}

static void merge(struct start_options *options, const struct profile *profile)
{
	merge_list(&options->verdict_names, profile->verdicts);
	merge_list(&options->section_names, profile->sections);
	if (!options->words)
		merge_text(&options->filter, profile->filter);
	merge_text(&options->limit_text, profile->limit);
	merge_text(&options->rate_text, profile->rate);
	merge_text(&options->burst_text, profile->burst);
	merge_text(&options->size_text, profile->size);
	merge_text(&options->duration_text, profile->duration);
	add_probes(&options->probes, profile->probes);
}

static enum profile_choice choice(gboolean yes, gboolean no)
{
	if (yes)
		return PROFILE_YES;
	return no ? PROFILE_NO : PROFILE_UNSAID;
}

int start_profiles_merge(struct start_options *options, const struct command *command)
{
	enum profile_choice stack = choice(options->stack, options->no_stack);
	enum profile_choice track = choice(options->track, options->no_track);

	for (guint i = options->profiles ? g_strv_length(options->profiles) : 0; i-- > 0;) {
		auto_profile *profile = NULL;
		g_autofree char *reason = NULL;
		int r = profile_load(options->profiles[i], &profile, &reason);

		if (r == -ENOENT)
			return command_usage(command, "%s", reason);
		if (r < 0)
			return command_failed(reason);
		merge(options, profile);
		merge_choice(&stack, profile->stack);
		merge_choice(&track, profile->track);
	}
	options->stack = stack == PROFILE_YES;
	options->no_track = track == PROFILE_NO;
	return EXIT_DONE;
}
