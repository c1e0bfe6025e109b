/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl pcap: writes the packets in journals as a capture. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "client/bus/daemon-bus.h"
#include "client/bus/sessions.h"
#include "client/commands/command.h"
#include "client/commands/select-options.h"
#include "client/pcap/capture.h"
#include "client/print/follow-stream.h"
#include "client/read/journal-set.h"
#include "client/terminal/progress.h"
#include "journal/base/cleanup.h"
#include "journal/base/escape.h"

#define FILE_MODE 0600 /* packets may hold secrets */

struct pcap_options {
	char *target;
	gboolean follow, from_start;
	struct select_options select;
};

static void options_clear(struct pcap_options *options)
{
	g_clear_pointer(&options->target, g_free);
	select_options_clear(&options->select);
}

static int target_failed(const char *target, int error)
{
	g_autofree char *escaped = text_escape_dup(target);
	g_autofree char *reason =
		g_strdup_printf("%s can't be written: %s", escaped, g_strerror(-error));

	return command_failed(reason);
}

/* The descriptor to write to, or an exit status, negated. */
static int target_open(const char *target)
{
	int fd;

	if (!g_str_equal(target, "-")) {
		fd = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, FILE_MODE);
		return fd >= 0 ? fd : -target_failed(target, -errno);
	}
	if (isatty(STDOUT_FILENO))
		return -command_failed(
			"refusing to write a capture to a terminal: use -o FILE or a pipe");
	fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	return fd >= 0 ? fd : -target_failed("standard output", -errno);
}

/* Writes the rest, and prints how many events a capture can't hold; an exit status. */
static int finish_capture(
	const struct pcap_options *options, struct capture *capture, struct output *output)
{
	const char *target =
		g_str_equal(options->target, "-") ? "standard output" : options->target;
	uint64_t left_out;
	int r;

	capture_end(capture);
	r = output_flush(output);
	/* The reader of a pipe may stop reading. */
	if (r < 0 && r != -EPIPE)
		return target_failed(target, r);
	left_out = capture_skipped_count(capture);
	if (left_out > 0)
		fprintf(stderr, "%" PRIu64 " %s no packet and %s left out\n", left_out,
			left_out == 1 ? "event has" : "events have", left_out == 1 ? "is" : "are");
	return capture_incomplete(capture) ? EXIT_LOST : EXIT_DONE;
}

static int write_capture(
	const struct pcap_options *options, struct journal_set *journals, struct output *output)
{
	auto_capture *capture = capture_new(journals, output);
	struct journal_set_record record;
	g_autofree char *reason = NULL;
	int status, r = 0;

	journal_set_select(journals, options->select.filter, progress_terminal());
	while (output->error == 0 && (r = journal_set_next(journals, &record)) > 0)
		capture_take(capture, &record);
	journal_set_end_progress(journals);
	status = finish_capture(options, capture, output);
	if (r >= 0)
		return status;
	reason = journal_set_failure(options->select.sources, record.journal, r);
	return command_failed(reason);
}

static int pcap_recorded(const struct pcap_options *options)
{
	g_autofree char *reason = NULL;
	auto_journal_set *journals = NULL;
	auto_output output = { 0 };
	auto_fd fd = -1;

	/* Before the target is opened, which truncates it. */
	if (journal_set_open(options->select.sources, &journals, &reason) < 0)
		return command_failed(reason);
	fd = target_open(options->target);
	if (fd < 0)
		return -fd;
	output_open(&output, fd);
	return write_capture(options, journals, &output);
}

static void take_record(void *capture, const struct journal_set_record *record)
{
	capture_take(capture, record);
}

static int follow_session(
	const struct pcap_options *options, struct follow_stream *stream, struct output *output)
{
	auto_capture *capture = capture_new(stream->journals, output);
	const struct follow_stream_sink sink = {
		.take = take_record, .context = capture, .output = output
	};
	g_autofree char *reason = NULL;
	int end, status;

	stream->filter = options->select.filter;
	capture_use_await(capture, follow_stream_await_rule, stream);
	end = follow_stream_pour(stream, &sink, NULL);
	status = finish_capture(options, capture, output);
	reason = follow_stream_failure(stream, end);
	return reason ? command_failed(reason) : status;
}

static int pcap_follow(const struct pcap_options *options)
{
	auto_stream stream = FOLLOW_STREAM_CLOSED;
	g_autofree char *object = NULL;
	g_autofree char *reason = NULL;
	auto_output output = { 0 };
	auto_bus *bus = NULL;
	auto_fd fd = -1;

	if (follow_stream_catch_signals(&stream) < 0)
		return command_failed("signals can't be caught");
	fd = target_open(options->target);
	if (fd < 0)
		return -fd;
	if (bus_connect(&bus, &reason) < 0 ||
		session_find(bus, options->select.sources[0], &object, &reason) < 0 ||
		follow_stream_open(&stream, bus, object, options->from_start, &reason) < 0)
		return command_failed(reason);
	output_open(&output, fd);
	return follow_session(options, &stream, &output);
}

int command_pcap(const struct command *command, int argc, char **argv)
{
	__attribute__((cleanup(options_clear))) struct pcap_options options = { 0 };
	const GOptionEntry entries[] = {
		{ "output", 'o', 0, G_OPTION_ARG_FILENAME, &options.target,
			"The file to write, or - for standard output", "FILE" },
		{ "follow", 0, 0, G_OPTION_ARG_NONE, &options.follow,
			"Write packets of a running session as they are recorded", NULL },
		{ "from-start", 0, 0, G_OPTION_ARG_NONE, &options.from_start,
			"With --follow: start with the packets that exist already", NULL },
		SELECT_OPTIONS(options.select),
		SELECT_UTC_OPTION(options.select),
		{ 0 },
	};

	if (!command_options(command, entries, argc, argv))
		return EXIT_USAGE;
	if (select_options_resolve(&options.select, command) != EXIT_DONE)
		return EXIT_USAGE;
	if (!options.target)
		return command_usage(command, "name a file with -o, or - for standard output");
	if (options.follow && options.select.sources[1])
		return command_usage(command, "--follow takes one session");
	if (options.from_start && !options.follow)
		return command_usage(command, "--from-start goes with --follow");
	return options.follow ? pcap_follow(&options) : pcap_recorded(&options);
}
