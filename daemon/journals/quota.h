/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JournalsSize: all journals together keep within so many bytes. Segments of ended sessions' journals go,
 * those of the session that ended first first, the oldest first; what runs keeps within its own size. For
 * the worker. Keeps nothing.
 */
#ifndef NFTTRACED_DAEMON_JOURNALS_QUOTA_H
#define NFTTRACED_DAEMON_JOURNALS_QUOTA_H

#include <glib.h>
#include <stdint.h>

#include "daemon/journals/inventory.h"

struct quota_result {
	uint64_t segments, bytes; /* that went */
	uint64_t left; /* bytes of all journals that are there now */
};

/* `running` (uint64_t, any order) are ids of sessions whose journals are not touched; nor are those that
 * somebody else writes. The inventory is up to date, and is again afterwards. Negative errno, with what was
 * done until then in *ret. */
int quota_keep(struct inventory *inventory, const GArray *running, uint64_t size,
	struct quota_result *ret);

#endif
