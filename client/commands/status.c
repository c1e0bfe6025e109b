/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl status: the health of the daemon, its counters, and the features of this kernel. */
#include <errno.h>
#include <unistd.h>

#include "client/bus/daemon-bus.h"
#include "client/bus/daemon-status.h"
#include "client/bus/polkit-agent.h"
#include "client/bus/remote.h"
#include "client/commands/command.h"
#include "client/report/configuration.h"

static int health_exit(enum health health)
{
	switch (health) {
	case HEALTH_GOOD:
		return EXIT_DONE;
	case HEALTH_DEGRADED:
		return EXIT_LOST;
	case HEALTH_FAILED:
		return EXIT_FAILED;
	case HEALTH_ABSENT:
		return EXIT_ABSENT;
	}
	return EXIT_FAILED;
}

/* Reads the status from the daemon, or from this machine if it is not running. Negative errno. */
static int status_gather(struct status *status, char **ret_reason)
{
	g_autofree char *reason = NULL;
	auto_bus *bus = NULL;
	int r = bus_connect(&bus, &reason);
	bool absent = r < 0 && !remote_host();

	if (r >= 0) {
		r = status_read(bus, status, &reason);
		absent = r == -ENXIO;
	}
	if (absent)
		status_read_local(status, reason);
	else if (r < 0)
		*ret_reason = g_steal_pointer(&reason);
	return absent ? 0 : r;
}

static int print_configuration(void)
{
	g_autofree char *reason = NULL;
	auto_output output = { 0 };
	auto_bus *bus = NULL;

	output_open(&output, STDOUT_FILENO);
	if (bus_connect(&bus, &reason) < 0 || configuration_print(bus, &output, &reason) < 0)
		return command_failed(reason);
	return command_finish(&output, EXIT_DONE);
}

int command_status(const struct command *command, int argc, char **argv)
{
	gboolean quiet = FALSE, json = FALSE, config = FALSE;
	const GOptionEntry entries[] = {
		{ "quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet,
			"Print nothing, only set the exit status", NULL },
		{ "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print one line of JSON", NULL },
		{ "config", 0, 0, G_OPTION_ARG_NONE, &config,
			"Print the configuration in force, and where each value comes from", NULL },
		{ 0 },
	};
	g_autofree char *reason = NULL;
	auto_output output = { 0 };
	auto_status status = { 0 };

	if (!command_options(command, entries, argc, argv))
		return EXIT_USAGE;
	if (quiet + json + config > 1)
		return command_usage(command, "give one of --quiet, --json and --config");
	if (config)
		return print_configuration();
	/* Facts that a user may not see are left out: no password is asked for. */
	agent_disable(NULL, NULL, NULL, NULL);
	if (status_gather(&status, &reason) < 0)
		return command_failed(reason);
	if (quiet)
		return health_exit(status.health);
	output_open(&output, STDOUT_FILENO);
	if (json)
		status_json(&output, &status);
	else
		status_text(&output, &status);
	return command_finish(&output, health_exit(status.health));
}
