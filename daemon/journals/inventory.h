/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inventory: how much each journal has on disk, whose it is, and when it was written last, so that
 * nobody has to look through all of them to keep them within their limits. It is read once, at the
 * first look; from then on inotify tells which journals come and go, whoever makes or removes them, and
 * only those that run are measured. For the worker; 32 bytes a journal.
 */
#ifndef NFTTRACED_DAEMON_JOURNALS_INVENTORY_H
#define NFTTRACED_DAEMON_JOURNALS_INVENTORY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/journals/state-directory.h"

struct inventory_journal {
	uint64_t id; /* 0: it has gone; inventory_sweep takes it out */
	uint64_t bytes; /* of its segments, on disk */
	uint64_t ended; /* us, CLOCK_REALTIME: when something was written last */
	uint64_t owner; /* uid; ARCHIVE_UNLIMITED: it does not say, or nobody wanted to know */
};

enum inventory_depth {
	INVENTORY_SIZES, /* owners are not looked for */
	INVENTORY_OWNERS,
};

struct inventory {
	const struct state_directory *state;
	int fd; /* inotify's; -1: none */
	bool read; /* all that was there */
	enum inventory_depth depth; /* of what was read */
	int64_t read_at; /* us, CLOCK_MONOTONIC */
	GArray *ended; /* struct inventory_journal, what ended first first: nobody writes them */
	GArray *others; /* those that run or may have just begun: measured at each look */
};

struct inventory *inventory_new(const struct state_directory *state);

/*
 * Brings it up to date. `running` (uint64_t, any order) are ids of sessions that run; those that
 * somebody else writes are taken for running, too. Negative errno.
 */
int inventory_look(struct inventory *inventory, const GArray *running, enum inventory_depth depth);

/* Before anything is removed: what was read long ago is read again, in case somebody took files out of
 * journals. Negative errno. */
int inventory_verify(struct inventory *inventory, const GArray *running);

/* Bytes of all journals. */
uint64_t inventory_bytes(const struct inventory *inventory);

/* Takes out those that have gone. */
void inventory_sweep(struct inventory *inventory);

/* Accepts NULL; returns NULL. */
struct inventory *inventory_free(struct inventory *inventory);

#endif
