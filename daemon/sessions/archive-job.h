/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests for the journals on disk: lists are answered from the index, removals are done by the
 * janitor. On the control thread. The journal of a running session is never removed.
 */
#ifndef NFTTRACED_DAEMON_SESSIONS_ARCHIVE_JOB_H
#define NFTTRACED_DAEMON_SESSIONS_ARCHIVE_JOB_H

#include "daemon/base/failure.h"
#include "daemon/journals/archive.h"
#include "daemon/journals/journal-index.h"

struct manager;

/* Journals in one reply. */
#define ARCHIVE_PAGE_MAX 512 /* in a page */
#define ARCHIVE_LIST_MAX 1024 /* in a list that is not split into pages */

enum archive_action {
	ARCHIVE_LIST, /* those of `query` */
	ARCHIVE_REMOVE, /* the journal with `id` */
	ARCHIVE_VACUUM, /* those beyond `limits` */
	ARCHIVE_PREVIEW, /* lists what ARCHIVE_VACUUM would remove */
};

struct archive_request {
	enum archive_action action;
	uint64_t id;
	struct journal_query query; /* its name (g_malloc) is taken over */
	struct archive_limits limits;

	/* The result. */
	GArray *journals; /* struct archive_journal: listed, removed, or to be removed */
	bool more; /* the list is not complete */
	uint64_t bytes; /* freed, or to be freed */
	struct failure failure; /* without a reason: success */
};

/* Called on the control thread, exactly once; the request is freed afterwards. */
typedef void (*archive_reply)(void *context, const struct archive_request *request);

/* Carries out the request, which is copied. May reply before it returns. */
void manager_archive(struct manager *manager, const struct archive_request *request,
	archive_reply reply, void *context);

#endif
