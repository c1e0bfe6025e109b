/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading journals; see reading.h. */
#include "client/read/reading.h"

#include "journal/base/escape.h"

/* How many records are read before the time is looked at. */
#define PROGRESS_RECORDS 4096

void reading_begin(struct reading *reading, struct journal_set *journals,
	const struct event_filter *filter, int progress)
{
	*reading = (struct reading){ .journals = journals, .filter = filter };
	progress_begin(&reading->progress, progress);
}

static void tell(struct reading *reading)
{
	uint64_t read, total;

	reading->records = 0;
	journal_set_progress(reading->journals, &read, &total);
	progress_update(&reading->progress, read, total);
}

static bool is_wanted(const struct reading *reading, const struct journal_set_record *record)
{
	return event_filter_record(
		reading->filter, journal_set_names(reading->journals, record->journal), record);
}

int reading_next(struct reading *reading, struct journal_set_record *ret)
{
	int r;

	do {
		r = journal_set_next(reading->journals, ret);
		if (++reading->records == PROGRESS_RECORDS)
			tell(reading);
	} while (r > 0 && !is_wanted(reading, ret));
	if (r <= 0)
		progress_end(&reading->progress);
	return r;
}

char *reading_failure(char *const *sources, unsigned int journal, int error)
{
	g_autofree char *source = text_escape_dup(sources[journal]);

	return g_strdup_printf("%s can't be read further: %s", source, g_strerror(-error));
}
