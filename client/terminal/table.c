/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of text; see table.h. */
#include "client/terminal/table.h"

#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>

#include "client/terminal/terminal.h"
#include "journal/base/escape.h"

struct table {
	const struct table_column *columns;
	size_t count;
	size_t *widths;
	GPtrArray *cells; /* of char *, row by row */
};

struct table *table_new(const struct table_column *columns, size_t count)
{
	struct table *table = g_new0(struct table, 1);

	table->columns = columns;
	table->count = count;
	table->widths = g_new0(size_t, count);
	table->cells = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; i < count; i++)
		table_text(table, columns[i].title);
	return table;
}

/* Takes over the cell. */
static void cell_add(struct table *table, char *cell)
{
	size_t column = table->cells->len % table->count;
	size_t width = terminal_width(cell);

	table->widths[column] = MAX(table->widths[column], width);
	g_ptr_array_add(table->cells, cell);
}

void table_text(struct table *table, const char *text)
{
	cell_add(table, text_escape_dup(text));
}

void table_escaped(struct table *table, const char *text)
{
	cell_add(table, g_strdup(text));
}

void table_number(struct table *table, uint64_t number)
{
	g_autofree char *text = g_strdup_printf("%" PRIu64, number);

	table_text(table, text);
}

static void print_spaces(struct output *output, size_t spaces)
{
	for (size_t i = 0; i < spaces; i++)
		output_char(output, ' ');
}

static void print_cell(const struct table *table, struct output *output, size_t index)
{
	size_t column = index % table->count;
	const char *cell = g_ptr_array_index(table->cells, index);
	size_t spaces = table->widths[column] - terminal_width(cell);
	bool last = column + 1 == table->count;

	if (table->columns[column].align == TABLE_RIGHT)
		print_spaces(output, spaces);
	output_text(output, cell);
	if (table->columns[column].align == TABLE_LEFT && !last)
		print_spaces(output, spaces);
	output_text(output, last ? "\n" : "  ");
}

void table_print(const struct table *table, struct output *output)
{
	for (size_t i = 0; i < table->cells->len; i++)
		print_cell(table, output, i);
}

struct table *table_free(struct table *table)
{
	if (!table)
		return NULL;
	g_ptr_array_unref(table->cells);
	g_free(table->widths);
	g_free(table);
	return NULL;
}
