/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The totals of a session; see session-totals.h. */
#include "client/text/session-totals.h"

#include <glib.h>
#include <stddef.h>

#include "client/bus/bus-dict.h"
#include "journal/base/amounts.h"

static const struct bus_dict_field fields[] = {
	{ "Id", BUS_DICT_NUMBER, offsetof(struct session_totals, id) },
	{ "Name", BUS_DICT_STRING, offsetof(struct session_totals, name) },
	{ "Path", BUS_DICT_STRING, offsetof(struct session_totals, path) },
	{ "Matched", BUS_DICT_NUMBER, offsetof(struct session_totals, totals.matched) },
	{ "Journaled", BUS_DICT_NUMBER, offsetof(struct session_totals, totals.journaled) },
	{ "Lost", BUS_DICT_NUMBER, offsetof(struct session_totals, totals.lost) },
	{ "Suppressed", BUS_DICT_NUMBER, offsetof(struct session_totals, totals.suppressed) },
	{ "Pending", BUS_DICT_NUMBER, offsetof(struct session_totals, totals.pending) },
	{ "Unsynced", BUS_DICT_NUMBER, offsetof(struct session_totals, unsynced) },
	{ "DiskError", BUS_DICT_STRING, offsetof(struct session_totals, disk_error) },
	{ "LostBy", BUS_DICT_LOSSES, offsetof(struct session_totals, totals.lost_by) },
};

int session_totals_read(sd_bus_message *message, struct session_totals *ret)
{
	auto_session_totals totals = { 0 };
	int r = bus_dict_read(message, fields, G_N_ELEMENTS(fields), &totals);

	if (r < 0)
		return r;
	*ret = totals;
	totals = (struct session_totals){ 0 };
	return 0;
}

bool session_totals_unsafe(const struct session_totals *totals)
{
	return totals->unsynced || (totals->disk_error && *totals->disk_error);
}

void session_totals_clear(struct session_totals *totals)
{
	g_clear_pointer(&totals->name, g_free);
	g_clear_pointer(&totals->path, g_free);
	g_clear_pointer(&totals->disk_error, g_free);
}

void totals_session(struct output *output, uint64_t id, const char *name)
{
	output_text(output, "session ");
	output_number(output, id);
	if (name && *name) {
		output_text(output, " \"");
		output_escaped(output, name, strlen(name));
		output_char(output, '"');
	}
}

static void number_text(struct output *output, const char *before, uint64_t value)
{
	output_text(output, before);
	output_number(output, value);
}

static void reasons_text(struct output *output, const struct dictionary_totals *totals)
{
	const char *separator = " (";

	for (uint32_t i = 0; i < LOSS_REASONS; i++) {
		if (totals->lost_by[i] == 0)
			continue;
		output_text(output, separator);
		output_text(output, loss_reason_name(i));
		number_text(output, " ", totals->lost_by[i]);
		separator = ", ";
	}
	if (*separator == ',')
		output_char(output, ')');
}

void totals_text(struct output *output, const struct dictionary_totals *totals)
{
	const char *why = session_end_text(totals->end);

	number_text(output, "matched ", totals->matched);
	number_text(output, " = journaled ", totals->journaled);
	number_text(output, " + lost ", totals->lost);
	reasons_text(output, totals);
	number_text(output, " + suppressed ", totals->suppressed);
	number_text(output, " + pending ", totals->pending);
	if (why) {
		output_text(output, "; ");
		output_text(output, why);
	}
}

void session_totals_text(struct output *output, const struct session_totals *totals)
{
	totals_session(output, totals->id, totals->name);
	output_text(output, ": ");
	totals_text(output, &totals->totals);
	if (totals->path && *totals->path) {
		output_text(output, "; journal ");
		output_escaped(output, totals->path, strlen(totals->path));
	}
	if (totals->unsynced) {
		char size[AMOUNT_SIZE];

		output_text(output, "; ");
		output_text(output, amount_bytes(totals->unsynced, size));
		output_text(output, " not yet on the disk: it does not answer");
	}
	if (totals->disk_error && *totals->disk_error) {
		output_text(output, "; disk error: ");
		output_escaped(output, totals->disk_error, strlen(totals->disk_error));
	}
	output_char(output, '\n');
}
