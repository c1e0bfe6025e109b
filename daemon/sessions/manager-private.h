/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of this folder: the manager's state. All of it is the control thread's,
 * except `ending`. */
#ifndef NFTTRACED_DAEMON_SESSIONS_MANAGER_PRIVATE_H
#define NFTTRACED_DAEMON_SESSIONS_MANAGER_PRIVATE_H

#include "daemon/base/worker.h"
#include "daemon/drops/drop-summary.h"
#include "daemon/filter/filter-queue.h"
#include "daemon/follow/follow.h"
#include "daemon/sessions/manager.h"
#include "daemon/sessions/status.h"

struct problem {
	char *text; /* a sentence with the remedy; NULL: there is none */
	char *public_text; /* without the names and filters of sessions */
};

struct manager {
	sd_event *event;
	const struct settings *settings; /* a reference; a reload replaces it */
	struct engine *engine;
	struct recorder *recorder;
	const struct state_directory *state_directory; /* of journals */
	struct manager_index *index; /* of the same journals: for lists, and for the quotas */
	struct compiler *compiler;
	/* Two threads, so that no start or stop waits for a disk: */
	struct worker *worker; /* changes the pipeline */
	struct worker *janitor; /* removes journals */
	struct follow *follow;
	struct configured *configured;
	struct reload *reload; /* main's; NULL: none yet */
	struct drop_summary *summary; /* NULL: drops are not counted */
	struct manager_observer observer;

	GPtrArray *sessions; /* of struct session, also while they start and stop */

	struct engine_status status;
	char *warning; /* of the engine; NULL: none */
	struct problem problems[PROBLEM_SOURCES];
	GString *problem; /* the result of manager_problem */

	sd_event_source *attention; /* of the recorder thread */

	/* JournalsSize and UserJournalSize. */
	bool users_seen; /* a user other than root had a session since the daemon started */
	int64_t quota_due; /* us, CLOCK_MONOTONIC: the next check */
	int64_t quota_verified; /* us, CLOCK_MONOTONIC: as in struct quota */
	bool quota_checking; /* a check is under way */
	bool quota_again; /* another one was wanted meanwhile */
	bool quota_exceeded; /* as of the last check, by the journals of running sessions alone */
	int quota_error; /* of the last check */
	uint64_t quota_segments; /* removed to stay within JournalsSize */
	uint64_t quota_journals; /* removed to stay within UserJournalSize */

	sd_event_source *handover_timer; /* tries again to hand the settings to the engine */
	sd_event_source *tend_timer; /* runs while there are sessions, or a warning */
	bool tending; /* its job is under way */
	sd_event_source *open_timer; /* tries again to open the pipeline */
	unsigned int open_tries;
	_Atomic bool ending; /* read by the worker, too */
};

#endif
