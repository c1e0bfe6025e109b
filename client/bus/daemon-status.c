/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's state and health; see daemon-status.h. */
#include "client/bus/daemon-status.h"

#include <errno.h>
#include <stddef.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "client/bus/bus-dict.h"
#include "client/bus/daemon-bus.h"
#include "client/bus/hidden.h"
#include "client/bus/remote.h"
#include "client/bus/sessions.h"
#include "journal/base/amounts.h"
#include "journal/base/escape.h"
#include "journal/base/feature.h"

#define ABSENT "nfttraced is not running: "

static const struct bus_dict_field fields[] = {
	{ "Version", BUS_DICT_STRING, offsetof(struct status, version) },
	{ "State", BUS_DICT_STRING, offsetof(struct status, state) },
	{ "Problem", BUS_DICT_STRING, offsetof(struct status, problem) },
	{ "AttachMode", BUS_DICT_STRING, offsetof(struct status, attach) },
	{ "Armed", BUS_DICT_BOOLEAN, offsetof(struct status, armed) },
	{ "RingSize", BUS_DICT_NUMBER, offsetof(struct status, ring_size) },
	{ "Calls", BUS_DICT_NUMBER, offsetof(struct status, calls) },
	{ "Missed", BUS_DICT_NUMBER, offsetof(struct status, missed) },
	{ "Features", BUS_DICT_PAIRS, offsetof(struct status, features) },
	{ "Advice", BUS_DICT_PAIRS, offsetof(struct status, advice) },
	{ "Counters", BUS_DICT_PAIRS, offsetof(struct status, counters) },
	{ "Memory", BUS_DICT_PAIRS, offsetof(struct status, memory) },
};

const char *health_name(enum health health)
{
	switch (health) {
	case HEALTH_GOOD:
		return "healthy";
	case HEALTH_DEGRADED:
		return "degraded";
	case HEALTH_FAILED:
		return "failed";
	case HEALTH_ABSENT:
		return "not running";
	}
	return "";
}

void status_clear(struct status *status)
{
	g_free(status->version);
	g_free(status->state);
	g_free(status->problem);
	g_free(status->attach);
	g_strfreev(status->features);
	g_strfreev(status->advice);
	g_strfreev(status->counters);
	g_strfreev(status->memory);
	g_clear_pointer(&status->sessions, g_ptr_array_unref);
	g_free(status->refusal);
	g_free(status->summary);
}

const char *status_advice(const struct status *status, const char *feature)
{
	for (size_t i = 0; status->advice && status->advice[i] && status->advice[i + 1]; i += 2) {
		if (g_str_equal(status->advice[i], feature))
			return status->advice[i + 1];
	}
	return NULL;
}

/* The sum of the sessions. */
struct sum {
	uint64_t since; /* us, CLOCK_REALTIME; 0: no session */
	uint64_t lost, waiting;
	const struct session *loser, *stalled; /* one of them */
};

static struct sum sum_sessions(const GPtrArray *sessions)
{
	struct sum sum = { 0 };

	for (unsigned int i = 0; sessions && i < sessions->len; i++) {
		const struct session *session = g_ptr_array_index(sessions, i);

		if (session->started && (!sum.since || session->started < sum.since))
			sum.since = session->started;
		sum.lost += session->lost;
		if (session->lost)
			sum.loser = session;
		if (g_str_equal(session->state, "stalled"))
			sum.stalled = session;
		sum.waiting += g_str_equal(session->state, "waiting");
	}
	return sum;
}

