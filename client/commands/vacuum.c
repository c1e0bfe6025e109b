/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl vacuum: removes the oldest journals of ended sessions until the rest keeps within
 * limits. */
#include <unistd.h>

#include "client/bus/daemon-bus.h"
#include "client/commands/command.h"
#include "client/terminal/table.h"
#include "client/terminal/terminal.h"
#include "journal/base/amounts.h"

struct vacuum {
	char *size_option, *age_option, *sessions_option;
	uint64_t size, age, sessions;
	gboolean dry_run, all, force, yes;
};

static void vacuum_clear(struct vacuum *vacuum)
{
	g_free(vacuum->size_option);
	g_free(vacuum->age_option);
	g_free(vacuum->sessions_option);
}

#define SIZE_PLAIN (1 << 20) /* bytes: below it a unit was probably forgotten */

/* Limits that keep almost nothing need --force. */
static const char *vacuum_check_force(const struct vacuum *vacuum)
{
	if (vacuum->force || vacuum->dry_run)
		return NULL;
	if (vacuum->size_option && vacuum->size < SIZE_PLAIN)
		return "--size takes bytes, or K, M, G or T: a size below 1M needs --force, and "
		       "--all removes the journals of all ended sessions";
	if ((vacuum->age_option && vacuum->age == 0) ||
		(vacuum->sessions_option && vacuum->sessions == 0))
		return "a limit of 0 keeps nothing: it needs --force, or say --all";
	return NULL;
}

/* NULL, or a sentence on what is invalid. */
static const char *vacuum_parse(struct vacuum *vacuum)
{
	if (vacuum->size_option && parse_size(vacuum->size_option, &vacuum->size) < 0)
		return "--size takes a size, such as 64M or 1G";
	if (vacuum->age_option && parse_duration(vacuum->age_option, &vacuum->age) < 0)
		return "--age takes a time, such as 12h or 7d";
	if (vacuum->sessions_option && parse_count(vacuum->sessions_option, &vacuum->sessions) < 0)
		return "--sessions takes a number of sessions";
	if (vacuum->all && (vacuum->size_option || vacuum->age_option || vacuum->sessions_option))
		return "--all keeps nothing: it takes no --size, --age or --sessions";
	if (!vacuum->all && !vacuum->size_option && !vacuum->age_option && !vacuum->sessions_option)
		return "say what to keep: --size, --age or --sessions (or --all to remove all)";
	return vacuum_check_force(vacuum);
}

static int append_limit(sd_bus_message *call, const char *key, const char *option, uint64_t value)
{
	return option ? sd_bus_message_append(call, "{sv}", key, "t", value) : 0;
}

static int vacuum_append(sd_bus_message *call, const struct vacuum *vacuum, bool dry_run)
{
	int r = sd_bus_message_open_container(call, SD_BUS_TYPE_ARRAY, "{sv}");

	if (r >= 0)
		r = append_limit(call, "Size", vacuum->size_option, vacuum->size);
	if (r >= 0)
		r = append_limit(call, "Age", vacuum->age_option, vacuum->age);
	if (r >= 0)
		r = append_limit(call, "Sessions", vacuum->sessions_option, vacuum->sessions);
	if (r >= 0 && vacuum->all)
		r = sd_bus_message_append(call, "{sv}", "Sessions", "t", (uint64_t)0);
	if (r >= 0 && dry_run)
		r = sd_bus_message_append(call, "{sv}", "DryRun", "b", 1);
	return r < 0 ? r : sd_bus_message_close_container(call);
}

static int read_journals(sd_bus_message *reply, struct table *table, unsigned int *ret_count)
{
	const char *name;
	uint64_t id, bytes;
	int r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "(tst)");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_read(reply, "(tst)", &id, &name, &bytes)) > 0) {
		char size[AMOUNT_SIZE];

		table_number(table, id);
		table_text(table, *name ? name : "-");
		table_text(table, amount_bytes(bytes, size));
		++*ret_count;
	}
	return r < 0 ? r : sd_bus_message_exit_container(reply);
}

