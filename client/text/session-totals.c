/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The books of a session; see session-totals.h. */
#include "client/text/session-totals.h"

#include <glib.h>
#include <stddef.h>

#include "client/bus/bus-dict.h"

static const struct variant_field fields[] = {
	{ "Id", VARIANT_NUMBER, offsetof(struct session_books, id) },
	{ "Name", VARIANT_STRING, offsetof(struct session_books, name) },
	{ "Path", VARIANT_STRING, offsetof(struct session_books, path) },
	{ "Matched", VARIANT_NUMBER, offsetof(struct session_books, books.matched) },
	{ "Journaled", VARIANT_NUMBER, offsetof(struct session_books, books.journaled) },
	{ "Lost", VARIANT_NUMBER, offsetof(struct session_books, books.lost) },
	{ "Suppressed", VARIANT_NUMBER, offsetof(struct session_books, books.suppressed) },
	{ "Pending", VARIANT_NUMBER, offsetof(struct session_books, books.pending) },
	{ "Unsynced", VARIANT_NUMBER, offsetof(struct session_books, unsynced) },
	{ "DiskError", VARIANT_STRING, offsetof(struct session_books, disk_error) },
	{ "LostBy", VARIANT_LOSSES, offsetof(struct session_books, books.lost_by) },
};

int session_books_read(sd_bus_message *message, struct session_books *ret)
{
	auto_session_books books = { 0 };
	int r = variant_read(message, fields, G_N_ELEMENTS(fields), &books);

	if (r < 0)
		return r;
	*ret = books;
	books = (struct session_books){ 0 };
	return 0;
}

bool session_books_unsafe(const struct session_books *books)
{
	return books->unsynced || (books->disk_error && *books->disk_error);
}

void session_books_clear(struct session_books *books)
{
	g_clear_pointer(&books->name, g_free);
	g_clear_pointer(&books->path, g_free);
	g_clear_pointer(&books->disk_error, g_free);
}

void books_session(struct output *output, uint64_t id, const char *name)
{
	output_text(output, "session ");
	output_number(output, id);
	if (name && *name) {
		output_text(output, " \"");
		output_escaped(output, name, strlen(name));
		output_char(output, '"');
	}
}

static void number(struct output *output, const char *before, uint64_t value)
{
	output_text(output, before);
	output_number(output, value);
}

static void reasons(struct output *output, const struct dictionary_books *books)
{
	const char *separator = " (";

	for (uint32_t i = 0; i < LOSS_REASONS; i++) {
		if (books->lost_by[i] == 0)
			continue;
		output_text(output, separator);
		output_text(output, loss_reason_name(i));
		number(output, " ", books->lost_by[i]);
		separator = ", ";
	}
	if (*separator == ',')
		output_char(output, ')');
}

void books_text(struct output *output, const struct dictionary_books *books)
{
	const char *why = session_end_text(books->end);

	number(output, "matched ", books->matched);
	number(output, " = journaled ", books->journaled);
	number(output, " + lost ", books->lost);
	reasons(output, books);
	number(output, " + suppressed ", books->suppressed);
	number(output, " + pending ", books->pending);
	if (why) {
		output_text(output, "; ");
		output_text(output, why);
	}
}

void session_books_text(struct output *output, const struct session_books *books)
{
	books_session(output, books->id, books->name);
	output_text(output, ": ");
	books_text(output, &books->books);
	if (books->path && *books->path) {
		output_text(output, "; journal ");
		output_escaped(output, books->path, strlen(books->path));
	}
	if (books->unsynced) {
		number(output, "; ", books->unsynced);
		output_text(output, " bytes not yet on the disk: it does not answer");
	}
	if (books->disk_error && *books->disk_error) {
		output_text(output, "; disk error: ");
		output_escaped(output, books->disk_error, strlen(books->disk_error));
	}
	output_char(output, '\n');
}
