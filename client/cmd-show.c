/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl show: prints what journals hold. */
#include "command.h"
#include "journal/escape.h"
#include "pager.h"
#include "parse.h"
#include "source.h"
#include "style.h"
#include "tail.h"

struct show {
	char *count; /* what -n said, or NULL */
	gboolean no_pager;
	struct style style;
	GStrv sources;

	uint64_t limit; /* the last so many events; UINT64_MAX: all */
	enum text_time time;
	enum text_colour colour;
};

static void show_clear(struct show *show)
{
	g_clear_pointer(&show->count, g_free);
	style_clear(&show->style);
	g_clear_pointer(&show->sources, g_strfreev);
}

/* Renders a whole journal; negative errno if it can't be read to its end. */
static int show_all(struct journal_reader *reader, struct text *text)
{
	struct journal_entry entry;
	int r = 0;

	while (text->output->error == 0 && (r = journal_reader_next(reader, &entry)) > 0)
		text_render(text, &entry);
	return r;
}

/* Renders what comes before the first event, and the last `limit` events. */
static int show_last(struct journal_reader *reader, struct text *text, uint64_t limit)
{
	struct tail *tail = tail_new(limit);
	struct journal_entry entry;
	bool events = false;
	int r;

	while ((r = journal_reader_next(reader, &entry)) > 0) {
		events = events || entry.type == JOURNAL_EVENT;
		/* A loss that is not shown is one all the same. */
		text->incomplete = text->incomplete || entry.type == JOURNAL_LOSS;
		if (events)
			tail_push(tail, &entry);
		else
			text_render(text, &entry);
	}
	tail_render(tail, text);
	tail_free(tail);
	return r;
}

/* Prints one journal; an exit status. */
static int show_source(const struct show *show, const char *source, struct output *output)
{
	struct journal_reader *reader = NULL;
	g_autofree char *reason = NULL;
	auto_text text = { 0 };
	int r;

	if (source_open(source, &reader, &reason) < 0)
		return command_failed(reason);
	text_open(&text, output, show->time, show->colour);
	if (show->limit == UINT64_MAX)
		r = show_all(reader, &text);
	else
		r = show_last(reader, &text, show->limit);
	journal_reader_free(reader);
	if (r < 0) {
		g_autofree char *escaped = text_escape_dup(source);

		output_flush(output);
		reason = g_strdup_printf("%s can't be read further: %s", escaped, g_strerror(-r));
		return command_failed(reason);
	}
	return text.incomplete ? EXIT_LOST : EXIT_DONE;
}

/* Prints every journal that was named, a blank line between them. */
static int show_sources(const struct show *show, int fd)
{
	auto_output output = { 0 };
	int worst = EXIT_DONE;

	output_open(&output, fd);
	for (size_t i = 0; show->sources[i]; i++) {
		int status;

		if (i > 0)
			output_char(&output, '\n');
		status = show_source(show, show->sources[i], &output);
		if (status == EXIT_FAILED || worst == EXIT_FAILED)
			worst = EXIT_FAILED;
		else
			worst = MAX(worst, status);
	}
	return command_finish(&output, worst);
}

static int show_run(const struct show *show)
{
	auto_pager pager;

	if (show->no_pager)
		pager_none(&pager);
	else
		pager_open(&pager);
	return show_sources(show, pager.fd);
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
		{ "events", 'n', 0, G_OPTION_ARG_STRING, &show.count, "Print the last N events",
			"N" },
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
