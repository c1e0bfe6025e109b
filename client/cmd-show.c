/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl show: prints what journals hold. */
#include "command.h"
#include "journal/escape.h"
#include "pager.h"
#include "parse.h"
#include "printer.h"
#include "show.h"
#include "style.h"

struct show {
	char *count; /* what -n said, or NULL */
	gboolean sort, reverse, no_pager;
	struct style style;
	GStrv sources;

	uint64_t limit; /* the last so many events or packets; UINT64_MAX: all */
	enum text_time time;
	enum text_colour colour;
};

static void show_clear(struct show *show)
{
	g_clear_pointer(&show->count, g_free);
	style_clear(&show->style);
	g_clear_pointer(&show->sources, g_strfreev);
}

/* A journal that can't be read further, or what kept its events from being ordered; an exit status. */
static int show_failed(const struct show *show, unsigned int journal, int r, const char *reason)
{
	g_autofree char *escaped = NULL;
	g_autofree char *sentence = NULL;

	if (reason)
		return command_failed(reason);
	escaped = text_escape_dup(show->sources[journal]);
	sentence = g_strdup_printf("%s can't be read further: %s", escaped, g_strerror(-r));
	return command_failed(sentence);
}

/* Prints every journal that was named; an exit status. */
static int show_sources(const struct show *show, struct journals *journals, struct output *output)
{
	const struct show_order order = {
		.journeys = show->sort,
		.newest_first = show->reverse,
		.last = show->limit,
		.memory = ARRANGE_MEMORY,
	};
	auto_printer printer = { 0 };
	g_autofree char *reason = NULL;
	unsigned int journal = 0;
	int r;

	/* The monotonic clocks of several machines can't be compared. */
	printer_open(&printer, output, journals_count(journals),
		journals_boots(journals) > 1 ? TEXT_TIME_UTC : show->time, show->colour);
	r = show_journals(journals, &order, &printer, &journal, &reason);
	if (r < 0) {
		output_flush(output);
		return show_failed(show, journal, r, reason);
	}
	return command_finish(output, printer_incomplete(&printer) ? EXIT_LOST : EXIT_DONE);
}

static int show_run(const struct show *show)
{
	g_autofree char *reason = NULL;
	auto_journals *journals = NULL;
	auto_output output = { 0 };
	auto_pager pager;

	/* Before there is a pager, which would hide what is wrong. */
	if (journals_open(show->sources, &journals, &reason) < 0)
		return command_failed(reason);
	if (show->no_pager)
		pager_none(&pager);
	else
		pager_open(&pager);
	output_open(&output, pager.fd);
	return show_sources(show, journals, &output);
}

/* GLib takes "-n 5" but not "-n5", which fingers know: a copy of the arguments that it takes. */
static GStrv with_long_options(char **argv)
{
	GStrv copy = g_strdupv(argv);

	for (char **argument = copy; *argument; argument++) {
		g_autofree char *attached = NULL;

		if (!g_str_has_prefix(*argument, "-n") || !g_ascii_isdigit((*argument)[2]))
			continue;
		attached = g_steal_pointer(argument);
		*argument = g_strconcat("--events=", attached + 2, NULL);
	}
	return copy;
}

int command_show(const struct command *command, int argc, char **argv)
{
	__attribute__((cleanup(show_clear))) struct show show = { .limit = UINT64_MAX };
	g_auto(GStrv) arguments = NULL;
	g_autofree char **parsed = NULL; /* which GLib takes options out of */
	const GOptionEntry entries[] = {
		{ "events", 'n', 0, G_OPTION_ARG_STRING, &show.count,
			"Print the last N events (with --sort: packets)", "N" },
		{ "sort", 's', 0, G_OPTION_ARG_NONE, &show.sort,
			"Bring the events of each packet together", NULL },
		{ "reverse", 'r', 0, G_OPTION_ARG_NONE, &show.reverse,
			"Print the newest events first", NULL },
		STYLE_OPTIONS(show.style),
		{ "no-pager", 0, 0, G_OPTION_ARG_NONE, &show.no_pager,
			"Do not pipe the output into a pager", NULL },
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &show.sources, NULL,
			NULL },
		{ 0 },
	};

	arguments = with_long_options(argv);
	parsed = g_memdup2(arguments, ((size_t)argc + 1) * sizeof(*arguments));
	if (!command_options(command, entries, argc, parsed))
		return EXIT_USAGE;
	if (!show.sources)
		return command_usage(command, "name a session or a path");
	if (show.count && parse_count(show.count, &show.limit) < 0)
		return command_usage(command, "-n takes a number of events");
	if (style_resolve(&show.style, &show.time, &show.colour) < 0)
		return command_usage(command, "--color takes auto, always or never");
	return show_run(&show);
}
