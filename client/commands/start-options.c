/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of nfttracectl start; see start-options.h. */
#include "client/commands/start-options.h"

#include <errno.h>
#include <string.h>

#include "client/input/name-list.h"
#include "client/input/profile.h"
#include "journal/base/amounts.h"

void start_options_clear(struct start_options *options)
{
	char **texts[] = { &options->name, &options->verdict_names, &options->section_names,
		&options->filter, &options->limit_text, &options->duration_text,
		&options->rate_text, &options->burst_text, &options->size_text };

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		g_clear_pointer(texts[i], g_free);
	g_clear_pointer(&options->words, g_strfreev);
	g_clear_pointer(&options->verdicts, g_strfreev);
	g_clear_pointer(&options->sections, g_strfreev);
	g_clear_pointer(&options->probes, g_strfreev);
	g_clear_pointer(&options->profiles, g_strfreev);
	style_clear(&options->style);
}

typedef int (*number_parser)(const char *text, uint64_t *ret);

/* Turns texts into numbers. NULL, or a sentence on the first that is invalid. */
static const char *parse_numbers(struct start_options *options)
{
	const struct {
		const char *text;
		number_parser parse;
		uint64_t least;
		uint64_t *number;
		const char *wrong;
	} numbers[] = {
		{ options->limit_text, parse_count, 0, &options->limit,
			"--limit takes a number of events" },
		{ options->duration_text, parse_duration, 1, &options->duration,
			"--duration takes a time, such as 30s, 5min or 2h" },
		{ options->rate_text, parse_count, 0, &options->rate,
			"--rate takes a number of events a second" },
		{ options->burst_text, parse_count, 0, &options->burst,
			"--burst takes a number of events" },
		{ options->size_text, parse_size, 1, &options->size,
			"--size takes a size, such as 64M or 1G" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		if (!numbers[i].text)
			continue;
		if (numbers[i].parse(numbers[i].text, numbers[i].number) < 0 ||
			*numbers[i].number < numbers[i].least)
			return numbers[i].wrong;
	}
	return NULL;
}

/* NULL, or a sentence on what is invalid. */
static const char *parse_texts(struct start_options *options)
{
	const char *wrong = parse_numbers(options);

	if (wrong)
		return wrong;
	if (options->verdict_names &&
		name_list_parse(options->verdict_names, &options->verdicts) < 0)
		return "--verdicts takes names, separated by commas";
	if (options->section_names &&
		name_list_parse(options->section_names, &options->sections) < 0)
		return "--sections takes names, separated by commas";
	if (options->filter && options->words)
		return "give the filter with --filter or as words, not both";
	if (options->words)
		options->filter = g_strjoinv(" ", options->words);
	if (options->filter && !g_utf8_validate(options->filter, -1, NULL))
		return "the filter is not valid UTF-8";
	for (size_t i = 0; options->probes && options->probes[i]; i++) {
		if (!g_utf8_validate(options->probes[i], -1, NULL))
			return "the probe is not valid UTF-8";
	}
	if (options->name && !g_utf8_validate(options->name, -1, NULL))
		return "the name is not valid UTF-8";
	if (style_resolve(&options->style, &options->form) < 0)
		return "--color takes auto, always or never";
	return NULL;
}

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

static void merge_profile(struct start_options *options, const struct profile *profile)
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

static enum profile_choice choice_of(gboolean yes, gboolean no)
{
	if (yes)
		return PROFILE_YES;
	return no ? PROFILE_NO : PROFILE_UNSAID;
}

/*
 * Adds the options of the profiles, the last profile first, that the command line does not have;
 * probes are added from all profiles. EXIT_DONE; EXIT_USAGE or EXIT_FAILED after printing what is
 * wrong.
 */
static int merge_profiles(struct start_options *options, const struct command *command)
{
	enum profile_choice stack = choice_of(options->stack, options->no_stack);
	enum profile_choice track = choice_of(options->track, options->no_track);

	for (guint i = options->profiles ? g_strv_length(options->profiles) : 0; i-- > 0;) {
		auto_profile *profile = NULL;
		g_autofree char *reason = NULL;
		int r = profile_load(options->profiles[i], &profile, &reason);

		if (r == -ENOENT)
			return command_usage(command, "%s", reason);
		if (r < 0)
			return command_failed(reason);
		merge_profile(options, profile);
		merge_choice(&stack, profile->stack);
		merge_choice(&track, profile->track);
	}
	options->stack = stack == PROFILE_YES;
	options->no_track = track == PROFILE_NO;
	return EXIT_DONE;
}

int start_options_parse(
	struct start_options *options, const struct command *command, int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{ "name", 0, 0, G_OPTION_ARG_FILENAME, &options->name, "Name the session", "NAME" },
		{ "verdicts", 'v', 0, G_OPTION_ARG_FILENAME, &options->verdict_names,
			"Record these verdicts, or all (default: drop,accept)", "LIST" },
		{ "sections", 0, 0, G_OPTION_ARG_FILENAME, &options->section_names,
			"Record these sections of an event, or all", "LIST" },
		{ "filter", 'f', 0, G_OPTION_ARG_FILENAME, &options->filter,
			"Record the packets that match", "EXPRESSION" },
		{ "probe", 'p', 0, G_OPTION_ARG_FILENAME_ARRAY, &options->probes,
			"Record packets at a FUNCTION, kretprobe:FUNCTION or tp:GROUP:NAME, too; "
			"append /stack for the kernel stack; can be repeated",
			"PROBE" },
		{ "stack", 0, 0, G_OPTION_ARG_NONE, &options->stack,
			"Record the kernel stack with each event", NULL },
		{ "no-stack", 0, 0, G_OPTION_ARG_NONE, &options->no_stack,
			"Do not record stacks, even if a profile does", NULL },
		{ "no-track", 0, 0, G_OPTION_ARG_NONE, &options->no_track,
			"Do not follow packets from event to event", NULL },
		{ "track", 0, 0, G_OPTION_ARG_NONE, &options->track,
			"Follow packets, even if a profile does not", NULL },
		{ "profile", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->profiles,
			"Use the options of a profile; can be repeated", "NAME" },
		{ "limit", 0, 0, G_OPTION_ARG_FILENAME, &options->limit_text, "Stop after N events",
			"N" },
		{ "duration", 0, 0, G_OPTION_ARG_FILENAME, &options->duration_text,
			"Stop after this time (30s, 5min, 2h)", "TIME" },
		{ "rate", 0, 0, G_OPTION_ARG_FILENAME, &options->rate_text,
			"Record at most N events a second", "N" },
		{ "burst", 0, 0, G_OPTION_ARG_FILENAME, &options->burst_text,
			"Allow bursts of N events above --rate", "N" },
		{ "size", 0, 0, G_OPTION_ARG_FILENAME, &options->size_text,
			"Keep at most this much journal (64M, 1G)", "SIZE" },
		{ "follow", 0, 0, G_OPTION_ARG_NONE, &options->follow,
			"Print events as they come; Ctrl-C stops the session", NULL },
		STYLE_OPTIONS(options->style),
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->words, NULL,
			NULL },
		{ 0 },
	};
	const char *wrong;
	int status;

	if (!command_options(command, entries, argc, argv))
		return EXIT_USAGE;
	status = merge_profiles(options, command);
	if (status != EXIT_DONE)
		return status;
	wrong = parse_texts(options);
	return wrong ? command_usage(command, "%s", wrong) : EXIT_DONE;
}

