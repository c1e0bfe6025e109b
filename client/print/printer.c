/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints journals; see printer.h. */
#include "client/print/printer.h"

#include <glib.h>

void printer_open(struct printer *printer, struct output *output, struct journal_set *journals,
	const struct print_form *form)
{
	unsigned int count = journal_set_count(journals);

	*printer = (struct printer){
		.output = output,
		.renderers = g_new0(struct renderer *, count),
		.count = count,
	};
	for (unsigned int i = 0; i < count; i++) {
		printer->renderers[i] =
			print_renderer_new(form, output, journal_set_names(journals, i));
		printer->renderers[i]->several = count > 1;
	}
}

void printer_print(struct printer *printer, const struct journal_set_record *record,
	const struct ordering_step *step)
{
	struct renderer *renderer = printer->renderers[record->journal];

	renderer->started = printer->started;
	if (step && step->tracked)
		renderer_render_step(renderer, &record->entry, step->number);
	else
		renderer_render(renderer, &record->entry);
	printer->started = renderer->started;
}

bool printer_incomplete(const struct printer *printer)
{
	for (unsigned int i = 0; i < printer->count; i++) {
		if (printer->renderers[i]->incomplete)
			return true;
	}
	return false;
}

void printer_note(struct printer *printer, const struct journal_set_record *record)
{
	if (record->entry.type == JOURNAL_LOSS)
		printer->renderers[record->journal]->incomplete = true;
}

void printer_close(struct printer *printer)
{
	for (unsigned int i = 0; i < printer->count; i++)
		renderer_free(printer->renderers[i]);
	g_clear_pointer(&printer->renderers, g_free);
	printer->count = 0;
}
