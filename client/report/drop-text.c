/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drop counters as text; see drop-text.h. */
#include "client/report/drop-text.h"

#include <string.h>

#include "client/terminal/table.h"
#include "client/terminal/terminal.h"
#include "journal/base/amounts.h"
#include "journal/base/clock.h"

static const struct table_column wide_columns[] = {
	{ "PACKETS", TABLE_RIGHT },
	{ "BYTES", TABLE_RIGHT },
	{ "LAST", TABLE_LEFT },
	{ "WHERE", TABLE_LEFT },
	{ "RULE", TABLE_LEFT },
	{ "LAST PACKET", TABLE_LEFT },
};

static const struct table_column narrow_columns[] = {
	{ "PACKETS", TABLE_RIGHT },
	{ "BYTES", TABLE_RIGHT },
	{ "LAST", TABLE_LEFT },
	{ "WHERE, RULE, LAST PACKET", TABLE_LEFT },
};

void drop_place_text(const struct drop *drop, GString *text)
{
	g_string_append_printf(text, "%s %s %s", drop->family, drop->table, drop->chain);
	if (drop->policy)
		g_string_append(text, " policy");
	else
		g_string_append_printf(text, " handle %" G_GUINT64_FORMAT, drop->handle);
	if (drop->netns || drop->netns_gone) {
		g_string_append(text, " in netns ");
		drop_netns_text(drop, text);
	}
}

/* "3 s ago"; a clock that was set back makes it now. */
static void add_age(struct table *table, const struct drop *drop, uint64_t now)
{
	uint64_t age = now > drop->last ? now - drop->last : 0;
	char span[AMOUNT_SIZE];
	g_autofree char *text = NULL;

	text = g_strconcat(amount_duration(age - age % G_USEC_PER_SEC, span), " ago", NULL);
	table_text(table, drop->last == 0 ? "-" : text);
}

static void add_numbers(struct table *table, const struct drop *drop, uint64_t now)
{
	char size[AMOUNT_SIZE];

	table_number(table, drop->packets);
	table_text(table, amount_bytes(drop->bytes, size));
	add_age(table, drop, now);
}

static void add_wide(struct table *table, const struct drop *drop, uint64_t now)
{
	g_autoptr(GString) place = g_string_new(NULL);

	drop_place_text(drop, place);
	add_numbers(table, drop, now);
	table_escaped(table, place->str);
	table_escaped(table, drop->rule ? drop->rule : "-");
	table_escaped(table, drop->example ? drop->example : "-");
}

/* A line of the same counter. */
static void add_further(struct table *table, const char *text)
{
	if (!text)
		return;
	for (size_t i = 0; i + 1 < G_N_ELEMENTS(narrow_columns); i++)
		table_text(table, "");
	table_escaped(table, text);
}

static void add_narrow(struct table *table, const struct drop *drop, uint64_t now)
{
	g_autoptr(GString) place = g_string_new(NULL);

	drop_place_text(drop, place);
	add_numbers(table, drop, now);
	table_escaped(table, place->str);
	add_further(table, drop->rule);
	add_further(table, drop->example);
}

static char *table_wide(const struct drop_list *list, uint64_t now)
{
	struct table *table = table_new(wide_columns, G_N_ELEMENTS(wide_columns));
	auto_output output = { 0 };

	for (unsigned int i = 0; i < list->drops->len; i++)
		add_wide(table, g_ptr_array_index(list->drops, i), now);
	output_open(&output, OUTPUT_MEMORY);
	table_print(table, &output);
	table_free(table);
	return output_steal(&output);
}

static void print_narrow(const struct drop_list *list, uint64_t now, struct output *output)
{
	struct table *table = table_new(narrow_columns, G_N_ELEMENTS(narrow_columns));

	for (unsigned int i = 0; i < list->drops->len; i++)
		add_narrow(table, g_ptr_array_index(list->drops, i), now);
	table_print(table, output);
	table_free(table);
}

static bool lines_fit(const char *text, size_t columns)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		if (terminal_width(*line) > columns)
			return false;
	}
	return true;
}

void drop_totals_text(const struct drop_list *list, GString *text)
{
	char count[AMOUNT_SIZE], size[AMOUNT_SIZE];

	g_string_append_printf(text, "total %s (%s)", amount_count(list->packets, "packet", count),
		amount_bytes(list->bytes, size));
	g_string_append_printf(text, ", uncounted %" G_GUINT64_FORMAT, list->uncounted);
	if (list->missed == DROP_MISSED_UNKNOWN)
		g_string_append(text, ", missed unknown: not reported by this kernel");
	else
		g_string_append_printf(text, ", missed %" G_GUINT64_FORMAT, list->missed);
}

void drop_text_print(
	const struct drop_list *list, uint64_t now, size_t columns, struct output *output)
{
	g_autofree char *wide = table_wide(list, now);
	g_autoptr(GString) totals = g_string_new(NULL);
	char count[AMOUNT_SIZE];

	if (list->drops->len == 0)
		output_text(output, list->others > 0 ? "no drops match\n" : "no drops\n");
	else if (columns == DROP_COLUMNS_ANY || lines_fit(wide, columns))
		output_text(output, wide);
	else
		print_narrow(list, now, output);
	if (list->others > 0)
		g_string_append_printf(
			totals, "%s not shown; ", amount_count(list->others, "other rule", count));
	drop_totals_text(list, totals);
	output_text(output, totals->str);
	output_char(output, '\n');
	if (list->uncounted > 0)
		output_text(output,
			"uncounted are packets of more rules than DropCountersMax= has room for\n");
}