static int append_string(sd_bus_message *message, const char *key, const char *value)
{
	return value ? sd_bus_message_append(message, "{sv}", key, "s", value) : 0;
}

static int append_number(sd_bus_message *message, const char *key, uint64_t value)
{
	return value != 0 ? sd_bus_message_append(message, "{sv}", key, "t", value) : 0;
}

static int append_names(sd_bus_message *message, const char *key, char **names)
{
	int r;

	if (!names)
		return 0;
	r = sd_bus_message_open_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv");
	if (r >= 0)
		r = sd_bus_message_append(message, "s", key);
	if (r >= 0)
		r = sd_bus_message_open_container(message, SD_BUS_TYPE_VARIANT, "as");
	if (r >= 0)
		r = sd_bus_message_append_strv(message, names);
	if (r >= 0)
		r = sd_bus_message_close_container(message);
	if (r >= 0)
		r = sd_bus_message_close_container(message);
	return r;
}

int start_options_append(const struct start_options *options, sd_bus_message *message)
{
	int r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{sv}");

	if (r >= 0)
		r = append_string(message, "Name", options->name);
	if (r >= 0)
		r = append_names(message, "Verdicts", options->verdicts);
	if (r >= 0)
		r = append_names(message, "Sections", options->sections);
	if (r >= 0)
		r = append_string(message, "Filter", options->filter);
	if (r >= 0)
		r = append_names(message, "Probes", options->probes);
	if (r >= 0 && options->stack)
		r = sd_bus_message_append(message, "{sv}", "Stack", "b", 1);
	if (r >= 0 && options->no_track)
		r = sd_bus_message_append(message, "{sv}", "Track", "b", 0);
	if (r >= 0 && options->follow)
		r = sd_bus_message_append(message, "{sv}", "BindToCaller", "b", 1);
	if (r >= 0)
		r = append_number(message, "Limit", options->limit);
	if (r >= 0)
		r = append_number(message, "Duration", options->duration);
	if (r >= 0)
		r = append_number(message, "Rate", options->rate);
	if (r >= 0)
		r = append_number(message, "Burst", options->burst);
	if (r >= 0)
		r = append_number(message, "Size", options->size);
	return r < 0 ? r : sd_bus_message_close_container(message);
}
