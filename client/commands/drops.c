/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl drops: prints the drops of each rule. */
#include <stdio.h>
#include <unistd.h>

#include "client/bus/daemon-bus.h"
#include "client/bus/daemon-status.h"
#include "client/bus/sessions.h"
#include "client/commands/command.h"
#include "client/report/drop-text.h"
#include "client/terminal/terminal.h"
#include "journal/base/amounts.h"

enum drop_form {
	FORM_TABLE,
	FORM_JSON,
	FORM_METRICS,
};

struct drop_options {
	struct drop_filter wanted;
	char *sort, *limit; /* as written, or NULL */
	gboolean json, metrics;
};

static void options_clear(struct drop_options *options)
{
	g_strfreev(options->wanted.netns);
	g_strfreev(options->wanted.tables);
	g_strfreev(options->wanted.chains);
	g_free(options->sort);
	g_free(options->limit);
}

static size_t terminal_columns(void)
{
	struct terminal_size size;

	return terminal_size(STDOUT_FILENO, &size) < 0 ? DROP_COLUMNS_ANY : size.columns;
}

/* Sessions that may not be listed are left out of the metrics. */
static void print_metrics(sd_bus *bus, const struct drop_list *list, struct output *output)
{
	g_autoptr(GPtrArray) sessions = NULL;
	g_autofree char *reason = NULL;

	session_list(bus, &sessions, &reason);
	drop_metrics_print(list, sessions, output);
}

static int print_drops(const struct drop_filter *wanted, enum drop_form form)
{
	g_autofree char *reason = NULL, *trouble = NULL;
	auto_drop_list *list = NULL;
	auto_output output = { 0 };
	auto_bus *bus = NULL;

	if (bus_connect(&bus, &reason) < 0 || drop_list_get(bus, &list, &reason) < 0)
		return command_failed(reason);
	drop_list_filter(list, wanted);
	output_open(&output, STDOUT_FILENO);
	switch (form) {
	case FORM_TABLE:
		drop_text_print(list, (uint64_t)g_get_real_time(), terminal_columns(), &output);
		break;
	case FORM_JSON:
		drop_json_print(list, &output);
		break;
	case FORM_METRICS:
		print_metrics(bus, list, &output);
		break;
	}
	/* So that "no drops" is not mistaken for a daemon that does not count. */
	trouble = status_trouble(bus);
	if (trouble)
		fprintf(stderr, "nfttracectl: %s\n", trouble);
	return command_finish(&output, EXIT_DONE);
}

int command_drops(const struct command *command, int argc, char **argv)
{
	__attribute__((cleanup(options_clear))) struct drop_options options = { 0 };
	struct drop_filter *wanted = &options.wanted;
	const GOptionEntry entries[] = {
		{ "netns", 0, 0, G_OPTION_ARG_STRING_ARRAY, &wanted->netns,
			"Only this network namespace: a name, an inode, a cookie (0x...)",
			"NETNS" },
		{ "table", 0, 0, G_OPTION_ARG_STRING_ARRAY, &wanted->tables, "Only this table",
			"NAME" },
		{ "chain", 0, 0, G_OPTION_ARG_STRING_ARRAY, &wanted->chains, "Only this chain",
			"NAME" },
		{ "sort", 0, 0, G_OPTION_ARG_STRING, &options.sort,
			"Sort by packets (default), bytes or last, highest first", "KEY" },
		{ "lines", 'n', 0, G_OPTION_ARG_STRING, &options.limit, "Show at most N rules",
			"N" },
		{ "json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print one JSON object a line",
			NULL },
		{ "openmetrics", 0, 0, G_OPTION_ARG_NONE, &options.metrics,
			"Print metrics in the format of OpenMetrics", NULL },
		{ 0 },
	};

	if (!command_options(command, entries, argc, argv))
		return EXIT_USAGE;
	if (options.sort && drop_sort_parse(options.sort, &wanted->sort) < 0)
		return command_usage(command, "--sort takes packets, bytes or last");
	if (options.limit && (parse_count(options.limit, &wanted->limit) < 0 || wanted->limit == 0))
		return command_usage(command, "-n takes a number, 1 or more");
	if (options.json && options.metrics)
		return command_usage(command, "--json and --openmetrics exclude each other");
	if (options.json)
		return print_drops(wanted, FORM_JSON);
	return print_drops(wanted, options.metrics ? FORM_METRICS : FORM_TABLE);
}
