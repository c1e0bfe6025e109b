/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One session as the recorder thread sees it: its journal writer, what became of its records, and losses
 * that still want a record in the journal. Owned by the recorder thread; the atomics may be read by any.
 */
#ifndef NFTTRACED_DAEMON_RECORDER_SESSION_RECORDER_H
#define NFTTRACED_DAEMON_RECORDER_SESSION_RECORDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/recorder/balance.h"
#include "daemon/recorder/checkpoint.h"
#include "journal/reader/journal-tail.h"
#include "journal/writer/writer.h"

/* A session that gets a slot. */
struct recorder_session {
	uint64_t id;
	struct journal_writer *writer; /* taken over */
	uint64_t limit; /* events; 0: none */
	struct checkpoint_slot *checkpoint; /* where its totals are kept; NULL: nowhere */
	/* Of a session that goes on after another daemon; else NULL: what became of its records, and what
	 * its journal has that this does not tell of (taken over). */
	const struct checkpoint_entry *before;
	struct journal_tail *tail;
};

struct session_recorder {
	struct journal_writer *writer; /* NULL: no session */
	uint64_t limit;
	uint64_t staged; /* events that the writer took and has not written */
	uint64_t retry; /* ns, CLOCK_MONOTONIC: when a journal that stalled is tried again */
	enum loss_reason reason; /* why it stalled */
	uint64_t ring_full_seen; /* of the kernel's count: has its loss record */
	struct journal_loss losses[LOSS_REASONS]; /* wait for their record; `until` 0: none */
	struct checkpoint_slot *checkpoint; /* NULL: none */
	struct session_stats kernel_counts; /* the kernel's counts at the last tick */
	uint64_t next[RINGS_MAX]; /* of the rings: the checkpoint has what comes before */
	struct journal_tail tail; /* records that come again and are in the journal */

	_Atomic uint64_t journaled, disk_full, disk_error, over_limit;
	_Atomic uint64_t synced, unsynced; /* as in struct recorder_stored */
	_Atomic int error; /* the same; of the last write or, if that went well, the last sync */
	bool write_failed; /* the last one: not each event is tried */
	unsigned int sync_failures; /* in a row */
	bool resumed; /* nothing was synced since it went on: what was before is not known */
	_Atomic bool stalled; /* the last write or sync failed */
	_Atomic bool full; /* the limit is reached */
};

/* A session gets the slot. */
void session_recorder_begin(struct session_recorder *slot, struct recorder_session *tenant);

/* The session's last: gives the writer back. The counts stay. */
struct journal_writer *session_recorder_end(struct session_recorder *slot);

/* An event on its way to the sessions that matched it. */
struct recorder_event {
	const void *event;
	uint32_t size;
	uint16_t ring;
	uint32_t position;
	const struct journal_record
		*record; /* as the first that took it made it; NULL: nobody yet */
};

/* Other rings come, whose positions begin at 0. */
void session_recorder_rings_new(struct session_recorder *slot);

/* True if the journal has the record already, or the totals do. */
bool session_recorder_knows(struct session_recorder *slot, uint16_t ring, uint64_t position);

/* Keeps in the checkpoint what became of the records before `next`, by ring. */
void session_recorder_keep(
	struct session_recorder *slot, const uint64_t *next, unsigned int rings, uint64_t now);

/* Takes an event for the journal, or counts why not. True if `stalled` changed. */
bool session_recorder_event(struct session_recorder *slot, struct recorder_event *arrival);

/* Writes the events that were taken, and counts what became of them. True if `stalled` or `full`
 * changed. */
bool session_recorder_flush(struct session_recorder *slot);

/* What a sync of the journal gave: counts what it lost as lost. True if `stalled` changed. */
bool session_recorder_synced(
	struct session_recorder *slot, int error, const struct journal_unstored *unstored);

/* Merges a loss with what waits for a record in the journal; session_recorder_tick writes it. */
void session_recorder_loss(struct session_recorder *slot, const struct journal_loss *loss);

/* Writes the loss records that wait. True if `stalled` changed. */
bool session_recorder_tell(struct session_recorder *slot);

/*
 * Writes loss records: `kernel_counts` are the kernel's counts at `now`, `since` when they were last looked at.
 * True if `stalled` changed.
 */
bool session_recorder_tick(struct session_recorder *slot, const struct session_stats *kernel_counts,
	uint64_t since, uint64_t now);

/* What an error of a write or a sync, a negative errno, makes of events. */
enum loss_reason recorder_loss_reason(int error);

/* The counts as of now. */
void session_recorder_counts(const struct session_recorder *slot, struct recorder_counts *ret);

#endif
