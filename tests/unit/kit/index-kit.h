/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A state directory of the test's own and the journal index of it as the daemon has it. One at a
 * time. */
#ifndef NFTTRACED_TESTS_UNIT_KIT_INDEX_KIT_H
#define NFTTRACED_TESTS_UNIT_KIT_INDEX_KIT_H

#include <glib.h>

#include "daemon/journals/state-directory.h"

struct manager;

extern struct index_kit {
	char *directory; /* its path */
	struct state_directory *state;
	GArray *running; /* uint64_t: the sessions that run, for the test to set */
} index_kit;

/* A checked fixture. */
void index_kit_set_up(void);
void index_kit_tear_down(void);

/* The manager that the index belongs to: it has an event loop and sessions, and no more. */
struct manager *index_kit_manager(void);

/* Waits until the index is up to date; returns all journals as struct archive_journal, the caller
 * unrefs it. */
GArray *index_kit_journals(void);

/* Reports that these journals (uint64_t) were changed. */
void index_kit_changed(const GArray *ids);

/* Ends the index while a caller waits for it; returns the error that the caller gets. index_kit_tear_down
 * follows. */
int index_kit_end_awaited(void);

#endif
