/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints journals; see printer.h. */
#include "client/print/printer.h"

#include <glib.h>

void printer_open(struct printer *printer, struct output *output, unsigned int journals,
	enum text_time time, enum text_colour colour)
{
	*printer = (struct printer){
		.output = output,
		.texts = g_new0(struct text, journals),
		.count = journals,
	};
	for (unsigned int i = 0; i < journals; i++) {
		text_open(&printer->texts[i], output, time, colour);
		printer->texts[i].several = journals > 1;
	}
}

void printer_use_libraries(
	struct printer *printer, const struct journal_set *journals, enum text_rules rules)
{
	for (unsigned int i = 0; i < printer->count; i++)
		text_use_names(&printer->texts[i], journal_set_names(journals, i), rules);
}

void printer_use_form(struct printer *printer, enum text_form form)
{
	for (unsigned int i = 0; i < printer->count; i++)
		text_use_form(&printer->texts[i], form);
}

void printer_print(struct printer *printer, const struct journal_set_record *record,
	const struct ordering_step *step)
{
	struct text *text = &printer->texts[record->journal];

	text->started = printer->started;
	if (step && step->tracked)
		text_render_step(text, &record->entry, step->number);
	else
		text_render(text, &record->entry);
	printer->started = text->started;
}

bool printer_incomplete(const struct printer *printer)
{
	for (unsigned int i = 0; i < printer->count; i++) {
		if (printer->texts[i].incomplete)
			return true;
	}
	return false;
}

void printer_note(struct printer *printer, const struct journal_set_record *record)
{
	if (record->entry.type == JOURNAL_LOSS)
		printer->texts[record->journal].incomplete = true;
}

void printer_close(struct printer *printer)
{
	for (unsigned int i = 0; i < printer->count; i++)
		text_close(&printer->texts[i]);
	g_clear_pointer(&printer->texts, g_free);
	printer->count = 0;
}
