/* SPDX-License-Identifier: GPL-2.0-or-later */
/* StartUnit of org.freedesktop.systemd1; see unit-start.h. */
#include "client/bus/unit-start.h"

#include <errno.h>

#include "client/bus/daemon-bus.h"
#include "client/bus/daemon-wait.h"
#include "client/bus/polkit-agent.h"
#include "journal/base/escape.h"

#define SYSTEMD_NAME      "org.freedesktop.systemd1"
#define SYSTEMD_PATH      "/org/freedesktop/systemd1"
#define SYSTEMD_INTERFACE "org.freedesktop.systemd1.Manager"
#define UNIT              "nfttraced.service"

/* How long a start may take, and then the bus: longer than the unit's own limit. */
#define START_SEC 60

struct start {
	sd_bus *bus;
	const char *job; /* borrowed from the reply; NULL: not known yet */
	char *result; /* of the job; NULL: not finished */
};

static void start_clear(struct start *start)
{
	g_free(start->result);
	sd_bus_flush_close_unref(start->bus);
}

static int on_job_removed(sd_bus_message *message, void *context, sd_bus_error *error)
{
	struct start *start = context;
	const char *job, *unit, *result;
	uint32_t id;

	if (sd_bus_message_read(message, "uoss", &id, &job, &unit, &result) >= 0 && start->job &&
		g_str_equal(job, start->job) && !start->result)
		start->result = g_strdup(result);
	return 0;
}

static int start_refused(const sd_bus_error *error, const char *absence, char **ret_reason)
{
	const char *name = error->name ? error->name : "";
	g_autofree char *said = text_sentence_dup(error->message ? error->message : name);

	/* There is no systemd. */
	if (g_str_equal(name, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
		g_str_equal(name, SD_BUS_ERROR_NAME_HAS_NO_OWNER)) {
		*ret_reason = g_strdup(absence);
		return -ENXIO;
	}
	if (g_str_equal(name, SD_BUS_ERROR_ACCESS_DENIED) ||
		g_str_equal(name, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED)) {
		*ret_reason = g_strdup("nfttraced is not running, and starting it needs root: "
				       "'systemctl start nfttraced'");
		return -EACCES;
	}
	*ret_reason =
		g_strdup_printf("nfttraced is not running and systemd did not start it: %s", said);
	return -ENXIO;
}

/* Asks for the start; polkit may ask for a password. */
static int ask_start(
	struct start *start, sd_bus_message **ret, const char *absence, char **ret_reason)
{
	auto_bus_error error = SD_BUS_ERROR_NULL;
	auto_bus_message *call = NULL;
	int r = sd_bus_message_new_method_call(
		start->bus, &call, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_INTERFACE, "StartUnit");

	if (r >= 0 && agent_may_ask()) {
		agent_start();
		r = sd_bus_message_set_allow_interactive_authorization(call, true);
	}
	if (r >= 0)
		r = sd_bus_message_set_auto_start(call, false);
	if (r >= 0)
		r = sd_bus_message_append(call, "ss", UNIT, "replace");
	if (r >= 0)
		r = sd_bus_call(start->bus, call, BUS_TIMEOUT_USEC, &error, ret);
	if (r < 0)
		return start_refused(&error, absence, ret_reason);
	return sd_bus_message_read(*ret, "o", &start->job);
}

static int await_job(struct start *start)
{
	int64_t until = g_get_monotonic_time() + START_SEC * G_USEC_PER_SEC;

	while (!start->result) {
		int64_t left = until - g_get_monotonic_time();
		int r = sd_bus_process(start->bus, NULL);

		if (r == 0 && left > 0)
			r = sd_bus_wait(start->bus, (uint64_t)left);
		if (r < 0)
			return r;
		if (left <= 0)
			return -ETIMEDOUT;
	}
	return g_str_equal(start->result, "done") ? 0 : -EIO;
}

/* The start is over when it says so; its name may come later. */
static int await_name(sd_bus *bus)
{
	auto_daemon_wait wait = { 0 };

	daemon_wait_begin(&wait, bus);
	return daemon_wait_run(&wait, g_get_monotonic_time() + START_SEC * G_USEC_PER_SEC, -1,
		       -1) == DAEMON_PRESENT
		? 0
		: -ETIMEDOUT;
}

int unit_start(const char *absence, char **ret_reason)
{
	__attribute__((cleanup(start_clear))) struct start start = { 0 };
	auto_bus_message *reply = NULL;
	int r = bus_connect_later(&start.bus);

	/* systemd sends a job's result to its client; a match brings it here. */
	if (r >= 0)
		r = sd_bus_match_signal(start.bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH,
			SYSTEMD_INTERFACE, "JobRemoved", on_job_removed, &start);
	if (r >= 0)
		r = ask_start(&start, &reply, absence, ret_reason);
	if (r < 0) {
		if (!*ret_reason)
			*ret_reason = g_strdup(absence);
		return r;
	}
	r = await_job(&start);
	if (r >= 0)
		r = await_name(start.bus);
	if (r >= 0)
		return 0;
	*ret_reason = r == -ETIMEDOUT
		? g_strdup_printf("nfttraced did not start within %d s: "
				  "'systemctl status nfttraced' shows its state",
			  START_SEC)
		: g_strdup("nfttraced could not be started: 'journalctl -u nfttraced' says why");
	return -ENXIO;
}
