/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journals of running and ended sessions that the daemon lists. Failures are sentences. */
#ifndef NFTTRACED_CLIENT_BUS_JOURNAL_LIST_H
#define NFTTRACED_CLIENT_BUS_JOURNAL_LIST_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

struct archived {
	uint64_t id;
	uint64_t owner; /* uid */
	char *name; /* "" if it has none */
	bool running;
	uint64_t bytes;
	uint64_t started; /* us, CLOCK_REALTIME; 0: unknown */
	uint64_t ended; /* us: when it was last written */
	char *end_reason; /* session_end_name; NULL: unknown */
};

/* The remedy behind "there is no journal of ...". */
#define ARCHIVE_REMEDY ": 'nfttracectl list --all' lists all"

/* Which journals are wanted; zeroed: all. */
struct archive_filter {
	const char *name; /* of that name; NULL: any. UTF-8 */
	bool running; /* only of running sessions */
};

/* The journals that the caller may see, as an array of struct archived that owns them, by id. They
 * are read in pages: a journal that is added or removed meanwhile may be missing. */
int archive_list(
	sd_bus *bus, const struct archive_filter *filter, GPtrArray **ret, char **ret_reason);

/* The journal with that id, or NULL. Accepts NULL. */
const struct archived *archive_find(const GPtrArray *journals, uint64_t id);

/* The id of an ended session by its id or its name, the latest if several had it; the caller's own
 * before those of others. -ESRCH if there is no such session. */
int archive_resolve(sd_bus *bus, const char *id_or_name, uint64_t *ret_id, char **ret_reason);

#endif
