/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the reading verbs have in common: journals, which of their events are wanted, and a line that
 * tells how far they have come. Owned by the command that reads, as are the parts.
 */
#ifndef NFTTRACED_CLIENT_READ_READING_H
#define NFTTRACED_CLIENT_READ_READING_H

#include "client/read/event-filter.h"
#include "client/read/journal-set.h"
#include "client/terminal/progress.h"

struct reading {
	struct journal_set *journals;
	const struct event_filter *filter; /* NULL: every event */
	struct progress progress;
	unsigned int records; /* since the progress was told */
};

/* A reading of `journals`; `progress` as for progress_begin. */
void reading_begin(struct reading *reading, struct journal_set *journals,
	const struct event_filter *filter, int progress);

/* The next record that is wanted; as journal_set_next. Erases the progress line where there is none. */
int reading_next(struct reading *reading, struct journal_set_record *ret);

/* "PATH can't be read further: ..." for what reading_next returned; g_free it. */
char *reading_failure(char *const *sources, unsigned int journal, int error);

#endif
