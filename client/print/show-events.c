/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How show prints; see show-events.h. */
#include "client/print/show-events.h"

#include <errno.h>

#include "client/print/last-events.h"
#include "client/read/ordering.h"
#include "client/read/temp-file.h"

struct show {
	struct show_order order;
	struct journal_set *journals;
	struct printer *printer;
	struct ordering *ordering; /* one of these, or none: printed as it is read */
	struct last_events *last;
	bool events; /* one was read: all records from now on are ordered */
};

struct show *show_new(
	const struct show_order *order, struct journal_set *journals, struct printer *printer)
{
	const struct ordering_options options = {
		.journeys = order->journeys,
		.newest_first = order->newest_first,
		.last = order->last,
	};
	struct show *show = g_new0(struct show, 1);

	show->order = *order;
	show->journals = journals;
	show->printer = printer;
	if (order->journeys || (order->newest_first && order->last == UINT64_MAX))
		show->ordering = ordering_new(&options, order->memory);
	else if (order->last != UINT64_MAX)
		show->last = last_events_new(order->last);
	return show;
}

static int temporary_failed(int r, char **ret_reason)
{
	*ret_reason =
		g_strdup_printf("bringing events into order needs room in %s (or $TMPDIR): %s",
			temp_file_directory(), g_strerror(-r));
	return -EIO;
}

/* Records before the first event (start, settings) come first in every order. */
static int record_gather(struct show *show, const struct journal_set_record *record)
{
	show->events = show->events || record->entry.type == JOURNAL_EVENT;
	printer_note(show->printer, record);
	if (!show->events) {
		printer_print(show->printer, record, NULL);
		return 0;
	}
	if (show->ordering)
		return ordering_add(show->ordering, record);
	last_events_push(show->last, record);
	return 0;
}

int show_gather(struct show *show, unsigned int *ret_journal, char **ret_reason)
{
	struct journal_set_record record;
	int r;

	if (!show->ordering && !show->last)
		return 0;
	while ((r = journal_set_next(show->journals, &record)) > 0) {
		r = record_gather(show, &record);
		if (r < 0) {
			journal_set_end_progress(show->journals);
			return temporary_failed(r, ret_reason);
		}
	}
	if (r < 0)
		*ret_journal = record.journal;
	return r;
}

static int ordered_print(struct show *show, char **ret_reason)
{
	struct journal_set_record record;
	struct ordering_step step;
	int r = 0;

	while (show->printer->output->error == 0 &&
		(r = ordering_next(show->ordering, &record, &step)) > 0)
		printer_print(show->printer, &record, &step);
	return r < 0 ? temporary_failed(r, ret_reason) : 0;
}

static int all_print(struct show *show, unsigned int *ret_journal)
{
	struct journal_set_record record;
	int r = 0;

	while (show->printer->output->error == 0 &&
		(r = journal_set_next(show->journals, &record)) > 0)
		printer_print(show->printer, &record, NULL);
	if (r < 0)
		*ret_journal = record.journal;
	return r;
}

int show_print(struct show *show, unsigned int *ret_journal, char **ret_reason)
{
	if (show->ordering)
		return ordered_print(show, ret_reason);
	if (!show->last)
		return all_print(show, ret_journal);
	last_events_print(show->last, show->printer,
		show->order.newest_first ? LAST_EVENTS_NEWEST_FIRST : LAST_EVENTS_OLDEST_FIRST);
	return 0;
}

struct show *show_free(struct show *show)
{
	if (!show)
		return NULL;
	ordering_free(show->ordering);
	last_events_free(show->last);
	g_free(show);
	return NULL;
}
