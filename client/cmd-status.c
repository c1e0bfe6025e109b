/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl status: the daemon's state, what it does about it, and its counters. */
#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "bus.h"
#include "command.h"
#include "journal/output.h"
#include "session.h"
#include "variant.h"

#define COUNT_UNKNOWN UINT64_MAX /* the kernel does not tell */
#define LABEL_WIDTH   14

/* The manager's properties; strings are NULL where it did not tell. */
struct status {
	char *version, *state, *problem, *attach;
	bool armed;
	uint64_t ring_size, calls, missed;
	char **features, **counters;
};

static const struct variant_field fields[] = {
	{ "Version", VARIANT_STRING, offsetof(struct status, version) },
	{ "State", VARIANT_STRING, offsetof(struct status, state) },
	{ "Problem", VARIANT_STRING, offsetof(struct status, problem) },
	{ "AttachMode", VARIANT_STRING, offsetof(struct status, attach) },
	{ "Armed", VARIANT_BOOLEAN, offsetof(struct status, armed) },
	{ "RingSize", VARIANT_NUMBER, offsetof(struct status, ring_size) },
	{ "Calls", VARIANT_NUMBER, offsetof(struct status, calls) },
	{ "Missed", VARIANT_NUMBER, offsetof(struct status, missed) },
	{ "Features", VARIANT_PAIRS, offsetof(struct status, features) },
	{ "Counters", VARIANT_PAIRS, offsetof(struct status, counters) },
};

static void status_clear(struct status *status)
{
	g_free(status->version);
	g_free(status->state);
	g_free(status->problem);
	g_free(status->attach);
	g_strfreev(status->features);
	g_strfreev(status->counters);
}

static void label(struct output *output, const char *name)
{
	size_t length = strlen(name);

	output_text(output, "  ");
	output_escaped(output, name, length);
	for (size_t i = length; i < LABEL_WIDTH; i++)
		output_char(output, ' ');
	output_char(output, ' ');
}

static void text_line(struct output *output, const char *name, const char *value)
{
	label(output, name);
	output_escaped(output, value, strlen(value));
	output_char(output, '\n');
}

static void number_line(struct output *output, const char *name, uint64_t value)
{
	label(output, name);
	if (value == COUNT_UNKNOWN)
		output_text(output, "unknown: this kernel does not tell");
	else
		output_number(output, value);
	output_char(output, '\n');
}

/* Names and values in turn. */
static void pair_lines(struct output *output, char *const *pairs)
{
	for (size_t i = 0; pairs && pairs[i] && pairs[i + 1]; i += 2)
		text_line(output, pairs[i], pairs[i + 1]);
}

static void size_line(struct output *output, const char *name, uint64_t bytes)
{
	g_autofree char *size = g_format_size_full(bytes, G_FORMAT_SIZE_IEC_UNITS);

	text_line(output, name, size);
}

static void status_text(struct output *output, const struct status *status)
{
	output_text(output, "nfttraced ");
	output_text(output, status->version ? status->version : "?");
	output_text(output, ": ");
	output_text(output, status->state ? status->state : "?");
	output_char(output, '\n');
	if (status->problem && *status->problem)
		text_line(output, "problem", status->problem);
	text_line(output, "attach", status->attach && *status->attach ? status->attach : "-");
	text_line(output, "armed", status->armed ? "yes" : "no");
	size_line(output, "ring", status->ring_size);
	pair_lines(output, status->features);
	number_line(output, "calls", status->calls);
	number_line(output, "missed", status->missed);
	pair_lines(output, status->counters);
}

/* Who may not list sessions is told that, and the rest. */
static void sessions_text(struct output *output, sd_bus *bus)
{
	g_autoptr(GPtrArray) sessions = NULL;
	g_autofree char *reason = NULL;

	if (session_list(bus, &sessions, &reason) < 0)
		text_line(output, "sessions", reason);
	else
		number_line(output, "sessions", sessions->len);
}

static int status_read(sd_bus *bus, struct status *status, char **ret_reason)
{
	auto_bus_message *reply = NULL;
	int r;

	r = bus_properties(bus, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, &reply, ret_reason);
	if (r < 0)
		return r;
	r = variant_read(reply, fields, G_N_ELEMENTS(fields), status);
	return r < 0 ? bus_unreadable(r, ret_reason) : 0;
}

int command_status(const struct command *command, int argc, char **argv)
{
	__attribute__((cleanup(status_clear))) struct status status = { 0 };
	const GOptionEntry entries[] = { { 0 } };
	g_autofree char *reason = NULL;
	auto_output output = { 0 };
	auto_bus *bus = NULL;

	if (!command_options(command, entries, argc, argv))
		return EXIT_USAGE;
	if (bus_connect(&bus, &reason) < 0 || status_read(bus, &status, &reason) < 0)
		return command_failed(reason);
	output_open(&output, STDOUT_FILENO);
	status_text(&output, &status);
	sessions_text(&output, bus);
	return command_finish(
		&output, g_strcmp0(status.state, "failed") == 0 ? EXIT_FAILED : EXIT_DONE);
}
