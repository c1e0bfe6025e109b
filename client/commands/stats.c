/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl stats: counts the events in journals. */
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/commands/command.h"
#include "client/commands/select-options.h"
#include "client/read/journal-set.h"
#include "client/stats/stats.h"
#include "client/terminal/progress.h"
#include "journal/base/amounts.h"

#define TOP_DEFAULT     10
#define TOP_MAX         STATS_KEYS_MAX
#define COLUMNS_DEFAULT 80

struct stats_options {
	char *top_text; /* the argument of --top, or NULL */
	uint64_t top;
	struct select_options select;
};

static void options_clear(struct stats_options *options)
{
	g_clear_pointer(&options->top_text, g_free);
	select_options_clear(&options->select);
}

static size_t terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return COLUMNS_DEFAULT;
	return MIN(size.ws_col, TIMELINE_BUCKETS);
}

static int print_counts(struct stats *stats, const struct stats_options *options)
{
	const struct stats_form form = {
		.top = (size_t)options->top,
		.columns = terminal_columns(),
		.letters =
			g_str_equal(nl_langinfo(CODESET), "UTF-8") ? TIMELINE_UTF8 : TIMELINE_ASCII,
	};
	auto_output output = { 0 };

	output_open(&output, STDOUT_FILENO);
	stats_print(stats, &form, &output);
	return command_finish(&output, stats_incomplete(stats) ? EXIT_LOST : EXIT_DONE);
}

/* Counts everything that was named; an exit status. */
static int count_sources(const struct stats_options *options)
{
	struct journal_set_record record;
	g_autofree char *reason = NULL;
	auto_journal_set *journals = NULL;
	auto_stats *stats = NULL;
	int r;

	if (journal_set_open(options->select.sources, &journals, &reason) < 0)
		return command_failed(reason);
	stats = stats_new(journals, STATS_KEYS_MAX);
	journal_set_select(journals, options->select.filter, progress_terminal());
	while ((r = journal_set_next(journals, &record)) > 0)
		stats_take(stats, &record);
	if (r >= 0)
		return print_counts(stats, options);
	print_counts(stats, options);
	reason = journal_set_failure(options->select.sources, record.journal, r);
	return command_failed(reason);
}

int command_stats(const struct command *command, int argc, char **argv)
{
	__attribute__((cleanup(options_clear))) struct stats_options options = {
		.top = TOP_DEFAULT,
	};
	const GOptionEntry entries[] = {
		{ "top", 0, 0, G_OPTION_ARG_STRING, &options.top_text,
			"List N rules and sources (default: 10)", "N" },
		SELECT_OPTIONS(options.select),
		SELECT_UTC_OPTION(options.select),
		{ 0 },
	};

	if (!command_options(command, entries, argc, argv))
		return EXIT_USAGE;
	if (select_options_resolve(&options.select, command) != EXIT_DONE)
		return EXIT_USAGE;
	if (options.top_text && parse_count(options.top_text, &options.top) < 0)
		return command_usage(command, "--top takes a number");
	options.top = MIN(options.top, TOP_MAX);
	return count_sources(&options);
}