static char *summary_healthy(const struct status *status, const struct sum *sum)
{
	g_autoptr(GString) text = g_string_new(NULL);
	unsigned int count = status->sessions ? status->sessions->len : 0;
	g_autoptr(GDateTime) since =
		g_date_time_new_from_unix_local((gint64)(sum->since / G_USEC_PER_SEC));
	g_autofree char *when = since ? g_date_time_format(since, "%Y-%m-%d %H:%M:%S") : NULL;
	char amount[AMOUNT_SIZE];

	if (!status->sessions)
		g_string_append(text, "you may not list its sessions");
	else if (count == 0 && status->hidden == 0)
		g_string_append(text, "no sessions");
	else if (count == 0)
		g_string_append(text, "no sessions that you may see");
	else
		g_string_append(text, amount_count(count, "session", amount));
	if (sum->since && when)
		g_string_append_printf(text, ", recording since %s", when);
	if (count)
		g_string_append(text, ", nothing lost");
	if (status->sessions && status->hidden > 0 && status->hidden != HIDDEN_UNKNOWN)
		g_string_append_printf(text, ", %s of other users not shown",
			amount_count(status->hidden, "session", amount));
	if (status->missed && status->missed != STATUS_UNKNOWN)
		g_string_append_printf(text, ", %s skipped by the kernel itself",
			amount_count(status->missed, "call", amount));
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Why a session's journal can't be written, and the remedy. */
static char *stalled_text(const struct session *session)
{
	g_autofree char *reason = *session->disk_error
		? g_strdup_printf("stored (%s)", session->disk_error)
		: g_strdup("written");

	return g_strdup_printf("the journal of session %" G_GUINT64_FORMAT
			       " can't be %s: %s the disk of %s",
		session->id, reason,
		g_str_equal(session->disk_error, g_strerror(EIO)) ? "check" : "free space on",
		session->path);
}

/* Sets health and summary from the rest, worst first. */
static void judge_health(struct status *status)
{
	const struct sum sum = sum_sessions(status->sessions);
	bool waiting = g_strcmp0(status->state, "waiting") == 0;
	bool problem = status->problem && *status->problem;

	status->health = HEALTH_DEGRADED;
	if (g_strcmp0(status->state, "failed") == 0) {
		status->health = HEALTH_FAILED;
		status->summary = g_strdup(problem ? status->problem : "no reason given");
	} else if (sum.stalled) {
		status->summary = stalled_text(sum.stalled);
	} else if (problem && (!waiting || sum.waiting)) {
		status->summary = g_strdup(status->problem);
	} else if (sum.lost) {
		status->summary = g_strdup_printf(
			"%" G_GUINT64_FORMAT " events lost: 'nfttracectl stats %" G_GUINT64_FORMAT
			"' says when and why; a larger RingSize= or JournalSize= helps",
			sum.lost, sum.loser->id);
	} else {
		status->health = HEALTH_GOOD;
		/* Without nf_tables no packet meets a rule: this is healthy. */
		status->summary = waiting && problem ? g_strdup(status->problem)
						     : summary_healthy(status, &sum);
	}
}

static int status_ask(sd_bus *bus, struct status *status, char **ret_reason)
{
	auto_bus_message *reply = NULL;
	int r = bus_properties(bus, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, &reply, ret_reason);

	if (r < 0)
		return r;
	r = bus_dict_read(reply, fields, G_N_ELEMENTS(fields), status);
	return r < 0 ? bus_unreadable(r, ret_reason) : 0;
}

char *status_trouble(sd_bus *bus)
{
	g_autofree char *reason = NULL, *problem = NULL;
	auto_status status = { 0 };

	if (status_ask(bus, &status, &reason) < 0)
		return NULL;
	if (!status.problem || !*status.problem)
		return NULL;
	problem = text_sentence_dup(status.problem);
	return g_strdup_printf("nfttraced is %s: %s", status.state ? status.state : "?", problem);
}

int status_read(sd_bus *bus, struct status *status, char **ret_reason)
{
	int r = status_ask(bus, status, ret_reason);

	if (r < 0)
		return r;
	/* A caller that may not list sessions gets the rest, and the refusal. */
	status->hidden = HIDDEN_UNKNOWN;
	if (session_list(bus, &status->sessions, &status->refusal) >= 0)
		status->hidden = hidden_read(bus).sessions;
	judge_health(status);
	return 0;
}

void status_read_local(struct status *status, const char *reason)
{
	g_autoptr(GStrvBuilder) values = g_strv_builder_new();
	g_autoptr(GStrvBuilder) advice = g_strv_builder_new();
	g_autoptr(GArray) features = features_new();
	struct utsname system;

	status->health = HEALTH_ABSENT;
	/* The name of the health, which is printed before it, says so already. */
	status->summary =
		g_strdup(g_str_has_prefix(reason, ABSENT) ? reason + strlen(ABSENT) : reason);
	/* The features of another host are known to its daemon only. */
	if (remote_host())
		return;
	features_add(
		features, "kernel", FEATURE_TEXT, uname(&system) < 0 ? "?" : system.release, NULL);
	features_add_kernel(features, "");
	features_add_module(features, "");
	for (unsigned int i = 0; i < features->len; i++) {
		const struct feature *feature = &g_array_index(features, struct feature, i);

		g_strv_builder_add_many(values, feature->name, feature_value(feature), NULL);
		if (feature->advice)
			g_strv_builder_add_many(advice, feature->name, feature->advice, NULL);
	}
	status->features = g_strv_builder_end(values);
	status->advice = g_strv_builder_end(advice);
}
