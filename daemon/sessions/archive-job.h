/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is asked of the journals on disk: answered from the index, removed by the janitor, all
 * replies on the control thread. A session that runs is never touched.
 */
#ifndef NFTTRACED_DAEMON_SESSIONS_ARCHIVE_JOB_H
#define NFTTRACED_DAEMON_SESSIONS_ARCHIVE_JOB_H

#include "daemon/base/failure.h"
#include "daemon/journals/archive.h"
#include "daemon/journals/journal-index.h"

struct manager;

/* Journals in one reply. */
#define ARCHIVE_PAGE_MAX 512 /* of a page */
#define ARCHIVE_LIST_MAX 1024 /* of a list that has to be whole */

enum archive_action {
	ARCHIVE_LIST, /* those of `query` */
	ARCHIVE_REMOVE, /* the one with `id` */
	ARCHIVE_VACUUM, /* those beyond `limits` */
	ARCHIVE_PREVIEW, /* the same, but only says which they are */
};

struct archive_request {
	enum archive_action action;
	uint64_t id;
	struct journal_query query; /* its name (g_malloc) is taken over */
	struct archive_limits limits;

	/* What came of it. */
	GArray *journals; /* struct archive_journal: those of the query; or those that went, or would go */
	bool more; /* the query has more */
	uint64_t bytes; /* that were, or would be, freed */
	struct failure failure; /* with a reason: it could not be done */
};

/* On the control thread, exactly once; the request is freed after it. */
typedef void (*archive_reply)(void *context, const struct archive_request *request);

/* Does it; `request` is copied. May reply before it returns. */
void manager_archive(struct manager *manager, const struct archive_request *request,
	archive_reply reply, void *context);

#endif
