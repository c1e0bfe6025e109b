/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints the records of one or several journals to one output: a text renderer for each journal, since
 * what a record means depends on its journal's dictionaries. Owned by the command that prints, who also
 * owns the output.
 */
#ifndef NFTTRACED_CLIENT_PRINT_PRINTER_H
#define NFTTRACED_CLIENT_PRINT_PRINTER_H

#include <stdbool.h>

#include "client/read/journal-set.h"
#include "client/read/ordering.h"
#include "client/text/text.h"

struct printer {
	struct output *output;
	struct text *texts; /* one for each journal */
	unsigned int count;
	bool started; /* something was printed */
};

/* `journals`: how many there are. */
void printer_open(struct printer *printer, struct output *output, unsigned int journals,
	enum text_time time, enum text_colour colour);

/* Has the names of the journals, as many as it was opened for, shown beside numbers: see
 * text_use_names. */
void printer_use_libraries(
	struct printer *printer, const struct journal_set *journals, enum text_rules rules);

/* Has all journals printed in this form. Follows printer_use_library. */
void printer_use_form(struct printer *printer, enum text_form form);

/* Prints a record; `step` tells its place in a journey, NULL: journeys are not told. */
void printer_print(struct printer *printer, const struct journal_set_record *record,
	const struct ordering_step *step);

/* True if a journal said that events are missing, or is damaged. */
bool printer_incomplete(const struct printer *printer);

/* A loss that is not printed is one all the same. */
void printer_note(struct printer *printer, const struct journal_set_record *record);

/* Accepts a zeroed struct. */
void printer_close(struct printer *printer);

#define auto_printer __attribute__((cleanup(printer_close))) struct printer

#endif
