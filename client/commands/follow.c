/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl follow: prints a session's events as they are recorded. */
#include <unistd.h>

#include "client/bus/daemon-bus.h"
#include "client/bus/sessions.h"
#include "client/commands/command.h"
#include "client/commands/select-options.h"
#include "client/print/follow-stream.h"
#include "client/print/style.h"

static int follow_open(struct follow_stream *stream, sd_bus **ret_bus, const char *session,
	bool from_start, char **ret_reason)
{
	g_autofree char *object = NULL;
	int r = bus_connect(ret_bus, ret_reason);

	if (r >= 0)
		r = session_find(*ret_bus, session, &object, ret_reason);
	if (r >= 0)
		r = follow_stream_open(stream, *ret_bus, object, from_start, ret_reason);
	return r;
}

static int follow_status(
	int end, const struct follow_stream *stream, const struct renderer *renderer)
{
	g_autofree char *reason = follow_stream_failure(stream, end);

	if (reason)
		return command_failed(reason);
	if (end == FOLLOW_STREAM_ENDED && renderer->incomplete)
		return EXIT_LOST;
	return EXIT_DONE;
}

struct follow {
	bool from_start;
	const struct event_filter *filter; /* NULL: every event */
	struct print_form form;
};

static int follow_session(const char *session, const struct follow *how)
{
	auto_stream stream = FOLLOW_STREAM_CLOSED;
	g_autofree char *reason = NULL;
	auto_output output = { 0 };
	auto_renderer *renderer = NULL;
	auto_bus *bus = NULL;
	int end;

	if (follow_stream_catch_signals(&stream) < 0)
		return command_failed("signals can't be caught");
	if (follow_open(&stream, &bus, session, how->from_start, &reason) < 0)
		return command_failed(reason);
	stream.filter = how->filter;
	output_open(&output, STDOUT_FILENO);
	renderer = follow_stream_renderer_new(&stream, &output, &how->form);
	end = follow_stream_run(&stream, renderer, NULL);
	return follow_status(end, &stream, renderer);
}

int command_follow(const struct command *command, int argc, char **argv)
{
	gboolean from_start = FALSE, rules = FALSE;
	auto_select_options select = { 0 };
	auto_style style = { 0 };
	struct follow how;
	const GOptionEntry entries[] = {
		{ "from-start", 0, 0, G_OPTION_ARG_NONE, &from_start,
			"Start with the events that exist already", NULL },
		{ "rules", 0, 0, G_OPTION_ARG_NONE, &rules,
			"Print the text of the rule under its event", NULL },
		SELECT_OPTIONS(select),
		STYLE_OPTIONS(style),
		{ 0 },
	};

	if (!command_options(command, entries, argc, argv))
		return EXIT_USAGE;
	if (!select.sources || select.sources[1])
		return command_usage(command, "name one session");
	if (style_resolve(&style, &how.form) < 0)
		return command_usage(command, "--color takes auto, always or never");
	select.utc = style.utc;
	if (select_options_resolve(&select, command) != EXIT_DONE)
		return EXIT_USAGE;
	how.filter = select.filter;
	how.from_start = from_start;
	how.form.text.rules = rules ? TEXT_RULES_ON : TEXT_RULES_OFF;
	return follow_session(select.sources[0], &how);
}
