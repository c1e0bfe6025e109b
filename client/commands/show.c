/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl show: prints the events in journals. */
#include <unistd.h>

#include "client/commands/command.h"
#include "client/commands/select-options.h"
#include "client/print/printer.h"
#include "client/print/show-events.h"
#include "client/print/style.h"
#include "client/read/journal-set.h"
#include "client/terminal/pager.h"
#include "client/terminal/progress.h"
#include "journal/base/amounts.h"

struct show_options {
	char *count; /* the argument of -n, or NULL */
	gboolean sort, reverse, rules, no_pager;
	struct select_options select;
	struct style style;

	struct show_order order;
	struct print_form form;
};

static void options_clear(struct show_options *options)
{
	g_clear_pointer(&options->count, g_free);
	select_options_clear(&options->select);
	style_clear(&options->style);
}

static int show_failed(
	const struct show_options *options, unsigned int journal, int r, const char *reason)
{
	g_autofree char *sentence = NULL;

	if (reason)
		return command_failed(reason);
	sentence = journal_set_failure(options->select.sources, journal, r);
	return command_failed(sentence);
}

/*
 * Reads everything that is needed before the first line, then starts a pager and prints. An exit
 * status.
 */
static int show_run(const struct show_options *options, struct show *show, struct output *output)
{
	g_autofree char *reason = NULL;
	unsigned int journal = 0;
	int gathered, printed;
	auto_pager pager;

	gathered = show_gather(show, &journal, &reason);
	if (reason)
		return command_failed(reason);
	if (options->no_pager)
		pager_none(&pager);
	else
		pager_open(&pager);
	output->fd = pager.fd;
	printed = show_print(show, &journal, &reason);
	if (gathered >= 0 && printed >= 0)
		return command_finish(output, EXIT_DONE);
	output_flush(output);
	return show_failed(options, journal, gathered < 0 ? gathered : printed, reason);
}

/* Where the progress line goes: not to a terminal on which events are being printed. */
static int progress_for(const struct show_options *options)
{
	bool gathers = options->sort || options->reverse || options->count;

	return gathers || !isatty(STDOUT_FILENO) ? progress_terminal() : -1;
}

/* Prints every journal that was named; an exit status. */
static int show_sources(const struct show_options *options)
{
	g_autofree char *reason = NULL;
	auto_journal_set *journals = NULL;
	auto_printer printer = { 0 };
	auto_output output = { 0 };
	struct print_form form = options->form;
	auto_show *show = NULL;
	int status;

	if (journal_set_open(options->select.sources, &journals, &reason) < 0)
		return command_failed(reason);
	journal_set_select(journals, options->select.filter, progress_for(options));
	output_open(&output, OUTPUT_MEMORY);
	/* The monotonic clocks of several machines can't be compared. */
	if (journal_set_boots(journals) > 1)
		form.text.time = TEXT_TIME_UTC;
	printer_open(&printer, &output, journals, &form);
	show = show_new(&options->order, journals, &printer);
	status = show_run(options, show, &output);
	return status == EXIT_DONE && printer_incomplete(&printer) ? EXIT_LOST : status;
}

/* GLib takes "-n 5" but not the usual "-n5": a copy of the arguments with "--events=5". */
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
	__attribute__((cleanup(options_clear))) struct show_options show = { 0 };
	g_auto(GStrv) arguments = NULL;
	g_autofree char **parsed = NULL; /* which GLib takes options out of */
	const GOptionEntry entries[] = {
		{ "events", 'n', 0, G_OPTION_ARG_STRING, &show.count,
			"Print the last N events (with --sort: packets)", "N" },
		{ "sort", 's', 0, G_OPTION_ARG_NONE, &show.sort,
			"Bring the events of each packet together", NULL },
		{ "reverse", 'r', 0, G_OPTION_ARG_NONE, &show.reverse,
			"Print the newest events first", NULL },
		{ "rules", 0, 0, G_OPTION_ARG_NONE, &show.rules,
			"Print the text of the rule under its event", NULL },
		SELECT_OPTIONS(show.select),
		STYLE_OPTIONS(show.style),
		{ "no-pager", 0, 0, G_OPTION_ARG_NONE, &show.no_pager,
			"Do not pipe the output into a pager", NULL },
		{ 0 },
	};

	arguments = with_long_options(argv);
	parsed = g_memdup2(arguments, ((size_t)argc + 1) * sizeof(*arguments));
	if (!command_options(command, entries, argc, parsed))
		return EXIT_USAGE;
	show.select.utc = show.style.utc;
	if (select_options_resolve(&show.select, command) != EXIT_DONE)
		return EXIT_USAGE;
	show.order = (struct show_order){
		.journeys = show.sort,
		.newest_first = show.reverse,
		.last = UINT64_MAX,
		.memory = ORDERING_MEMORY,
	};
	if (show.count && parse_count(show.count, &show.order.last) < 0)
		return command_usage(command, "-n takes a number of events");
	if (style_resolve(&show.style, &show.form) < 0)
		return command_usage(command, "--color takes auto, always or never");
	if (show.rules)
		show.form.text.rules = TEXT_RULES_ON;
	return show_sources(&show);
}
