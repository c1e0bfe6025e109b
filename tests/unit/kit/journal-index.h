/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A journal index as the daemon has it, for tests of code that uses it. One at a time. */
#ifndef NFTTRACED_TESTS_UNIT_KIT_JOURNAL_INDEX_H
#define NFTTRACED_TESTS_UNIT_KIT_JOURNAL_INDEX_H

#include <glib.h>

#include "daemon/journals/state-directory.h"

struct manager;

/* The directory is borrowed. */
void index_kit_begin(const struct state_directory *state);

/* The manager that the index belongs to: it has an event loop and sessions, and no more. */
struct manager *index_kit_manager(void);

/* Waits until the index is up to date; returns all journals as struct archive_journal, the caller
 * unrefs it. `running`: ids of sessions that run, as uint64_t. */
GArray *index_kit_journals(const GArray *running);

/* Reports that these journals (uint64_t) were changed. */
void index_kit_changed(const GArray *ids);

/* Ends the index while a caller waits for it; returns the error that the caller gets. index_kit_end
 * follows. */
int index_kit_end_awaited(void);

void index_kit_end(void);

#endif
