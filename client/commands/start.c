/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl start: starts a session, and with --follow prints its events until it ends. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "client/bus/daemon-bus.h"
#include "client/bus/sessions.h"
#include "client/bus/unit-start.h"
#include "client/commands/command.h"
#include "client/commands/start-options.h"
#include "client/print/follow-stream.h"
#include "client/text/session-totals.h"

/* The answer of StopSession: the final totals. */
struct stopping {
	bool answered;
	int error; /* negative errno, with `reason` */
	char *reason;
	struct session_totals totals;
};

static void stopping_clear(struct stopping *stopping)
{
	g_clear_pointer(&stopping->reason, g_free);
	session_totals_clear(&stopping->totals);
}

static int start_session(
	sd_bus *bus, const struct start_options *options, char **ret_object, char **ret_reason)
{
	auto_bus_message *call = NULL;
	auto_bus_message *reply = NULL;
	const char *object;
	int r;

	r = bus_call_new(bus, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, "StartSession", &call);
	if (r >= 0)
		r = start_options_append(options, call);
	r = bus_call_send(bus, call, r, &reply, ret_reason);
	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "o", &object);
	if (r < 0)
		return bus_unreadable(r, ret_reason);
	*ret_object = g_strdup(object);
	return 0;
}

/* Starts a session, and the daemon first if it is not running. */
static int begin_session(
	sd_bus **ret_bus, const struct start_options *options, char **ret_object, char **ret_reason)
{
	g_autofree char *absence = NULL;
	int r = bus_connect(ret_bus, ret_reason);

	if (r < 0)
		return r;
	r = start_session(*ret_bus, options, ret_object, &absence);
	if (r != -ENXIO) {
		*ret_reason = g_steal_pointer(&absence);
		return r;
	}
	r = unit_start(absence, ret_reason);
	if (r < 0)
		return r;
	bus_unref(ret_bus);
	r = bus_connect(ret_bus, ret_reason);
	return r < 0 ? r : start_session(*ret_bus, options, ret_object, ret_reason);
}

static int print_started(const char *object)
{
	auto_output output = { 0 };
	uint64_t id;
	int status;

	if (session_object_id(object, &id) < 0)
		return command_failed("nfttraced answered with an object that is no session");
	output_open(&output, STDOUT_FILENO);
	output_number(&output, id);
	output_char(&output, '\n');
	status = command_finish(&output, EXIT_DONE);
	if (status == EXIT_DONE && isatty(STDOUT_FILENO) && isatty(STDERR_FILENO))
		fprintf(stderr,
			"Recording: 'nfttracectl show %" PRIu64
			"' prints the events, 'nfttracectl stop %" PRIu64 "' stops the session.\n",
			id, id);
	return status;
}

static int stop_answered(sd_bus_message *reply, void *context, sd_bus_error *error)
{
	struct stopping *stopping = context;
	int r;

	stopping->answered = true;
	if (sd_bus_message_is_method_error(reply, NULL)) {
		stopping->error = bus_failure(sd_bus_message_get_error(reply), &stopping->reason);
		return 0;
	}
	r = session_totals_read(reply, &stopping->totals);
	if (r < 0)
		stopping->error = bus_unreadable(r, &stopping->reason);
	return 0;
}

/* Calls StopSession without waiting: the last events are still to be read. */
static int stop_begin(sd_bus *bus, const char *object, struct stopping *stopping)
{
	auto_bus_message *call = NULL;
	int r;

	r = bus_call_new(bus, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, "StopSession", &call);
	if (r >= 0)
		r = sd_bus_message_append(call, "o", object);
	if (r >= 0)
		r = sd_bus_call_async(bus, NULL, call, stop_answered, stopping, BUS_TIMEOUT_USEC);
	return r;
}

static int stop_wait(sd_bus *bus, struct stopping *stopping)
{
	while (!stopping->answered) {
		int r = sd_bus_process(bus, NULL);

		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
		if (r < 0)
			return r;
	}
	return stopping->error;
}

/* The totals of a session that ended by itself (a limit, a time) are in the stream. */
static int finish_follow(
	sd_bus *bus, struct stopping *stopping, struct renderer *renderer, bool json)
{
	int r;

	if (renderer->ended)
		return renderer->incomplete ? EXIT_LOST : EXIT_DONE;
	r = stop_wait(bus, stopping);
	if (r < 0)
		return command_failed(stopping->reason
				? stopping->reason
				: "nfttraced went away: the session is over");
	/* As JSON the totals are the journal's last line, or missing with it. */
	if (!json) {
		if (renderer->started)
			output_char(renderer->output, '\n');
		session_totals_text(renderer->output, &stopping->totals);
		output_flush(renderer->output);
	}
	return stopping->totals.totals.lost > 0 ? EXIT_LOST : EXIT_DONE;
}

/* Prints events until the session ends. The first signal stops it; the second one ends the client,
 * and so the session. */
static int follow_to_end(sd_bus *bus, const char *object, struct follow_stream *stream,
	struct renderer *renderer, bool json)
{
	__attribute__((cleanup(stopping_clear))) struct stopping stopping = { 0 };
	g_autofree char *reason = NULL;
	int end = follow_stream_run(stream, renderer, NULL);
	int r;

	if (end == FOLLOW_STREAM_ENDED)
		return finish_follow(bus, &stopping, renderer, json);
	if (end == FOLLOW_STREAM_LOST)
		return command_failed(stream->reason);
	if (stream->away)
		return command_failed("interrupted while nfttraced was away: "
				      "it stops the session by itself when it is back");
	stream->final = true;
	r = stop_begin(bus, object, &stopping);
	if (r >= 0 && end == FOLLOW_STREAM_INTERRUPTED)
		end = follow_stream_run(stream, renderer, bus);
	if (r >= 0 && end >= 0 && end != FOLLOW_STREAM_INTERRUPTED)
		return finish_follow(bus, &stopping, renderer, json);
	if (end == FOLLOW_STREAM_INTERRUPTED)
		return command_failed("interrupted: nfttraced stops the session by itself");
	reason = follow_stream_failure(stream, r < 0 ? r : end);
	return command_failed(reason);
}

static int start_and_follow(const struct start_options *options)
{
	auto_stream stream = FOLLOW_STREAM_CLOSED;
	g_autofree char *object = NULL;
	g_autofree char *reason = NULL;
	auto_output output = { 0 };
	auto_renderer *renderer = NULL;
	auto_bus *bus = NULL;

	/* Before the session starts, so that no Ctrl-C is missed. */
	if (follow_stream_catch_signals(&stream) < 0)
		return command_failed("signals can't be caught");
	if (begin_session(&bus, options, &object, &reason) < 0 ||
		follow_stream_open(&stream, bus, object, true, &reason) < 0)
		return command_failed(reason);
	output_open(&output, STDOUT_FILENO);
	renderer = follow_stream_renderer_new(&stream, &output, &options->form);
	return follow_to_end(bus, object, &stream, renderer, options->form.json);
}

int command_start(const struct command *command, int argc, char **argv)
{
	auto_start_options options = { 0 };
	g_autofree char *object = NULL;
	g_autofree char *reason = NULL;
	auto_bus *bus = NULL;
	int status = start_options_parse(&options, command, argc, argv);

	if (status != EXIT_DONE)
		return status;
	if (options.follow)
		return start_and_follow(&options);
	if (begin_session(&bus, &options, &object, &reason) < 0)
		return command_failed(reason);
	return print_started(object);
}
