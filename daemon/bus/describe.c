/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Totals and descriptions of sessions, as a{sv}. */
#include "daemon/bus/bus-private.h"
#include "journal/format/section-names.h"

/* Opens an entry of an a{sv} whose value is of the container type `type`. */
static int open_entry(sd_bus_message *reply, const char *key, const char *type)
{
	int r = sd_bus_message_open_container(reply, 'e', "sv");

	if (r >= 0)
		r = sd_bus_message_append(reply, "s", key);
	return r < 0 ? r : sd_bus_message_open_container(reply, 'v', type);
}

static int close_entry(sd_bus_message *reply)
{
	int r = sd_bus_message_close_container(reply);

	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_losses(sd_bus_message *reply, const struct dictionary_totals *totals)
{
	int r = open_entry(reply, "LostBy", "a{st}");

	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "{st}");
	for (unsigned int i = 0; r >= 0 && i < LOSS_REASONS; i++) {
		if (totals->lost_by[i])
			r = sd_bus_message_append(
				reply, "{st}", loss_reason_name(i), totals->lost_by[i]);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : close_entry(reply);
}

static int append_totals(sd_bus_message *reply, const struct session *session,
	const struct dictionary_totals *totals)
{
	int r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "Id", "t",
		session->id, "Name", "s", session->options.name, "Path", "s", session->path,
		"Matched", "t", totals->matched, "Journaled", "t", totals->journaled, "Lost", "t",
		totals->lost, "Suppressed", "t", totals->suppressed, "Pending", "t",
		totals->pending);

	if (r >= 0)
		r = sd_bus_message_append(reply, "{sv}{sv}{sv}", "Synced", "t",
			session->stored.synced, "Unsynced", "t", session->stored.unsynced,
			"DiskError", "s",
			session->stored.error ? g_strerror(-session->stored.error) : "");
	return r < 0 ? r : append_losses(reply, totals);
}

int bus_append_final_totals(sd_bus_message *reply, const struct session *session,
	const struct dictionary_totals *totals)
{
	int r = sd_bus_message_open_container(reply, 'a', "{sv}");

	if (r >= 0)
		r = append_totals(reply, session, totals);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_names(sd_bus_message *reply, const char *key, char **names)
{
	int r = open_entry(reply, key, "as");

	if (r >= 0)
		r = sd_bus_message_append_strv(reply, names);
	return r < 0 ? r : close_entry(reply);
}

/* Each as "type:symbol", and "/stack" if its events have a stack. */
static char **probes_names(const struct session_options *options)
{
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();

	for (unsigned int i = 0; i < options->probes->len; i++) {
		g_autofree char *text =
			probe_spec_text(&g_array_index(options->probes, struct probe_spec, i));

		g_strv_builder_add(names, text);
	}
	return g_strv_builder_end(names);
}

int bus_append_description(sd_bus_message *reply, struct bus *bus, struct session *session)
{
	const struct session_options *options = &session->options;
	g_auto(GStrv) verdicts = verdicts_names(options->verdicts);
	g_auto(GStrv) sections = section_names(options->sections);
	g_auto(GStrv) probes = probes_names(options);
	int r = sd_bus_message_open_container(reply, 'a', "{sv}");

	if (r >= 0)
		r = sd_bus_message_append(reply,
			"{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "Owner", "u",
			(uint32_t)session->owner, "Filter", "s", options->filter, "Track", "b",
			(int)options->track, "Stack", "b", (int)options->stack, "BindToCaller", "b",
			(int)options->bind_to_caller, "Limit", "t", options->limit, "Duration", "t",
			options->duration, "Rate", "t", options->rate, "Burst", "t", options->burst,
			"Boot", "b", (int)options->configured, "Size", "t", options->size, "State",
			"s", session_state_name(session->state), "Started", "t", session->started);
	if (r >= 0)
		r = append_names(reply, "Verdicts", verdicts);
	if (r >= 0)
		r = append_names(reply, "Sections", sections);
	if (r >= 0)
		r = append_names(reply, "Probes", probes);
	if (r >= 0)
		r = append_totals(reply, session, bus_session_totals(bus, session));
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

const struct dictionary_totals *bus_session_totals(struct bus *bus, struct session *session)
{
	uint64_t iteration = 0;

	/* GetAll reads the properties one by one, and their sum must balance. */
	if (sd_event_get_iteration(bus->event, &iteration) < 0 ||
		session->totals_iteration != iteration + 1) {
		/* Before the totals, because it must not exceed them. */
		engine_stored(manager_engine(bus->manager), session->bit, &session->stored);
		engine_totals(manager_engine(bus->manager), session->bit, &session->totals);
		session->totals_iteration = iteration + 1;
	}
	return &session->totals;
}
