/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl list: the sessions as a table: running ones and, with --all, ended ones. */
#include <unistd.h>

#include "client/bus/daemon-bus.h"
#include "client/bus/hidden.h"
#include "client/bus/journal-list.h"
#include "client/bus/sessions.h"
#include "client/commands/command.h"
#include "client/terminal/table.h"
#include "journal/base/amounts.h"
#include "journal/format/session-end.h"

#define SIZES_WAIT_USEC (2 * UINT64_C(1000000)) /* to wait for the sizes of journals */

static const struct table_column columns[] = {
	{ "ID", TABLE_RIGHT },
	{ "NAME", TABLE_LEFT },
	{ "STATE", TABLE_LEFT },
	{ "VERDICTS", TABLE_LEFT },
	{ "MATCHED", TABLE_RIGHT },
	{ "JOURNALED", TABLE_RIGHT },
	{ "LOST", TABLE_RIGHT },
	{ "SIZE", TABLE_RIGHT },
	{ "SINCE", TABLE_LEFT },
	{ "FILTER", TABLE_LEFT },
};

struct listing {
	GPtrArray *sessions; /* struct session */
	GPtrArray *journals; /* struct archived; NULL: unknown */
	struct hidden hidden; /* of other users */
	bool all;
};

static void listing_clear(struct listing *listing)
{
	g_clear_pointer(&listing->sessions, g_ptr_array_unref);
	g_clear_pointer(&listing->journals, g_ptr_array_unref);
}

static void add_since(struct table *table, uint64_t usec)
{
	g_autoptr(GDateTime) since =
		usec ? g_date_time_new_from_unix_local((gint64)(usec / G_USEC_PER_SEC)) : NULL;
	g_autofree char *text = since ? g_date_time_format(since, "%Y-%m-%d %H:%M:%S") : NULL;

	table_text(table, text ? text : "-");
}

static void add_size(struct table *table, const struct archived *journal)
{
	char size[AMOUNT_SIZE];

	table_text(table, journal ? amount_bytes(journal->bytes, size) : "-");
}

static void add_session(
	struct table *table, const struct session *session, const struct archived *journal)
{
	g_autofree char *verdicts = g_strjoinv(",", session->verdicts);

	table_number(table, session->id);
	table_text(table, *session->name ? session->name : "-");
	table_text(table, session->state);
	table_text(table, verdicts);
	table_number(table, session->matched);
	table_number(table, session->journaled);
	table_number(table, session->lost);
	add_size(table, journal);
	add_since(table, session->started);
	table_text(table, *session->filter ? session->filter : "-");
}

/* "ended", with the reason unless it was stopped by hand. One word, for programs. */
static char *ended_state(const struct archived *journal)
{
	enum session_end end = session_end_of_name(journal->end_reason);

	return session_end_text(end) ? g_strdup_printf("ended:%s", session_end_name(end))
				     : g_strdup("ended");
}

/* The counts of an ended session are in its journal only: see stats. */
static void add_ended(struct table *table, const struct archived *journal)
{
	static const char *const unknown[] = { "-", "-", "-", "-" };
	g_autofree char *state = ended_state(journal);

	table_number(table, journal->id);
	table_text(table, *journal->name ? journal->name : "-");
	table_text(table, state);
	for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++)
		table_text(table, unknown[i]);
	add_size(table, journal);
	add_since(table, journal->started);
	table_text(table, "-");
}

static int print_table(const struct listing *listing)
{
	struct table *table = table_new(columns, G_N_ELEMENTS(columns));
	auto_output output = { 0 };

	for (unsigned int i = 0; listing->all && i < listing->journals->len; i++) {
		const struct archived *journal = g_ptr_array_index(listing->journals, i);

		if (!journal->running)
			add_ended(table, journal);
	}
	for (unsigned int i = 0; i < listing->sessions->len; i++) {
		const struct session *session = g_ptr_array_index(listing->sessions, i);

		add_session(table, session, archive_find(listing->journals, session->id));
	}
	output_open(&output, STDOUT_FILENO);
	table_print(table, &output);
	table_free(table);
	return command_finish(&output, EXIT_DONE);
}

static void print_name(struct output *output, uint64_t id, const char *name)
{
	output_number(output, id);
	output_char(output, '\n');
	if (!*name)
		return;
	output_escaped(output, name, strlen(name));
	output_char(output, '\n');
}

static int print_names(const struct listing *listing)
{
	auto_output output = { 0 };

	output_open(&output, STDOUT_FILENO);
	for (unsigned int i = 0; listing->all && i < listing->journals->len; i++) {
		const struct archived *journal = g_ptr_array_index(listing->journals, i);

		if (!journal->running)
			print_name(&output, journal->id, journal->name);
	}
	for (unsigned int i = 0; i < listing->sessions->len; i++) {
		const struct session *session = g_ptr_array_index(listing->sessions, i);

		print_name(&output, session->id, session->name);
	}
	return command_finish(&output, EXIT_DONE);
}

/* Sizes that can't be read are left out, unless the journals are asked for. */
static int listing_read(struct listing *listing, bool sizes, char **ret_reason)
{
	const struct archive_filter filter = { .running = !listing->all };
	g_autofree char *reason = NULL;
	auto_bus *bus = NULL;
	int r = bus_connect(&bus, ret_reason);

	if (r >= 0)
		r = session_list(bus, &listing->sessions, ret_reason);
	/* --names does not print it. */
	if (r >= 0 && sizes)
		listing->hidden = hidden_read(bus);
	if (r < 0 || !(sizes || listing->all))
		return r;
	/* They are read from a disk, which may be busy: sessions are listed without them. */
	if (!listing->all)
		bus_limit_wait(SIZES_WAIT_USEC);
	r = archive_list(bus, &filter, &listing->journals, &reason);
	if (r < 0 && listing->all) {
		*ret_reason = g_steal_pointer(&reason);
		return r;
	}
	return 0;
}

int command_list(const struct command *command, int argc, char **argv)
{
	__attribute__((cleanup(listing_clear))) struct listing listing = { 0 };
	gboolean all = FALSE, names = FALSE;
	const GOptionEntry entries[] = {
		{ "all", 'a', 0, G_OPTION_ARG_NONE, &all,
			"Include ended sessions whose journals still exist", NULL },
		{ "names", 0, 0, G_OPTION_ARG_NONE, &names, "Print ids and names only, a line each",
			NULL },
		{ 0 },
	};
	g_autofree char *reason = NULL;
	int status;

	if (!command_options(command, entries, argc, argv))
		return EXIT_USAGE;
	listing.all = all;
	if (listing_read(&listing, !names, &reason) < 0)
		return command_failed(reason);
	if (names)
		return print_names(&listing);
	status = print_table(&listing);
	if (all)
		hidden_report(listing.hidden.journals, "journal");
	else
		hidden_report(listing.hidden.sessions, "session");
	return status;
}
