/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One sync of a journal: the files whose bytes must reach the disk, and the directory if names in
 * it changed. The writer makes it, a thread that may wait for the disk runs it, and the writer
 * evaluates it. Shared by references; until journal_sync_done only the thread that runs it accesses
 * its members.
 */
#ifndef NFTTRACED_JOURNAL_WRITER_SYNC_H
#define NFTTRACED_JOURNAL_WRITER_SYNC_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum sync_result {
	SYNC_STORED, /* on the disk, or removed meanwhile */
	SYNC_SKIPPED, /* unknown: try again */
	SYNC_FAILED, /* the disk reported an error: bytes written since the last sync may be lost */
};

struct sync_file {
	uint64_t number; /* of the segment */
	/* Duplicate of the writer's, which reports each error once; -1: opened by its name. */
	int fd;
	enum sync_result result;
};

struct journal_sync;

/* A sync of the directory `dir_fd`, which is duplicated, without files. NULL and errno. */
struct journal_sync *journal_sync_new(int dir_fd, bool names);

/* Adds the segment `number`. `fd` is duplicated; -1: the file is opened by its name. Negative
 * errno. */
int journal_sync_add(struct journal_sync *sync, uint64_t number, int fd);

/* Waits for the disk. Does nothing if it was run. */
void journal_sync_run(struct journal_sync *sync);

/* True if it was run: the functions below may be called then. */
bool journal_sync_done(const struct journal_sync *sync);

/* The files with their results, as struct sync_file. */
const GArray *journal_sync_files(const struct journal_sync *sync);

/* True if names were to be synced and are. */
bool journal_sync_has_names(const struct journal_sync *sync);

/* The first failure, negative errno; 0: none. */
int journal_sync_error(const struct journal_sync *sync);

struct journal_sync *journal_sync_ref(struct journal_sync *sync);

/* Accepts NULL; returns NULL. */
struct journal_sync *journal_sync_unref(struct journal_sync *sync);

#endif
