/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What show prints, and in which order; see show.h. */
#include "show.h"

#include "arrange.h"
#include "spool.h"
#include "tail.h"

/* What is told before the first event (who recorded, where, what) comes first in every order. */
static bool is_preamble(bool *seen, const struct journals_record *record)
{
	*seen = *seen || record->entry.type == JOURNAL_EVENT;
	return !*seen;
}

static int show_all(struct journals *journals, struct printer *printer, unsigned int *ret_journal)
{
	struct journals_record record;
	int r = 0;

	while (printer->output->error == 0 && (r = journals_next(journals, &record)) > 0)
		printer_print(printer, &record, NULL);
	if (r < 0)
		*ret_journal = record.journal;
	return r;
}

static int show_last(struct journals *journals, const struct show_order *order,
	struct printer *printer, unsigned int *ret_journal)
{
	struct tail *tail = tail_new(order->last);
	struct journals_record record;
	bool events = false;
	int r;

	while ((r = journals_next(journals, &record)) > 0) {
		bool preamble = is_preamble(&events, &record);

		printer_note(printer, &record);
		if (preamble || printer_learns(&record))
			printer_print(printer, &record, NULL);
		else
			tail_push(tail, &record);
	}
	if (r < 0)
		*ret_journal = record.journal;
	tail_print(tail, printer, order->newest_first ? TAIL_NEWEST_FIRST : TAIL_OLDEST_FIRST);
	tail_free(tail);
	return r;
}

static int temporary_failed(int r, char **ret_reason)
{
	*ret_reason =
		g_strdup_printf("bringing events into order needs room in %s (or $TMPDIR): %s",
			spool_directory(), g_strerror(-r));
	return r;
}

/* Gathers everything that has to be arranged. */
static int arrange_fill(struct arrange *arrange, struct journals *journals, struct printer *printer,
	unsigned int *ret_journal, char **ret_reason)
{
	struct journals_record record;
	bool events = false;
	int r;

	while ((r = journals_next(journals, &record)) > 0) {
		bool preamble = is_preamble(&events, &record);

		printer_note(printer, &record);
		if (preamble || printer_learns(&record)) {
			printer_print(printer, &record, NULL);
			continue;
		}
		r = arrange_add(arrange, &record);
		if (r < 0)
			return temporary_failed(r, ret_reason);
	}
	if (r < 0)
		*ret_journal = record.journal;
	return r;
}

static int show_arranged(struct journals *journals, const struct show_order *order,
	struct printer *printer, unsigned int *ret_journal, char **ret_reason)
{
	const struct arrange_order wanted = {
		.journeys = order->journeys,
		.newest_first = order->newest_first,
		.last = order->last,
	};
	struct arrange *arrange = arrange_new(&wanted, order->memory);
	struct journals_record record;
	struct arrange_step step;
	int r, filled;

	/* What could be read is shown, also when the rest could not. */
	filled = arrange_fill(arrange, journals, printer, ret_journal, ret_reason);
	r = *ret_reason ? filled : 0;
	while (r >= 0 && printer->output->error == 0) {
		r = arrange_next(arrange, &record, &step);
		if (r <= 0)
			break;
		printer_print(printer, &record, &step);
	}
	arrange_free(arrange);
	if (r < 0)
		return *ret_reason ? r : temporary_failed(r, ret_reason);
	return filled;
}

int show_journals(struct journals *journals, const struct show_order *order,
	struct printer *printer, unsigned int *ret_journal, char **ret_reason)
{
	if (order->journeys || (order->newest_first && order->last == UINT64_MAX))
		return show_arranged(journals, order, printer, ret_journal, ret_reason);
	if (order->last == UINT64_MAX)
		return show_all(journals, printer, ret_journal);
	return show_last(journals, order, printer, ret_journal);
}