/* Prints the journals that were or would be removed, and the sum. */
static int print_reply(
	sd_bus_message *reply, bool dry_run, unsigned int *ret_count, char **ret_reason)
{
	static const struct table_column columns[] = { { "ID", TABLE_RIGHT },
		{ "NAME", TABLE_LEFT }, { "SIZE", TABLE_RIGHT } };
	struct table *table = table_new(columns, G_N_ELEMENTS(columns));
	char journals[AMOUNT_SIZE], size[AMOUNT_SIZE];
	auto_output output = { 0 };
	unsigned int count = 0;
	uint64_t bytes = 0;
	int r = read_journals(reply, table, &count);

	if (r >= 0)
		r = sd_bus_message_read(reply, "t", &bytes);
	output_open(&output, STDOUT_FILENO);
	if (r >= 0 && count > 0)
		table_print(table, &output);
	table_free(table);
	if (r < 0) {
		bus_unreadable(r, ret_reason);
		return EXIT_FAILED;
	}
	*ret_count = count;
	output_text(&output, dry_run ? "would remove " : "removed ");
	output_text(&output, amount_count(count, "journal", journals));
	output_text(&output, dry_run ? ": would free " : ": freed ");
	output_text(&output, amount_bytes(bytes, size));
	output_char(&output, '\n');
	return command_finish(&output, EXIT_DONE);
}

static int vacuum_call(
	sd_bus *bus, const struct vacuum *vacuum, bool dry_run, unsigned int *ret_count)
{
	auto_bus_message *call = NULL;
	auto_bus_message *reply = NULL;
	g_autofree char *reason = NULL;
	int status = EXIT_FAILED;
	int r = bus_call_new(bus, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, "Vacuum", &call);

	if (r >= 0)
		r = vacuum_append(call, vacuum, dry_run);
	r = bus_call_send(bus, call, r, &reply, &reason);
	if (r >= 0)
		status = print_reply(reply, dry_run, ret_count, &reason);
	return reason ? command_failed(reason) : status;
}

/* At a terminal the journals are listed first, and removed after a question. */
static int vacuum_run(const struct vacuum *vacuum)
{
	bool asks = !vacuum->dry_run && !vacuum->yes && isatty(STDIN_FILENO);
	g_autofree char *reason = NULL;
	unsigned int count = 0;
	auto_bus *bus = NULL;
	int status;

	if (bus_connect(&bus, &reason) < 0)
		return command_failed(reason);
	if (asks) {
		status = vacuum_call(bus, vacuum, true, &count);
		if (status != EXIT_DONE || count == 0)
			return status;
		if (!terminal_agrees("Remove them?"))
			return command_failed("nothing was removed");
	}
	return vacuum_call(bus, vacuum, vacuum->dry_run, &count);
}

int command_vacuum(const struct command *command, int argc, char **argv)
{
	__attribute__((cleanup(vacuum_clear))) struct vacuum vacuum = { 0 };
	const GOptionEntry entries[] = {
		{ "size", 0, 0, G_OPTION_ARG_FILENAME, &vacuum.size_option,
			"Keep at most this many bytes in all (64M, 1G)", "SIZE" },
		{ "age", 0, 0, G_OPTION_ARG_FILENAME, &vacuum.age_option,
			"Keep sessions that ended at most this long ago (12h, 7d)", "TIME" },
		{ "sessions", 0, 0, G_OPTION_ARG_FILENAME, &vacuum.sessions_option,
			"Keep at most N sessions", "N" },
		{ "all", 0, 0, G_OPTION_ARG_NONE, &vacuum.all,
			"Remove the journals of all ended sessions", NULL },
		{ "force", 0, 0, G_OPTION_ARG_NONE, &vacuum.force,
			"Accept a size below 1M, and limits of 0", NULL },
		{ "yes", 'y', 0, G_OPTION_ARG_NONE, &vacuum.yes,
			"Do not ask at a terminal before removing", NULL },
		{ "dry-run", 'n', 0, G_OPTION_ARG_NONE, &vacuum.dry_run,
			"Print what would be removed, and remove nothing", NULL },
		{ 0 },
	};
	const char *wrong;

	if (!command_options(command, entries, argc, argv))
		return EXIT_USAGE;
	wrong = vacuum_parse(&vacuum);
	return wrong ? command_usage(command, "%s", wrong) : vacuum_run(&vacuum);
}
