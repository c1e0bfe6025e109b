/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Printing: journals to an output. A printer has a renderer for each journal, because the meaning of
 * a record depends on its journal's dictionaries. show-events.h brings records into order before
 * they are printed, follow-stream.h renders them as they come. Only style.h knows which form the
 * renderers have.
 *
 * Owned by the command that prints, as is the output; one thread. Printing does not fail: the
 * output keeps its error.
 */
#ifndef NFTTRACED_CLIENT_PRINT_PRINTER_H
#define NFTTRACED_CLIENT_PRINT_PRINTER_H

#include <stdbool.h>

#include "client/print/style.h"
#include "client/read/journal-set.h"
#include "client/read/ordering.h"
#include "journal/reader/renderer.h"

struct printer {
	struct output *output;
	struct renderer **renderers; /* one for each journal */
	unsigned int count;
	bool started; /* something was printed */
};

/* For all journals of the set, which outlives the printer. */
void printer_open(struct printer *printer, struct output *output, struct journal_set *journals,
	const struct print_form *form);

/* Prints a record; `step` is its place in a journey, NULL: records are not in order of journeys. */
void printer_print(struct printer *printer, const struct journal_set_record *record,
	const struct ordering_step *step);

/* True if a journal said that events are missing, or is damaged. */
bool printer_incomplete(const struct printer *printer);

/* Counts the losses of a record that may not be printed. */
void printer_note(struct printer *printer, const struct journal_set_record *record);

/* Accepts a zeroed struct. */
void printer_close(struct printer *printer);

#define auto_printer __attribute__((cleanup(printer_close))) struct printer

#endif
