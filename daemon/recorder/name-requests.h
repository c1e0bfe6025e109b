/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notes of what is new in a session's journal: rules, stack addresses and network namespaces that its
 * current segment has not told of yet. The data thread takes them, with a few instructions for what is
 * not new, and the name writer reads them. A note that finds no room is counted, and taken again with the
 * next event that mentions the same.
 */
#ifndef NFTTRACED_DAEMON_RECORDER_NAME_REQUESTS_H
#define NFTTRACED_DAEMON_RECORDER_NAME_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#define NOTES_MAX 1024 /* that wait for the name writer */

#define NOTES_SESSION_BYTES (64U << 10) /* of memory that a session takes */

enum note_kind {
	NOTE_RULE = 1,
	NOTE_SYMBOL,
	NOTE_NETNS,
};

/* All of it is compared: no padding. */
struct note {
	uint64_t generation; /* of the session that had the bit */
	uint64_t segment; /* of its journal */
	uint64_t cookie; /* of the namespace; 0 for a symbol */
	uint64_t table; /* handles; 0 if it is no rule */
	uint64_t rule;
	uint64_t address; /* 0 if it is no symbol */
	uint32_t inode;
	uint8_t family;
	uint8_t kind; /* enum note_kind */
	uint8_t bit;
	uint8_t reserved;
};

struct notes;

int notes_new(struct notes **ret);

/* The data thread's. */

/* The bit is a session's from now on, or nobody's: nothing of it has been told. */
void notes_begin(struct notes *notes, unsigned int bit, uint64_t generation);
void notes_end(struct notes *notes, unsigned int bit);

/* The journal of the session goes on in that segment: in another one, all is new again. */
void notes_segment(struct notes *notes, unsigned int bit, uint64_t segment);

/* Notes what is new in a record for the sessions `bits`. */
void notes_event(struct notes *notes, uint64_t bits, const void *record, uint32_t size);

/* Wakes the name writer if there was anything new since the last call. */
void notes_wake(struct notes *notes);

/* The name writer's. */

/* An eventfd, readable when notes_wake had reason to. */
int notes_fd(const struct notes *notes);

/* The next note; false: there is none. */
bool notes_take(struct notes *notes, struct note *ret);

/* Addresses mean something else from now on: all are new again. */
void notes_renew_symbols(struct notes *notes);

/* Any thread's: how many were taken by the data thread, and by the name writer; and found no room. */
uint64_t notes_written(const struct notes *notes);
uint64_t notes_read(const struct notes *notes);
uint64_t notes_overflows(const struct notes *notes);

/* Accepts NULL; returns NULL. */
struct notes *notes_free(struct notes *notes);

#endif
