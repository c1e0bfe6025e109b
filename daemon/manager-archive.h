/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is asked of the journals on disk: done by the worker, answered on the control thread. A session
 * that runs is never touched.
 */
#ifndef NFTTRACED_MANAGER_ARCHIVE_H
#define NFTTRACED_MANAGER_ARCHIVE_H

#include "archive.h"
#include "manager.h"

enum archive_action {
	ARCHIVE_LIST, /* all */
	ARCHIVE_REMOVE, /* the one with `id` */
	ARCHIVE_VACUUM, /* those beyond `limits` */
	ARCHIVE_PREVIEW, /* the same, but only says which they are */
};

struct archive_request {
	enum archive_action action;
	uint64_t id;
	uint64_t owner; /* who asks wants to hear of this uid's only; ARCHIVE_UNLIMITED: of all */
	struct archive_limits limits;

	/* What came of it. */
	GArray *journals; /* struct archive_journal: all; or those that went, or would go */
	uint64_t bytes; /* that were, or would be, freed */
	struct failure failure; /* with a reason: it could not be done */
};

/* On the control thread, exactly once; the request is freed after it. */
typedef void (*archive_reply)(void *context, const struct archive_request *request);

/* Does it; `request` is copied. May reply before it returns. */
void manager_archive(struct manager *manager, const struct archive_request *request,
	archive_reply reply, void *context);

#endif
