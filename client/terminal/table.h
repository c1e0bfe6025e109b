/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of text: columns as wide on a terminal as their widest cell, two spaces between them.
 * Cells are escaped by the table. Owned by the command that prints it.
 */
#ifndef NFTTRACED_CLIENT_TERMINAL_TABLE_H
#define NFTTRACED_CLIENT_TERMINAL_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "journal/base/output.h"

enum table_align {
	TABLE_LEFT,
	TABLE_RIGHT,
};

struct table_column {
	const char *title;
	enum table_align align;
};

struct table;

/* A table with only its titles; `columns` must live as long as it does. */
struct table *table_new(const struct table_column *columns, size_t count);

/* Adds the next cell, in a new row when the last one is full. */
void table_text(struct table *table, const char *text);

/* Adds a cell with text that is escaped already. */
void table_escaped(struct table *table, const char *text);

void table_number(struct table *table, uint64_t number);

/* Appends the table to `output`, text escaped and columns as wide as their widest cell. */
void table_print(const struct table *table, struct output *output);

/* Accepts NULL; returns NULL. */
struct table *table_free(struct table *table);

#endif
